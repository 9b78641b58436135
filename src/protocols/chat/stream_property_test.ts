/**
 * What a client puts together from a stream is what the unstreamed answer says, for any run.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { RunError, toPublicError } from "../../run/error.ts";
import type { RunEvent } from "../../run/event.ts";
import { Fold } from "../../run/fold.ts";
import { EventGrammar } from "../../run/grammar.ts";
import { chat } from "./mod.ts";

const RUNS = 2_000;
const ENVELOPE = { id: "chatcmpl-1", createdAtS: 1_700_000_000 };
const CANARY = "canary";
const SEED = crypto.getRandomValues(new Uint32Array(1))[0]!;

type Random = (below: number) => number;

/** Mulberry32. */
function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const TEXTS = ["", "", "a", "\n", "\n\n", "😀", '"}]', "\u2028", "data: [DONE]\n\n", "word "];

function aside(random: Random): RunEvent[] {
  switch (random(8)) {
    case 0:
      return [{ type: "trace", trace: { kind: "tool-call", id: CANARY, name: CANARY } }];
    case 1:
      return [{
        type: "usage",
        usage: {
          inputTokens: random(100),
          cachedInputTokens: random(10),
          outputTokens: random(100),
          reasoningTokens: random(10),
        },
      }];
    default:
      return [];
  }
}

function body(random: Random, delta: (text: string) => RunEvent): RunEvent[] {
  return Array.from({ length: random(4) }, () => [
    ...aside(random),
    delta(TEXTS[random(TEXTS.length)]!),
  ]).flat();
}

function part(random: Random, id: string): RunEvent[] {
  switch (random(4)) {
    case 0:
      return [
        { type: "text-start" },
        ...body(
          random,
          (text) =>
            random(5) === 0
              ? { type: "text-delta", text, logprobs: [{ token: text, logprob: -1 }] }
              : { type: "text-delta", text },
        ),
        { type: "text-end", phase: random(2) === 0 ? "interim" : "final" },
      ];
    case 1:
      return [
        { type: "refusal-start" },
        ...body(random, (text) => ({ type: "refusal-delta", text })),
        { type: "refusal-end" },
      ];
    case 2:
      return [
        { type: "reasoning-start", source: random(2) === 0 ? "model" : "progress" },
        ...body(random, (text) => ({ type: "reasoning-delta", text })),
        { type: "reasoning-end" },
      ];
    default:
      return [
        { type: "tool-call-start", id, name: "f", kind: random(2) === 0 ? "function" : "custom" },
        ...body(random, (text) => ({ type: "tool-call-delta", arguments: text })),
        { type: "tool-call-end" },
      ];
  }
}

function run(random: Random): RunEvent[] {
  const parts = Array.from({ length: random(7) }, (_, index) => [
    ...part(random, `call_${index}`),
    ...aside(random),
  ]).flat();
  const calls = parts.some((event) => event.type === "tool-call-start");
  const reasons = calls ? ["tool-calls", "length"] as const : ["stop", "content-filter"] as const;
  return [...parts, { type: "finish", reason: reasons[random(2)]! }];
}

const exchange = chat.decode({
  model: "alpha",
  messages: [{ role: "user", content: "hi" }],
  stream: true,
  "stream_options": { "include_usage": true },
});

interface Delta {
  readonly role?: string;
  readonly content?: string;
  readonly refusal?: string;
  readonly reasoning?: string;
  readonly "reasoning_content"?: string;
  readonly "tool_calls"?: readonly {
    readonly index: number;
    readonly id?: string;
    readonly type?: string;
    readonly function?: { readonly name?: string; readonly arguments: string };
    readonly custom?: { readonly name?: string; readonly input: string };
  }[];
}

/** A client that appends what it gets. */
class Reader {
  content = "";
  refusal = "";
  reasoning = "";
  readonly logprobs: unknown[] = [];
  readonly calls: { id: string; type: string; name: string; text: string }[] = [];

