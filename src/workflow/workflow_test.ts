import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RequestError, RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { RunRequest, ToolSpec } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";
import type { RunContext } from "../run/runner.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { type WorkflowAnswer, WorkflowResponse, WorkflowToolCall } from "./response.ts";
import { AgenticWorkflow, type WorkflowFunction } from "./workflow.ts";

const WEATHER: ToolSpec = { name: "get_weather", kind: "function" };
const SHELL: ToolSpec = { name: "shell", kind: "custom" };

function run(
  answer: WorkflowFunction,
  request: RunRequest = testRequest(),
  context: RunContext = testContext(),
): Promise<RunResult> {
  return fold(checkGrammar(new AgenticWorkflow(answer).run(request, context)));
}

/** Asserts that a run ends with `run-failed`, and gives its message. */
async function failure(answer: WorkflowFunction, request?: RunRequest): Promise<string> {
  const error = await assertRejects(() => run(answer, request), RunError);
  assertEquals(error.code, "run-failed");
  return error.message;
}

async function types(events: AsyncIterable<RunEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) seen.push(event.type);
  return seen;
}

Deno.test("AgenticWorkflow answers with text", async () => {
  assertEquals((await run(() => "Hello")).text, "Hello");
  assertEquals((await run(() => Promise.resolve("Later"))).text, "Later");
  const object = new AgenticWorkflow({
    greeting: "Hi",
    run() {
      return this.greeting;
    },
  } as { greeting: string; run(): string });
  assertEquals((await fold(object.run(testRequest(), testContext()))).text, "Hi");
});

Deno.test("AgenticWorkflow answers with JSON text for any other JSON value", async () => {
  const values: [WorkflowAnswer, string][] = [
    [{ a: [1, null] }, '{"a":[1,null]}'],
    [["x"], '["x"]'],
    [42, "42"],
    [false, "false"],
    [null, "null"],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ];
  for (const [value, text] of values) assertEquals((await run(() => value)).text, text);
});

Deno.test("AgenticWorkflow answers with nothing for empty text", async () => {
  const events = new AgenticWorkflow(() => "").run(testRequest(), testContext());
  assertEquals(await types(events), ["finish"]);
});

Deno.test("AgenticWorkflow forwards a text iterable delta by delta, only when asked", async () => {
  let made = 0;
  const workflow = new AgenticWorkflow(async function* () {
    for (const text of ["a", "", "b"]) {
      made++;
      yield text;
    }
  });
  const events = workflow.run(testRequest({ stream: true }), testContext());
  assertEquals(made, 0);
  assertEquals((await events.next()).value, { type: "text-start" });
  assertEquals((await events.next()).value, { type: "text-delta", text: "a" });
  assertEquals(made, 1);
  assertEquals((await events.next()).value, { type: "text-delta", text: "b" });
  assertEquals((await events.next()).value, { type: "text-end" });
  assertEquals((await events.next()).value, { type: "finish", reason: "stop" });
  assertEquals(await events.next(), { done: true, value: undefined });
});

Deno.test("AgenticWorkflow serves next() calls made ahead in order", async () => {
  const workflow = new AgenticWorkflow(async function* () {
    yield "a";
    yield "b";
  });
  const events = workflow.run(testRequest(), testContext());
  const steps = await Promise.all(Array.from({ length: 6 }, () => events.next()));
  assertEquals(steps.map((step) => step.value?.type), [
    "text-start",
    "text-delta",
    "text-delta",
    "text-end",
    "finish",
    undefined,
  ]);
});

Deno.test("AgenticWorkflow takes text iterables from functions, promises and responses", async () => {
  async function* text(): AsyncGenerator<string> {
    yield "a";
    yield "b";
  }
  assertEquals((await run(() => text())).text, "ab");
  assertEquals((await run(() => Promise.resolve(text()))).text, "ab");
  assertEquals((await run(() => new WorkflowResponse({ content: text() }))).text, "ab");
  assertEquals((await run(() => ReadableStream.from(["a", "b"]))).text, "ab");
});

Deno.test("AgenticWorkflow throws what its function throws, as it is", async () => {
  const error = new TypeError("author's mistake");
  const throwing: WorkflowFunction[] = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
    async function* () {
      yield "a";
      throw error;
    },
    () => ({
      [Symbol.asyncIterator]: () => {
        throw error;
      },
    }),
    () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          throw error;
        },
      }),
    }),
  ];
  for (const answer of throwing) {
    assertStrictEquals(await assertRejects(() => run(answer)), error);
  }
});

Deno.test("AgenticWorkflow gives the text before the error to its reader", async () => {
  const events = new AgenticWorkflow(async function* () {
    yield "a";
    throw new Error("broken");
  }).run(testRequest(), testContext());
  const seen: string[] = [];
  await assertRejects(
    async () => {
      for await (const event of events) seen.push(event.type);
    },
    Error,
    "broken",
  );
  assertEquals(seen, ["text-start", "text-delta"]);
  assertEquals(await events.next(), { done: true, value: undefined });
});

Deno.test("AgenticWorkflow fails the run for an answer that is none", async () => {
  const forgotten = (() => undefined) as unknown as WorkflowFunction;
  assertEquals(
    await failure(forgotten),
    "Workflow returned undefined; return text, a JSON value, an async iterable of text or a " +
      "WorkflowResponse",
  );
  await failure(() => () => "a function");
  await failure(() => ({ big: 1n }));
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1);
  };
  assertEquals(await failure(() => bytes()), "Workflow must yield text, got object");
});

Deno.test("AgenticWorkflow closes an iterable that yields something else than text", async () => {
  let closed = false;
  const numbers = async function* (): AsyncGenerator<number> {
    try {
      yield 1;
    } finally {
      closed = true;
    }
  };
  await failure(() => numbers());
  assert(closed);
});

