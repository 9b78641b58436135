/**
 * A module whose runs stream in every way that matters to a channel.
 * @module
 */
import { HttpError, RequestError, RunError } from "../../../src/run/error.ts";
import type { RunEvent } from "../../../src/run/event.ts";
import type { Runner } from "../../../src/run/runner.ts";

let made = 0;
let cleaned = 0;

/** Does what the first word of the last message says. */
export const agent: Runner = {
  async *run({ messages }, { signal }): AsyncGenerator<RunEvent> {
    const [part] = messages.at(-1)!.content as readonly { readonly text: string }[];
    const [, word = "", rest = ""] = /^(\S+) ?(.*)$/.exec(part!.text)!;
    switch (word) {
      case "echo":
        return yield* answer(rest.split(/(?= )/));
      case "made":
        return yield* answer([`${made}`]);
      case "cleaned":
        return yield* answer([`${cleaned}`]);
      case "large":
        return yield* answer(["ü".repeat(Number(rest))]);
      case "count":
        return yield* answer(numbers(Number(rest)));
      case "silent":
        return yield* answer([await new Promise<string>(() => setInterval(() => {}, 1000))]);
      case "stubborn":
        return yield* stubborn();
      case "endless":
        return yield* endless(signal);
      case "throw":
        yield { type: "text-start" };
        throw FAILURES[rest]!();
      case "spoil":
        return yield* SPOILED[rest]!() as unknown as RunEvent[];
    }
  },
};

function* answer(texts: Iterable<string>): Generator<RunEvent> {
  yield { type: "text-start" };
  for (const text of texts) yield { type: "text-delta", text };
  yield { type: "text-end" };
  yield { type: "finish", reason: "stop" };
}

function* numbers(count: number): Generator<string> {
  made = 0;
  for (let index = 0; index < count; index++) {
    made += 1;
    yield `${index} `;
  }
}

async function* endless(signal: AbortSignal): AsyncGenerator<RunEvent> {
  try {
    yield { type: "text-start" };
    for (;; signal.throwIfAborted()) yield { type: "text-delta", text: "on " };
  } finally {
    cleaned += 1;
  }
}

/** Swallows whatever it is thrown. */
async function* stubborn(): AsyncGenerator<RunEvent> {
  for (;;) {
    try {
      await new Promise((resolve) => setTimeout(resolve, 10));
      yield { type: "trace", trace: { kind: "span", label: "still here", durationMs: 1 } };
    } catch {
      // Never.
    }
  }
}

const FAILURES: Readonly<Record<string, () => unknown>> = {
  request: () => new RequestError("invalid-value", "Say something else", { param: "messages[0]" }),
  http: () => new HttpError(418, "I am a teapot"),
  run: () => new RunError("backend-overloaded", "s3cr3t", { retryAfterMs: 1234 }),
  other: () => new TypeError("s3cr3t", { cause: new Error("because") }),
  nothing: () => undefined,
  text: () => "s3cr3t",
  symbol: () => Symbol("s3cr3t"),
  hostile: () => ({
    toString() {
      throw new Error("s3cr3t");
    },
  }),
  auth: () => new RequestError("invalid-api-key", "s3cr3t"),
  cancelled: () => new RunError("cancelled", "s3cr3t"),
  status: () => Object.assign(new Error("s3cr3t"), { name: "HttpError", status: 200 }),
};

const cyclic: Record<string, unknown> = { type: "text-start" };
cyclic.self = cyclic;
const FINISH = { type: "finish", reason: "stop" };
const CALL = [
  { type: "tool-call-start", id: "a", name: "t", kind: "function" },
  { type: "tool-call-end" },
];

const SPOILED: Readonly<Record<string, () => readonly unknown[]>> = {
  "no-start": () => [{ type: "text-delta", text: "x" }],
  "no-finish": () => [{ type: "text-start" }, { type: "text-end" }],
  "two-finishes": () => [FINISH, FINISH],
  unknown: () => [{ type: "hidden-tool-result", text: "x" }],
  "wrong-field": () => [{ type: "text-start" }, { type: "text-delta", text: { toString: 1 } }],
  null: () => [null],
  number: () => [7],
  function: () => [() => {}],
  cyclic: () => [cyclic],
  bigint: () => [{ type: "usage", usage: { inputTokens: 1n } }],
  "same-id": () => [...CALL, ...CALL],
};
