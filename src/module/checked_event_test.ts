import { assert, assertEquals, assertThrows } from "@std/assert";
import { readEvent } from "./checked_event.ts";

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = { value };
  return value;
}

Deno.test("readEvent() takes a text as a delta, and bare events without what they bring along", () => {
  assertEquals(readEvent("hi"), { type: "text-delta", text: "hi" });
  assertEquals(readEvent({ type: "text-start", hidden: 1 } as unknown), { type: "text-start" });
  assertEquals(readEvent(JSON.parse('{"type":"text-end","__proto__":{"a":1},"phase":"interim"}')), {
    type: "text-end",
    phase: "interim",
  });
});

Deno.test("readEvent() reads every event there is", () => {
  const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 2, reasoningTokens: 0 };
  for (
    const event of [
      { type: "text-delta", text: "a", logprobs: [{ token: "a", logprob: -1 }] },
      { type: "refusal-start" },
      { type: "refusal-delta", text: "a" },
      { type: "refusal-end" },
      { type: "reasoning-start", source: "progress" },
      { type: "reasoning-delta", text: "a" },
      { type: "reasoning-end" },
      { type: "tool-call-start", id: "a", name: "t", kind: "custom" },
      { type: "tool-call-delta", arguments: "{}" },
      { type: "tool-call-end" },
      { type: "approval-request", id: "a", label: "l", text: "t" },
      { type: "trace", trace: { kind: "tool-call", id: "a", name: "t" } },
      { type: "trace", trace: { kind: "span", label: "a", durationMs: 1 } },
      { type: "usage", usage, inner: true },
      { type: "finish", reason: "length" },
    ] as const
  ) {
    assertEquals(readEvent(structuredClone(event)), event);
  }
});

Deno.test("readEvent() refuses what is no event, in few words", () => {
  for (
    const value of [
      null,
      undefined,
      7,
      true,
      [],
      {},
      { type: "__proto__" },
      { type: ["text-start"] },
      { type: "text-delta" },
      { type: "text-delta", text: 1 },
      { type: "text-delta", text: "a", logprobs: [deep(200)] },
      { type: "text-delta", text: "a", logprobs: ["a"] },
      { type: "text-delta", text: "a", logprobs: Array(10_001).fill({}) },
      { type: "text-end", phase: "hidden" },
      { type: "tool-call-start", id: "", name: "t", kind: "function" },
      { type: "tool-call-start", id: "x".repeat(257), name: "t", kind: "function" },
      { type: "tool-call-start", id: "a", name: "", kind: "function" },
      { type: "tool-call-start", id: "a", name: "t", kind: "native" },
      { type: "usage", usage: { inputTokens: -1 } },
      { type: "usage", usage: { inputTokens: 1e300 } },
      { type: "finish", reason: "x".repeat(100_000) },
      { type: "trace", trace: { kind: "prompt", text: "a" } },
    ]
  ) {
    const error = assertThrows(() => readEvent(value), Error, "Sent a malformed event");
    assert(error.message.length < 400);
  }
});