  add(delta: Delta): void {
    this.content += delta.content ?? "";
    this.refusal += delta.refusal ?? "";
    this.reasoning += delta.reasoning ?? "";
    assertEquals(delta.reasoning, delta.reasoning_content);
    for (const { index, id, type, ...kinds } of delta.tool_calls ?? []) {
      const text = kinds.function?.arguments ?? kinds.custom?.input ?? "";
      if (id !== undefined) {
        assertEquals(index, this.calls.length);
        const name = kinds.function?.name ?? kinds.custom?.name ?? "";
        this.calls.push({ id, type: type ?? "", name, text });
      } else {
        assertEquals(index, this.calls.length - 1);
        this.calls[index]!.text += text;
      }
    }
  }
}

function encode(events: readonly RunEvent[], fail = false): string[] {
  const frames: string[] = [];
  const write = (frame: string) => {
    frames.push(frame);
  };
  const encoder = exchange.streamEncoder(ENVELOPE);
  encoder.open(write);
  for (const event of events) encoder.event(event, write);
  if (fail) encoder.fail(toPublicError(new RunError("backend-down", CANARY), "req_1"), write);
  for (const frame of frames) assert(/^data: [^\n]+\n\n$/.test(frame), frame);
  assert(!frames.join("").includes(CANARY));
  return frames;
}

function parse(frame: string): ReturnType<typeof JSON.parse> {
  return JSON.parse(frame.slice("data: ".length));
}

function check(events: readonly RunEvent[]): void {
  const fold = new Fold();
  const grammar = new EventGrammar();
  for (const event of events) {
    grammar.accept(event);
    fold.add(event);
  }
  const answer = JSON.parse(exchange.encodeResult(fold.result(), ENVELOPE));
  const frames = encode(events);
  assertEquals(frames.pop(), "data: [DONE]\n\n");
  const usage = parse(frames.pop()!);
  const end = parse(frames.pop()!);
  const reader = new Reader();
  for (const [index, frame] of frames.entries()) {
    const [choice] = parse(frame).choices;
    assertEquals(choice.finish_reason, null);
    assertEquals("role" in choice.delta, index === 0);
    reader.add(choice.delta);
    if (choice.logprobs) reader.logprobs.push(...choice.logprobs.content);
  }
  const [{ message, logprobs, finish_reason: finishReason }] = answer.choices;
  assertEquals(end.choices, [
    { index: 0, delta: {}, logprobs: null, "finish_reason": finishReason },
  ]);
  assertEquals([usage.choices, usage.usage], [[], answer.usage]);
  assertEquals(reader.content, message.content ?? "");
  assertEquals(reader.refusal, message.refusal ?? "");
  assertEquals(reader.reasoning, message.reasoning ?? "");
  assertEquals(reader.logprobs, logprobs?.content ?? []);
  const calls = (message.tool_calls ?? []).map((call: ReturnType<typeof JSON.parse>) => {
    const { name, arguments: json, input } = call[call.type];
    return { id: call.id, type: call.type, name, text: json ?? input };
  });
  assertEquals(reader.calls, calls);
}

Deno.test(`a stream says what the unstreamed answer says (seed ${SEED})`, () => {
  const random = randomOf(SEED);
  for (let index = 0; index < RUNS; index++) {
    const events = run(random);
    try {
      check(events);
    } catch (error) {
      const shown = JSON.stringify(events);
      throw new Error(`Run ${index} of seed ${SEED} differs: ${shown}`, { cause: error });
    }
  }
});

Deno.test(`a stream that fails anywhere ends with one error (seed ${SEED})`, () => {
  const random = randomOf(SEED);
  for (let index = 0; index < RUNS; index++) {
    const events = run(random).slice(0, -1);
    const frames = encode(events.slice(0, random(events.length + 1)), true);
    assert("error" in parse(frames.pop()!));
    for (const frame of frames) {
      const chunk = parse(frame);
      assertEquals("error" in chunk, false);
      assertEquals(chunk.choices[0].finish_reason, null);
    }
  }
});
