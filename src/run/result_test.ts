import { assertEquals } from "@std/assert";
import { addUsage, NO_USAGE, reportUsage, type Usage } from "./result.ts";

const FIRST: Usage = {
  inputTokens: 100,
  cachedInputTokens: 20,
  outputTokens: 10,
  reasoningTokens: 5,
};
const SECOND: Usage = {
  inputTokens: 130,
  cachedInputTokens: 90,
  outputTokens: 8,
  reasoningTokens: 1,
};

Deno.test("addUsage() sums every count", () => {
  assertEquals(addUsage(FIRST, SECOND), {
    inputTokens: 230,
    cachedInputTokens: 110,
    outputTokens: 18,
    reasoningTokens: 6,
  });
  assertEquals(addUsage(FIRST, NO_USAGE), FIRST);
  assertEquals(addUsage(FIRST, SECOND), addUsage(SECOND, FIRST));
});

Deno.test("reportUsage() takes the last prompt and sums outputs", () => {
  assertEquals(reportUsage(FIRST, { usage: SECOND }), {
    inputTokens: 130,
    cachedInputTokens: 90,
    outputTokens: 18,
    reasoningTokens: 6,
  });
  assertEquals(reportUsage(NO_USAGE, { usage: FIRST }), FIRST);
});

Deno.test("reportUsage() keeps the prompt over calls of runs inside", () => {
  assertEquals(reportUsage(FIRST, { usage: SECOND, inner: true }), {
    inputTokens: 100,
    cachedInputTokens: 20,
    outputTokens: 18,
    reasoningTokens: 6,
  });
  assertEquals(reportUsage(NO_USAGE, { usage: FIRST, inner: true }).inputTokens, 0);
});
