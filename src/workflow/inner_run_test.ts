import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RequestError, RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import type { Message, RunRequest } from "../run/request.ts";
import type { Usage } from "../run/result.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import type { InnerResult } from "./inner_run.ts";
import type { WorkflowRequest } from "./request.ts";
import { WorkflowResponse } from "./response.ts";
import { AgenticWorkflow } from "./workflow.ts";

const USAGE: Usage = { inputTokens: 3, cachedInputTokens: 0, outputTokens: 2, reasoningTokens: 0 };

/** A Runner that gives `events` and remembers what it was asked. */
function runnerOf(...events: RunEvent[]): Runner & { request?: RunRequest; context?: RunContext } {
  return {
    async *run(request, context) {
      this.request = request;
      this.context = context;
      yield* events;
    },
  };
}

function saying(text: string): RunEvent[] {
  return [
    { type: "text-start" },
    { type: "text-delta", text },
    { type: "text-end" },
    { type: "finish", reason: "stop" },
  ];
}

/** Runs `use` in a workflow and gives what the inner run came to. */
async function inside(
  use: (request: WorkflowRequest) => Promise<InnerResult>,
  request: RunRequest = testRequest("Outer question"),
  context: RunContext = testContext(),
): Promise<InnerResult> {
  let result: InnerResult | undefined;
  const workflow = new AgenticWorkflow(async (request) => {
    result = await use(request);
    return "";
  });
  await fold(workflow.run(request, context));
  return result!;
}

Deno.test("run() asks the conversation by default, without the client's tools and format", async () => {
  const runner = runnerOf(...saying("Inner answer"));
  const outer = testRequest({
    tools: [{ name: "f", kind: "function" }],
    toolChoice: { type: "none" },
    settings: { maxTokens: 5 },
    parameters: { user: "u" },
    stream: true,
  });
  const result = await inside((request) => request.run(runner), outer);
  assertEquals(result.text, "Inner answer");
  assertEquals(result.output, "Inner answer");
  assertEquals(runner.request, {
    ...outer,
    tools: [],
    toolChoice: { type: "auto" },
    settings: {},
    stream: false,
  });
});

Deno.test("run() takes a prompt or messages instead", async () => {
  const runner = runnerOf(...saying("ok"));
  await inside((request) => request.run(runner, "Inner question"));
  assertEquals(runner.request?.messages, testRequest("Inner question").messages);
  const messages: Message[] = [{ role: "system", content: "Judge" }];
  await inside((request) => request.run(runner, messages));
  assertEquals(runner.request?.messages, messages);
});

Deno.test("run() passes deps and the rest of the context on, and options instead of them", async () => {
  const runner = runnerOf(...saying("ok"));
  const context = testContext({ deps: { a: 1 } });
  await inside((request) => request.run(runner), testRequest(), context);
  assertStrictEquals(runner.context?.deps, context.deps);
  assertStrictEquals(runner.context?.turns, context.turns);
  assertEquals(runner.context?.runId, context.runId);
  await inside((request) => request.run(runner, "x", { deps: undefined }), testRequest(), context);
  assertEquals(runner.context?.deps, undefined);
});

Deno.test("run() gives a parsed output when JSON was asked for", async () => {
  const runner = runnerOf(...saying('{"score":7}'));
  const result = await inside((request) =>
    request.run(runner, "x", { output: { type: "json-object" } })
  );
  assertEquals(result.output, { score: 7 });
  assertEquals(runner.request?.output, { type: "json-object" });
  const number = await inside((request) =>
    request.run(runnerOf(...saying("7")), "x", { output: { type: "json-object" } })
  );
  assertEquals(number.output, 7);
});

Deno.test("run() gives a parsed output when an agent answers in JSON by itself", async () => {
  const outputOf = async (text: string) =>
    (await inside((request) => request.run(runnerOf(...saying(text))))).output;
  assertEquals(await outputOf('{"score":7}'), { score: 7 });
  assertEquals(await outputOf("[1]"), [1]);
  assertEquals(await outputOf("[1] is a footnote"), "[1] is a footnote");
  assertEquals(await outputOf("7"), "7");
});

Deno.test("run() fails when JSON was asked for and something else came", async () => {
  const run = inside((request) =>
    request.run(runnerOf(...saying("Sorry")), "x", { output: { type: "json-object" } })
  );
  assertEquals((await assertRejects(() => run, RunError)).code, "run-failed");
});

Deno.test("run() counts the inner run's tokens for the outer run, even when that fails", async () => {
  const runner = runnerOf(
    { type: "usage", usage: USAGE },
    { type: "usage", usage: USAGE },
    ...saying("ok"),
  );
  const workflow = new AgenticWorkflow(async (request) => {
    const result = await request.run(runner);
    assertEquals([result.usage.inputTokens, result.usage.outputTokens], [6, 4]);
    if (request.latestUserText() === "fail") throw new Error("asked for");
    return result.text;
  });
  const result = await fold(workflow.run(testRequest(), testContext()));
  assertEquals([result.consumed.inputTokens, result.consumed.outputTokens], [6, 4]);
  assertEquals(result.modelCalls, 2);
  const seen: string[] = [];
  await assertRejects(
    async () => {
      for await (const event of workflow.run(testRequest("fail"), testContext())) {
        seen.push(event.type);
      }
    },
    Error,
    "asked for",
  );
  assertEquals(seen, ["usage", "usage"]);
});

