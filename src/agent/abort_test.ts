import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ModelEvent } from "../models/model.ts";
import { fold } from "../run/fold.ts";
import { FunctionModel, ScriptedModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { tool } from "../tools/tool.ts";
import type { Toolset } from "../tools/toolset.ts";
import { Agent } from "./agent.ts";
import { toolOutput } from "./output.ts";
import type { AgentOptions } from "./plan.ts";

const gone = new Error("client left");

Deno.test("an aborted signal ends the run before the model is called", async () => {
  const model = new ScriptedModel(["never"]);
  const context = testContext({ signal: AbortSignal.abort(gone) });
  const error = await assertRejects(() => fold(new Agent({ model }).run(testRequest(), context)));
  assertEquals(error, gone);
  assertEquals(model.requests.length, 0);
});

Deno.test("abort reaches the model call", async () => {
  const controller = new AbortController();
  let seen: AbortSignal | undefined;
  const model = new ScriptedModel([{
    before: (signal) => {
      seen = signal;
      controller.abort(gone);
    },
  }]);
  const context = testContext({ signal: controller.signal });
  const error = await assertRejects(() => fold(new Agent({ model }).run(testRequest(), context)));
  assertEquals([error, seen?.reason], [gone, gone]);
});

Deno.test("abort is noticed where a backend just stops talking", async () => {
  const controller = new AbortController();
  const model = new ScriptedModel([]);
  model.call = async function* (): AsyncGenerator<ModelEvent> {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "half an ans" };
    controller.abort(gone);
  };
  const context = testContext({ signal: controller.signal });
  const error = await assertRejects(() => fold(new Agent({ model }).run(testRequest(), context)));
  assertEquals(error, gone);
});

Deno.test("abort reaches running tools and does not wait for those that ignore it", async () => {
  const controller = new AbortController();
  const signals: AbortSignal[] = [];
  const tools = [1, 2].map((n) =>
    tool({
      name: `hang${n}`,
      execute: (_, ctx) => {
        if (signals.push(ctx.signal) === 2) queueMicrotask(() => controller.abort(gone));
        return new Promise(() => {});
      },
    })
  );
  const model = new ScriptedModel([{ toolCalls: [{ name: "hang1" }, { name: "hang2" }] }]);
  const context = testContext({ signal: controller.signal });
  const agent = new Agent({ model, tools });
  const error = await assertRejects(() => fold(agent.run(testRequest(), context)));
  assertEquals(error, gone);
  assertEquals(signals.map((signal) => signal.aborted), [true, true]);
  assertEquals(model.requests.length, 1);
});

Deno.test("abort ends the wait for the author's code and for starting toolsets", async () => {
  const hang = () => new Promise<never>(() => {});
  const waiting: readonly Omit<AgentOptions, "model">[] = [
    { instructions: hang },
    { outputValidators: [hang] },
    { historyProcessors: [hang] },
    { toolsets: [{ id: "slow", tools: hang }] },
    { toolsets: [{ id: "slow", start: hang, tools: () => [] }] },
    { output: toolOutput({ type: "object" }, { process: hang }) },
  ];
  for (const options of waiting) {
    const controller = new AbortController();
    const model = new FunctionModel(({ tools }) =>
      tools.length === 0 ? "x" : { toolCalls: [{ name: "final_result" }] }
    );
    const agent = new Agent({ model, ...options });
    const context = testContext({ signal: controller.signal });
    const failure = assertRejects(() => fold(agent.run(testRequest(), context)));
    // Every microtask queued so far has run when a message of a channel arrives.
    await macrotask();
    controller.abort(gone);
    assertEquals(await failure, gone);
  }
});

Deno.test("a toolset that starts after the abort is let go of", async () => {
  const controller = new AbortController();
  const starting = Promise.withResolvers<void>();
  const disposed = Promise.withResolvers<void>();
  const slow: Toolset = {
    id: "slow",
    start: () => starting.promise,
    tools: () => [],
    [Symbol.asyncDispose]: () => {
      disposed.resolve();
      return Promise.resolve();
    },
  };
  const agent = new Agent({ model: new ScriptedModel([]), toolsets: [slow] });
  const context = testContext({ signal: controller.signal });
  const failure = assertRejects(() => fold(agent.run(testRequest(), context)));
  await macrotask();
  controller.abort(gone);
  await failure;
  starting.resolve();
  await disposed.promise;
});

function macrotask(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

Deno.test("return() stops the model call", async () => {
  let closed = false;
  let signal: AbortSignal | undefined;
  const model = new ScriptedModel([]);
  model.call = async function* (_, options): AsyncGenerator<ModelEvent> {
    signal = options.signal;
    try {
      yield { type: "text-start" };
      for (;;) yield { type: "text-delta", text: "on and on " };
    } finally {
      closed = true;
    }
  };
  for await (const event of new Agent({ model }).run(testRequest(), testContext())) {
    if (event.type === "text-delta") break;
  }
  assert(closed);
  assert(signal?.aborted);
});

Deno.test("return() stops running tools", async () => {
  let signal: AbortSignal | undefined;
  const hang = tool({
    name: "hang",
    execute: (_, ctx) => {
      signal = ctx.signal;
      return new Promise(() => {});
    },
  });
  const quick = tool({ name: "quick", execute: () => "done" });
  const model = new ScriptedModel([{ toolCalls: [{ name: "hang" }, { name: "quick" }] }]);
  const events = new Agent({ model, tools: [hang, quick] }).run(testRequest(), testContext());
  for await (const event of events) {
    if (event.type === "trace" && event.trace.kind === "tool-result") break;
  }
  assert(signal?.aborted);
});

Deno.test("a run that ends well aborts nothing and listens no longer", async () => {
  const controller = new AbortController();
  let signal: AbortSignal | undefined;
  const look = tool({
    name: "look",
    execute: (_, ctx) => {
      signal = ctx.signal;
    },
  });
  const model = new ScriptedModel([{ toolCalls: [{ name: "look" }] }, "done"]);
  const agent = new Agent({ model, tools: [look] });
  await fold(agent.run(testRequest(), testContext({ signal: controller.signal })));
  controller.abort(gone);
  assert(!signal!.aborted);
});
