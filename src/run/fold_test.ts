import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { RunEvent } from "./event.ts";
import { Fold, fold } from "./fold.ts";
import { GrammarError } from "./grammar.ts";
import type { Usage } from "./result.ts";

async function* stream(events: readonly RunEvent[]): AsyncGenerator<RunEvent> {
  yield* events;
}

function text(...deltas: string[]): RunEvent[] {
  return [
    { type: "text-start" },
    ...deltas.map((text): RunEvent => ({ type: "text-delta", text })),
    { type: "text-end" },
  ];
}

function usage(inputTokens: number, outputTokens: number, rest: Partial<Usage> = {}): RunEvent {
  return {
    type: "usage",
    usage: { inputTokens, outputTokens, cachedInputTokens: 0, reasoningTokens: 0, ...rest },
  };
}

const STOP: RunEvent = { type: "finish", reason: "stop" };

Deno.test("fold() joins the deltas of a text and separates texts by a blank line", async () => {
  const result = await fold(stream([...text("Look", "ing"), ...text("Found"), STOP]));
  assertEquals(result.text, "Looking\n\nFound");
  assertEquals(result.parts.length, 2);
  assertEquals(result.finishReason, "stop");
});

Deno.test("fold() is the same however text is cut into deltas", async () => {
  const whole = "Grüße, 世界 👋 and more";
  const expected = await fold(stream([...text(whole), STOP]));
  for (let at = 0; at <= whole.length; at++) {
    const cut = await fold(stream([...text(whole.slice(0, at), whole.slice(at)), STOP]));
    assertEquals(cut, expected);
  }
});

Deno.test("fold() leaves out spans without text", async () => {
  const result = await fold(stream([
    ...text(),
    ...text(""),
    { type: "reasoning-start", source: "model" },
    { type: "reasoning-end" },
    { type: "refusal-start" },
    { type: "refusal-end" },
    ...text("x"),
    STOP,
  ]));
  assertEquals(result.parts, [{ type: "text", text: "x", phase: "final" }]);
  assertEquals(result.text, "x");
});

Deno.test("fold() keeps every part in the order in which parts began", async () => {
  const result = await fold(stream([
    { type: "reasoning-start", source: "progress" },
    { type: "reasoning-delta", text: "hm" },
    { type: "reasoning-end" },
    { type: "text-start" },
    { type: "text-delta", text: "Wait" },
    { type: "text-end", phase: "interim" },
    { type: "tool-call-start", id: "call_1", name: "f", kind: "function" },
    { type: "tool-call-delta", arguments: '{"a"' },
    { type: "trace", trace: { kind: "model-call", step: 1, model: "m" } },
    { type: "tool-call-delta", arguments: ":1}" },
    { type: "tool-call-end" },
    { type: "approval-request", id: "mcpr_1", label: "Do it", text: "May I?" },
    { type: "refusal-start" },
    { type: "refusal-delta", text: "No" },
    { type: "refusal-end" },
    { type: "finish", reason: "tool-calls" },
  ]));
  const call = { id: "call_1", name: "f", kind: "function", arguments: '{"a":1}' } as const;
  assertEquals(result.parts, [
    { type: "reasoning", text: "hm", source: "progress" },
    { type: "text", text: "Wait", phase: "interim" },
    { type: "tool-call", call },
    { type: "approval-request", id: "mcpr_1", label: "Do it", text: "May I?" },
    { type: "refusal", text: "No" },
  ]);
  assertEquals(result.toolCalls, [call]);
  assertEquals(result.reasoning, "hm");
  assertEquals(result.refusal, "No");
  assertEquals(result.finishReason, "tool-calls");
});

Deno.test("fold() tells the last prompt and the sum of outputs, and consumes everything", async () => {
  const result = await fold(stream([
    usage(100, 10, { cachedInputTokens: 50, reasoningTokens: 4 }),
    ...text("x"),
    usage(150, 7, { cachedInputTokens: 100 }),
    STOP,
  ]));
  assertEquals(result.usage, {
    inputTokens: 150,
    cachedInputTokens: 100,
    outputTokens: 17,
    reasoningTokens: 4,
  });
  assertEquals(result.consumed, {
    inputTokens: 250,
    cachedInputTokens: 150,
    outputTokens: 17,
    reasoningTokens: 4,
  });
  assertEquals(result.modelCalls, 2);
});

Deno.test("fold() leaves prompts of runs inside out of what the client is told", async () => {
  const inner = (inputTokens: number, outputTokens: number) =>
    ({ ...usage(inputTokens, outputTokens), inner: true }) as RunEvent;
  const result = await fold(stream([
    inner(900, 1),
    usage(100, 10),
    inner(800, 2),
    inner(700, 4),
    ...text("x"),
    STOP,
  ]));
  assertEquals([result.usage.inputTokens, result.usage.outputTokens], [100, 17]);
  assertEquals([result.consumed.inputTokens, result.consumed.outputTokens], [2500, 17]);
  assertEquals(result.modelCalls, 4);
});

Deno.test("fold() gathers log probabilities, and has none when none came", async () => {
  const withLogprobs = await fold(stream([
    { type: "text-start" },
    { type: "text-delta", text: "a", logprobs: [{ token: "a" }] },
    { type: "text-delta", text: "b", logprobs: [{ token: "b" }] },
    { type: "text-end" },
    STOP,
  ]));
  assertEquals(withLogprobs.logprobs, [{ token: "a" }, { token: "b" }]);
  assertEquals((await fold(stream([...text("a"), STOP]))).logprobs, undefined);
});

Deno.test("fold() rejects a run without finish", async () => {
  await assertRejects(() => fold(stream(text("cut"))), GrammarError, "without finish");
});

Deno.test("fold() rejects with what the run threw", async () => {
  const error = new Error("down");
  async function* failing(): AsyncGenerator<RunEvent> {
    yield { type: "text-start" };
    throw error;
  }
  assertEquals(await assertRejects(() => fold(failing()), Error), error);
});

Deno.test("Fold knows what a failed run has used", () => {
  const gathered = new Fold();
  gathered.add(usage(3, 4));
  assertThrows(() => gathered.result(), GrammarError);
  assertEquals(gathered.consumed.inputTokens, 3);
  assertEquals(gathered.consumed.outputTokens, 4);
});