Deno.test("run() reports tokens while the inner run is still going", async () => {
  const gate = Promise.withResolvers<void>();
  const runner: Runner = {
    async *run() {
      yield { type: "usage", usage: USAGE };
      await gate.promise;
      yield* saying("ok");
    },
  };
  const workflow = new AgenticWorkflow((request) => request.run(runner));
  const events = workflow.run(testRequest(), testContext());
  assertEquals((await events.next()).value, { type: "usage", usage: USAGE });
  gate.resolve();
  assertEquals((await fold(events)).text, "ok");
});

Deno.test("run() keeps the inner run's traces and reasoning inside", async () => {
  const runner = runnerOf(
    { type: "trace", trace: { kind: "tool-call", id: "t1", name: "hidden_tool" } },
    { type: "reasoning-start", source: "model" },
    { type: "reasoning-delta", text: "hidden thought" },
    { type: "reasoning-end" },
    ...saying("ok"),
  );
  const events: RunEvent[] = [];
  const workflow = new AgenticWorkflow((request) => request.run(runner));
  for await (const event of workflow.run(testRequest(), testContext())) events.push(event);
  assertEquals(events, saying("ok"));
});

Deno.test("run() results may be returned as they are: text, calls, refusal, reason", async () => {
  const call: RunEvent[] = [
    { type: "tool-call-start", id: "call_inner", name: "f", kind: "function" },
    { type: "tool-call-delta", arguments: "{not json" },
    { type: "tool-call-end" },
  ];
  const outcome = async (...events: RunEvent[]) => {
    const workflow = new AgenticWorkflow((request) =>
      request.run(runnerOf(...events), undefined, { tools: request.clientTools })
    );
    const request = testRequest({ tools: [{ name: "f", kind: "function" }] });
    return await fold(workflow.run(request, testContext()));
  };
  const called = await outcome(...call, { type: "finish", reason: "tool-calls" });
  assertEquals(called.finishReason, "tool-calls");
  assertEquals(called.toolCalls, [
    { id: "call_inner", name: "f", kind: "function", arguments: "{not json" },
  ]);
  const cut = await outcome(...saying("half").slice(0, -1), { type: "finish", reason: "length" });
  assertEquals([cut.text, cut.finishReason], ["half", "length"]);
  const refused = await outcome(
    { type: "refusal-start" },
    { type: "refusal-delta", text: "No" },
    { type: "refusal-end" },
    { type: "finish", reason: "stop" },
  );
  assertEquals([refused.refusal, refused.text, refused.finishReason], ["No", "", "stop"]);
});

Deno.test("run() hands calls out for the workflow to answer", async () => {
  const runner = runnerOf(
    { type: "tool-call-start", id: "call_inner", name: "f", kind: "function" },
    { type: "tool-call-delta", arguments: "{}" },
    { type: "tool-call-end" },
    { type: "finish", reason: "tool-calls" },
  );
  const result = await inside((request) =>
    request.run(runner, "x", { tools: [{ name: "f", kind: "function" }] })
  );
  assertEquals(result.toolCalls.map((call) => call.name), ["f"]);
  assertEquals(result.finishReason, "tool-calls");
});

Deno.test("run() does not blame the client for the workflow's own prompt", async () => {
  const refusing: Runner = {
    // deno-lint-ignore require-yield -- fails before it has anything to say
    async *run() {
      throw new RequestError("unsupported-value", "Image is not supported", {
        param: "messages[0].content",
      });
    },
  };
  await assertRejects(() => inside((request) => request.run(refusing)), RequestError);
  const error = await assertRejects(
    () => inside((request) => request.run(refusing, "x")),
    RunError,
  );
  assertEquals(error.code, "run-failed");
});

Deno.test("run() can be ended alone, and several can run at once", async () => {
  const controller = new AbortController();
  const deaf: Runner = {
    // deno-lint-ignore require-yield -- waits for its signal
    async *run(_request, { signal }) {
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    },
  };
  const workflow = new AgenticWorkflow(async (request) => {
    const [answer, ended] = await Promise.allSettled([
      request.run(runnerOf(...saying("quick"))),
      request.run(deaf, "x", { signal: controller.signal }),
      Promise.resolve().then(() => controller.abort(new Error("enough"))),
    ]);
    assert(answer.status === "fulfilled" && ended.status === "rejected");
    return new WorkflowResponse({ content: `${answer.value.text}, ${ended.reason.message}` });
  });
  const result = await fold(workflow.run(testRequest(), testContext()));
  assertEquals(result.text, "quick, enough");
});

Deno.test("run() is stopped with the outer run", async () => {
  const stopped = Promise.withResolvers<unknown>();
  const started = Promise.withResolvers<void>();
  const endless: Runner = {
    // deno-lint-ignore require-yield -- waits for its signal
    async *run(_request, { signal }) {
      signal.addEventListener("abort", () => stopped.resolve(signal.reason), { once: true });
      started.resolve();
      await stopped.promise;
      signal.throwIfAborted();
    },
  };
  const controller = new AbortController();
  const workflow = new AgenticWorkflow((request) => request.run(endless));
  const run = fold(workflow.run(testRequest(), testContext({ signal: controller.signal })));
  run.catch(() => {});
  await started.promise;
  const reason = new Error("The client has left");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => run), reason);
  assertStrictEquals(await stopped.promise, reason);
});

Deno.test("run() left behind by a finished workflow is stopped and harms nobody", async () => {
  const stopped = Promise.withResolvers<void>();
  const waiting: Runner = {
    // deno-lint-ignore require-yield -- waits for its signal
    async *run(_request, { signal }) {
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }).finally(stopped.resolve);
    },
  };
  const workflow = new AgenticWorkflow((request) => {
    request.run(waiting);
    return "Not waiting";
  });
  assertEquals((await fold(workflow.run(testRequest(), testContext()))).text, "Not waiting");
  await stopped.promise;
});
