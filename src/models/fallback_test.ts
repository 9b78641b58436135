import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { RequestError, RunError, type RunErrorCode, SetupError } from "../run/error.ts";
import { checkGrammar } from "../run/grammar.ts";
import { FunctionModel, ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { transcript } from "../testing/transcript.ts";
import { FallbackBackend } from "./fallback.ts";
import type { Model, ModelRequest } from "./model.ts";

const request: ModelRequest = {
  messages: [],
  tools: [],
  toolChoice: { type: "auto" },
  output: { type: "text" },
  settings: {},
  stream: true,
};
const logger = { log() {} };
const live = () => ({ signal: new AbortController().signal, logger });

const failing = (error: Error, turn: ScriptedTurn = {}) => new ScriptedModel([{ ...turn, error }]);
const down = (code: RunErrorCode, retryAfterMs?: number) =>
  new RunError(code, `is ${code}`, { retryAfterMs });

async function failureOf(models: readonly Model[]): Promise<unknown> {
  return await assertRejects(() =>
    Array.fromAsync(new FallbackBackend(models).call(request, live()))
  );
}

Deno.test("FallbackBackend answers with the first candidate that works", async () => {
  const last = new ScriptedModel(["unused"]);
  const backend = new FallbackBackend([
    failing(down("backend-down")),
    failing(down("rate-limit-exceeded")),
    new ScriptedModel(["works"]),
    last,
  ]);
  const lines = await transcript(checkGrammar(backend.call(request, live())));
  assertStringIncludes(lines, 'text-delta "works"');
  assertEquals(last.requests.length, 0);
});

Deno.test("FallbackBackend tells the log which candidate failed", async () => {
  const logged: unknown[] = [];
  const backend = new FallbackBackend([
    new ScriptedModel([{ error: down("backend-down") }], { name: "first" }),
    new ScriptedModel(["works"]),
  ]);
  await Array.fromAsync(backend.call(request, {
    ...live(),
    logger: { log: (level, _message, fields) => void logged.push([level, fields]) },
  }));
  assertEquals(logged, [["warn", {
    backend: "first",
    code: "backend-down",
    reason: "is backend-down",
  }]]);
});

Deno.test("FallbackBackend does not go back once an answer has begun", async () => {
  const second = new ScriptedModel(["unused"]);
  const error = down("backend-down");
  const backend = new FallbackBackend([failing(error, { text: "a" }), second]);
  const call = backend.call(request, live());
  assertEquals((await call.next()).value?.type, "text-start");
  assertStrictEquals(await assertRejects(() => Array.fromAsync(call)), error);
  assertEquals(second.requests.length, 0);
});

const OURS = [
  new RequestError("unsupported-value", "no"),
  down("context-length-exceeded"),
  down("run-failed"),
  new TypeError("bug"),
];
for (const error of OURS) {
  Deno.test(`FallbackBackend does not ask another after ${error.message}`, async () => {
    const second = new ScriptedModel(["unused"]);
    assertStrictEquals(await failureOf([failing(error), second]), error);
    assertEquals(second.requests.length, 0);
  });
}

Deno.test("FallbackBackend fails with the most telling code when all fail", async () => {
  const cases: readonly (readonly [readonly RunErrorCode[], RunErrorCode])[] = [
    [["backend-down", "backend-down"], "backend-down"],
    [["rate-limit-exceeded", "backend-down"], "rate-limit-exceeded"],
    [["backend-timeout", "backend-overloaded", "backend-down"], "backend-overloaded"],
    [["backend-down", "backend-timeout"], "backend-timeout"],
  ];
  for (const [codes, expected] of cases) {
    const error = await failureOf(codes.map((code) => failing(down(code))));
    assertInstanceOf(error, RunError);
    assertEquals(error.code, expected);
    assertInstanceOf(error.cause, AggregateError);
    assertEquals(error.cause.errors.length, codes.length);
  }
});

Deno.test("FallbackBackend names the earliest time to come back", async () => {
  const error = await failureOf([
    failing(down("rate-limit-exceeded", 9000)),
    failing(down("backend-overloaded", 2000)),
    failing(down("backend-down")),
  ]);
  assertInstanceOf(error, RunError);
  assertEquals([error.retryAfterMs, error.retryable], [2000, true]);
});

Deno.test("FallbackBackend fails as its only candidate fails", async () => {
  const error = down("backend-down");
  assertStrictEquals(await failureOf([failing(error)]), error);
});

Deno.test("FallbackBackend asks nobody after the signal is aborted", async () => {
  const stop = new AbortController();
  const second = new ScriptedModel(["unused"]);
  const first = new FunctionModel(() => {
    stop.abort("gone");
    throw down("backend-down");
  });
  const backend = new FallbackBackend([first, second]);
  await assertRejects(() =>
    Array.fromAsync(backend.call(request, { signal: stop.signal, logger }))
  );
  assertEquals(second.requests.length, 0);
});

Deno.test("FallbackBackend.call return() reaches the candidate that answers", async () => {
  let returned = 0;
  const model: Model = {
    name: "m",
    profile: new ScriptedModel([]).profile,
    async *call() {
      try {
        yield { type: "text-start" };
        await new Promise(() => {});
      } finally {
        returned += 1;
      }
    },
  };
  const call = new FallbackBackend([model]).call(request, live());
  await call.next();
  await call.return?.();
  assertEquals(returned, 1);
  assertEquals(await call.next(), { value: undefined, done: true });
});

Deno.test("FallbackBackend can do what all candidates can", () => {
  const one = new ScriptedModel([], { name: "one", profile: { logprobs: true, audioInput: true } });
  const two = new ScriptedModel([], {
    name: "two",
    profile: { logprobs: true, structuredOutput: "json-object" },
  });
  const backend = new FallbackBackend([one, two]);
  assertEquals(backend.name, "one, else two");
  assertEquals(backend.profile, {
    structuredOutput: "json-object",
    logprobs: true,
    audioInput: false,
    fetchUrls: false,
  });
});

Deno.test("FallbackBackend needs a candidate", () => {
  assertThrows(() => new FallbackBackend([]), SetupError);
});
