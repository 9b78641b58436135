import { assert, assertEquals, assertFalse, assertRejects, assertStrictEquals } from "@std/assert";
import { fold } from "../run/fold.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import type { WorkflowRequest } from "./request.ts";
import { AgenticWorkflow } from "./workflow.ts";

const REASON = new Error("The client has left");

Deno.test("AgenticWorkflow ends at once when aborted, though its function is deaf", async () => {
  const controller = new AbortController();
  const workflow = new AgenticWorkflow(() => new Promise<string>(() => {}));
  const events = workflow.run(testRequest(), testContext({ signal: controller.signal }));
  const step = events.next();
  controller.abort(REASON);
  assertStrictEquals(await assertRejects(() => step), REASON);
  assertEquals(await events.next(), { done: true, value: undefined });
});

Deno.test("AgenticWorkflow ends at once when aborted, though its generator is deaf", async () => {
  const controller = new AbortController();
  const workflow = new AgenticWorkflow(async function* () {
    yield "a";
    await new Promise(() => {});
  });
  const events = workflow.run(testRequest(), testContext({ signal: controller.signal }));
  await events.next();
  await events.next();
  const step = events.next();
  controller.abort(REASON);
  assertStrictEquals(await assertRejects(() => step), REASON);
});

Deno.test("AgenticWorkflow returns at once, though its generator is deaf", async () => {
  const workflow = new AgenticWorkflow(async function* () {
    yield "a";
    await new Promise(() => {});
  });
  const events = workflow.run(testRequest(), testContext());
  await events.next();
  await events.next();
  const step = events.next();
  assertEquals(await events.return?.(), { done: true, value: undefined });
  assertEquals(await step, { done: true, value: undefined });
});

Deno.test("AgenticWorkflow returns once an idle generator has cleaned up", async () => {
  let cleaned = false;
  const workflow = new AgenticWorkflow(async function* () {
    try {
      yield "a";
      yield "b";
    } finally {
      await Promise.resolve();
      cleaned = true;
    }
  });
  const events = workflow.run(testRequest(), testContext());
  await events.next();
  await events.next();
  await events.return?.();
  assert(cleaned);
});

Deno.test("AgenticWorkflow closes text that comes after the run has ended", async () => {
  const late = Promise.withResolvers<ReadableStream<string>>();
  const closed = Promise.withResolvers<void>();
  const controller = new AbortController();
  const workflow = new AgenticWorkflow(() => late.promise);
  const events = workflow.run(testRequest(), testContext({ signal: controller.signal }));
  const step = events.next();
  controller.abort(REASON);
  await assertRejects(() => step);
  late.resolve(new ReadableStream<string>({ cancel: () => closed.resolve() }));
  await closed.promise;
});

Deno.test("AgenticWorkflow logs a generator's failure to clean up and ends all the same", async () => {
  const context = testContext();
  const workflow = new AgenticWorkflow(async function* () {
    try {
      yield "a";
      yield "b";
    } finally {
      await Promise.reject(new Error("stuck door"));
    }
  });
  for await (const event of workflow.run(testRequest(), context)) {
    if (event.type === "text-delta") break;
  }
  assertEquals(context.logger.entries, [{
    level: "warn",
    message: "Workflow failed to clean up its text source",
    fields: { error: "Error: stuck door" },
  }]);
});

Deno.test("WorkflowRequest.signal is aborted with the run's signal, for the same reason", async () => {
  const controller = new AbortController();
  let seen: AbortSignal | undefined;
  const workflow = new AgenticWorkflow((request) => {
    seen = request.signal;
    return new Promise<string>(() => {});
  });
  const events = workflow.run(testRequest(), testContext({ signal: controller.signal }));
  const step = events.next();
  controller.abort(REASON);
  await assertRejects(() => step);
  assertStrictEquals(seen?.reason, REASON);
});

Deno.test("WorkflowRequest.signal is aborted when the reader returns or the answer is complete", async () => {
  let seen: AbortSignal | undefined;
  const workflow = new AgenticWorkflow(async function* (request) {
    seen = request.signal;
    yield "a";
  });
  const events = workflow.run(testRequest(), testContext());
  await events.next();
  assertFalse(seen?.aborted);
  await events.return?.();
  assert(seen?.aborted);
  await fold(workflow.run(testRequest(), testContext()));
  assert(seen?.aborted);
});

Deno.test("WorkflowRequest.signal is aborted for one who asks after the end", async () => {
  let kept: WorkflowRequest | undefined;
  const workflow = new AgenticWorkflow((request) => {
    kept = request;
    return "done";
  });
  await fold(workflow.run(testRequest(), testContext()));
  assert(kept?.signal.aborted);
});

Deno.test("AgenticWorkflow leaves no listener on a signal that outlives the run", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.assign(signal, {
    addEventListener: (...args: Parameters<typeof add>) => (listeners++, add(...args)),
    removeEventListener: (...args: Parameters<typeof remove>) => (listeners--, remove(...args)),
  });
  const workflow = new AgenticWorkflow((request) => {
    if (request.latestUserText() === "fail") throw new Error("asked for");
    return "done";
  });
  await fold(workflow.run(testRequest(), testContext({ signal })));
  await assertRejects(() => fold(workflow.run(testRequest("fail"), testContext({ signal }))));
  const stopped = workflow.run(testRequest(), testContext({ signal }));
  await stopped.next();
  await stopped.return?.();
  assertEquals(listeners, 0);
});
