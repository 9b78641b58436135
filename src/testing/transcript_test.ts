import { assertEquals } from "@std/assert";
import { HttpError, RequestError, RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { transcript } from "./transcript.ts";

async function* run(events: readonly RunEvent[], error?: unknown): AsyncGenerator<RunEvent> {
  yield* events;
  await Promise.resolve();
  if (error !== undefined) throw error;
}

const EVENTS: readonly RunEvent[] = [
  { type: "trace", trace: { kind: "model-call", step: 1, model: "m" } },
  { type: "reasoning-start", source: "model" },
  { type: "reasoning-delta", text: "a" },
  { type: "reasoning-delta", text: "b" },
  { type: "reasoning-end" },
  { type: "text-start" },
  { type: "text-delta", text: "x\n" },
  { type: "text-delta", text: "y", logprobs: [{ token: "y" }] },
  { type: "text-end", phase: "interim" },
  { type: "refusal-start" },
  { type: "refusal-delta", text: "no" },
  { type: "refusal-end" },
  { type: "trace", trace: { kind: "tool-call", id: "h", name: "hidden" } },
  {
    type: "trace",
    trace: { kind: "tool-result", id: "h", name: "hidden", outcome: "ok", durationMs: 12 },
  },
  { type: "tool-call-start", id: "c", name: "f", kind: "function" },
  { type: "tool-call-delta", arguments: "{" },
  { type: "tool-call-delta", arguments: "}" },
  { type: "tool-call-end" },
  {
    type: "usage",
    usage: { inputTokens: 1, cachedInputTokens: 2, outputTokens: 3, reasoningTokens: 4 },
  },
  {
    type: "usage",
    usage: { inputTokens: 5, cachedInputTokens: 6, outputTokens: 7, reasoningTokens: 8 },
    inner: true,
  },
  { type: "approval-request", id: "q", label: "Do it", text: "May I?\n" },
  { type: "finish", reason: "tool-calls" },
];

Deno.test("transcript() writes one line for each event", async () => {
  assertEquals((await transcript(run(EVENTS))).split("\n"), [
    "trace model-call 1 m",
    "reasoning-start model",
    'reasoning-delta "a"',
    'reasoning-delta "b"',
    "reasoning-end",
    "text-start",
    'text-delta "x\\n"',
    'text-delta "y" logprobs=[{"token":"y"}]',
    "text-end interim",
    "refusal-start",
    'refusal-delta "no"',
    "refusal-end",
    "trace tool-call hidden h",
    "trace tool-result hidden h ok",
    "tool-call-start function f c",
    'tool-call-delta "{"',
    'tool-call-delta "}"',
    "tool-call-end",
    "usage in=1 cached=2 out=3 reasoning=4",
    "usage in=5 cached=6 out=7 reasoning=8 inner",
    'approval-request q "Do it" "May I?\\n"',
    "finish tool-calls",
    "",
  ]);
});

Deno.test("transcript() joins deltas that follow each other when asked", async () => {
  const lines = (await transcript(run(EVENTS), { joinDeltas: true })).split("\n");
  assertEquals(lines.filter((line) => line.includes("-delta")), [
    'reasoning-delta "ab"',
    'text-delta "x\\ny" logprobs=[{"token":"y"}]',
    'refusal-delta "no"',
    'tool-call-delta "{}"',
  ]);
});

Deno.test("transcript() ends with what was thrown", async () => {
  const last = async (error: unknown) =>
    (await transcript(run([{ type: "text-start" }], error), { joinDeltas: true })).split("\n");
  assertEquals(await last(new RunError("backend-down", "Down")), [
    "text-start",
    "throw RunError backend-down: Down",
    "",
  ]);
  assertEquals(
    (await last(new RequestError("invalid-value", "No")))[1],
    "throw RequestError invalid-value: No",
  );
  assertEquals((await last(new HttpError(418, "Tea")))[1], "throw HttpError 418: Tea");
  assertEquals((await last(new TypeError("bug")))[1], "throw TypeError: bug");
  assertEquals((await last("text"))[1], "throw text");
});