Deno.test("WorkflowResponse brings content, then calls, then usage", async () => {
  const answer = () =>
    new WorkflowResponse({
      content: "Let me look",
      toolCalls: [
        new WorkflowToolCall({ name: "get_weather", arguments: { city: "Paris" } }),
        { name: "shell", arguments: "ls -l", id: "call_mine" },
        { name: "get_weather" },
      ],
      usage: { inputTokens: 5, outputTokens: 2 },
    });
  const request = testRequest({ tools: [WEATHER, SHELL] });
  const result = await run(answer, request);
  assertEquals(result.parts, [
    { type: "text", text: "Let me look", phase: "interim" },
    {
      type: "tool-call",
      call: {
        id: "call_1",
        name: "get_weather",
        kind: "function",
        arguments: '{"city":"Paris"}',
      },
    },
    {
      type: "tool-call",
      call: { id: "call_mine", name: "shell", kind: "custom", arguments: "ls -l" },
    },
    {
      type: "tool-call",
      call: { id: "call_2", name: "get_weather", kind: "function", arguments: "{}" },
    },
  ]);
  assertEquals(result.finishReason, "tool-calls");
  assertEquals(result.consumed, {
    inputTokens: 5,
    cachedInputTokens: 0,
    outputTokens: 2,
    reasoningTokens: 0,
  });
});

Deno.test("WorkflowResponse without anything is an empty answer", async () => {
  const result = await run(() => new WorkflowResponse({ content: null }));
  assertEquals([result.text, result.finishReason], ["", "stop"]);
});

Deno.test("WorkflowResponse may only call what the client offered and permits", async () => {
  const call = () => new WorkflowResponse({ toolCalls: [{ name: "get_weather" }] });
  const twice = () =>
    new WorkflowResponse({ toolCalls: [{ name: "get_weather" }, { name: "get_weather" }] });
  const tools = [WEATHER, SHELL];
  assertEquals(
    await failure(call),
    'Workflow calls tool "get_weather"; the client offers no tools',
  );
  assertEquals(
    await failure(call, testRequest({ tools: [SHELL] })),
    'Workflow calls tool "get_weather"; the client offers "shell"',
  );
  const forbidding = [
    { type: "none" },
    { type: "tool", name: "shell" },
    { type: "allowed", mode: "auto", names: ["shell"] },
  ] as const;
  for (const toolChoice of forbidding) await failure(call, testRequest({ tools, toolChoice }));
  await run(call, testRequest({ tools, toolChoice: { type: "tool", name: "get_weather" } }));
  await failure(twice, testRequest({ tools, parallelToolCalls: false }));
  await run(call, testRequest({ tools, parallelToolCalls: false }));
  const sameId = { name: "get_weather", id: "call_same" };
  await failure(
    () => new WorkflowResponse({ toolCalls: [sameId, sameId] }),
    testRequest({ tools }),
  );
  await failure(
    () => new WorkflowResponse({ toolCalls: [{ name: "shell", arguments: { cmd: "ls" } }] }),
    testRequest({ tools }),
  );
});

Deno.test("AgenticWorkflow holds its answer to the client's JSON schema", async () => {
  const request = testRequest({
    output: {
      type: "json-schema",
      name: "verdict",
      schema: {
        type: "object",
        properties: { good: { type: "boolean" } },
        required: ["good"],
        additionalProperties: false,
      },
    },
  });
  assertEquals((await run(() => ({ good: true }), request)).text, '{"good":true}');
  assertEquals((await run(() => '{ "good": false }', request)).text, '{ "good": false }');
  const streamed = await run(async function* () {
    yield '{"good"';
    yield ":true}";
  }, request);
  assertEquals(streamed.text, '{"good":true}');
  await failure(() => ({ good: "yes" }), request);
  await failure(() => "It is good", request);
  await failure(async function* () {
    yield '{"good"';
  }, request);
  await failure(() => new WorkflowResponse(), request);
});

Deno.test("AgenticWorkflow says nothing of an answer in one piece that breaks the schema", async () => {
  const events = new AgenticWorkflow(() => ["no object"]).run(
    testRequest({ output: { type: "json-object" } }),
    testContext(),
  );
  await assertRejects(() => events.next(), RunError, "Value must be an object");
});

Deno.test("AgenticWorkflow may call client tools instead of answering in JSON", async () => {
  const request = testRequest({ tools: [WEATHER], output: { type: "json-object" } });
  const answer = () =>
    new WorkflowResponse({ content: "Looking", toolCalls: [{ name: "get_weather" }] });
  assertEquals((await run(answer, request)).finishReason, "tool-calls");
});

Deno.test("AgenticWorkflow refuses a schema it cannot use before its function runs", async () => {
  let called = false;
  const request = testRequest({
    output: { type: "json-schema", name: "x", schema: { $ref: "https://example.com/schema" } },
  });
  const error = await assertRejects(
    () =>
      run(() => {
        called = true;
        return {};
      }, request),
    RequestError,
  );
  assertEquals(error.param, "response_format");
  assertEquals(called, false);
});

Deno.test("AgenticWorkflow starts and ends what its definition has to start and end", async () => {
  const log: string[] = [];
  {
    await using workflow = new AgenticWorkflow({
      run: () => "x",
      start: () => Promise.resolve(void log.push("start")),
      [Symbol.asyncDispose]: () => Promise.resolve(void log.push("end")),
    });
    await workflow.start();
  }
  assertEquals(log, ["start", "end"]);
  await using plain = new AgenticWorkflow(() => "x");
  await plain.start();
});
