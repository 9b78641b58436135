import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Agent } from "../agent/agent.ts";
import type { AgentOptions } from "../agent/plan.ts";
import { RunBudget, type RunLimits } from "../run/budget.ts";
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import { NO_USAGE, type RunResult, type Usage } from "../run/result.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { macrotask } from "../testing/macrotask.ts";
import { FunctionModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { withinLimits } from "./inner_limits.ts";
import type { WorkflowRequest } from "./request.ts";
import { WorkflowResponse } from "./response.ts";
import { AgenticWorkflow } from "./workflow.ts";

const USAGE: Usage = { ...NO_USAGE, inputTokens: 10, outputTokens: 5 };

type Tool = NonNullable<AgentOptions["tools"]>[number];

/** A hidden tool that looks. */
function looker(execute: NonNullable<Tool["execute"]>): Tool {
  return {
    name: "look",
    definition: { name: "look", parameters: { type: "object" } },
    parse: (value) => ({ ok: true, value }),
    execute,
  };
}

const look = looker(() => "seen");

/** An agent that looks `looks` times, then says so. */
function looking(looks: number, options: Partial<AgentOptions> = {}) {
  const model = new FunctionModel(async ({ messages }) => {
    await macrotask();
    const done = messages.filter(({ role }) => role === "tool").length;
    return done < looks
      ? { usage: USAGE, toolCalls: [{ name: "look" }] }
      : { usage: USAGE, text: `looked ${done} times` };
  });
  return { model, agent: new Agent({ tools: [look], ...options, model }) };
}

/** A Runner that waits for the end of its signal, and tells of both. */
class Waiting implements Runner {
  readonly started = Promise.withResolvers<AbortSignal>();

  // deno-lint-ignore require-yield -- waits for its signal
  async *run(_: unknown, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<RunEvent> {
    this.started.resolve(signal);
    await new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

/** A Runner that counts nothing itself: it only tells its reader what it used. */
function telling(...usages: readonly Usage[]): Runner {
  return {
    async *run() {
      for (const usage of usages) yield { type: "usage", usage } as const;
      await Promise.resolve();
      yield { type: "finish", reason: "stop" };
    },
  };
}

/** Runs `use` in a workflow; what it returns, and what the workflow's run came to. */
async function inside<T>(
  use: (request: WorkflowRequest) => Promise<T>,
  { request = testRequest(), context = testContext<RunContext>() }: {
    readonly request?: ReturnType<typeof testRequest>;
    readonly context?: RunContext;
  } = {},
): Promise<RunResult & { readonly value: T }> {
  let result: { readonly value: T } | undefined;
  const workflow = new AgenticWorkflow(async (request) => {
    result = { value: await use(request) };
    return "";
  });
  return { ...await fold(checkGrammar(workflow.run(request, context))), ...result! };
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => work, RunError);
  assertEquals(error.code, "run-failed");
  return error.message;
}

Deno.test("run() holds an inner run to limits of its own, besides the agent's", async () => {
  const cases: readonly (readonly [RunLimits, RunLimits, string | undefined])[] = [
    [{}, {}, undefined],
    [{}, { maxSteps: 3, maxToolCalls: 2, maxTokens: 45 }, undefined],
    [{}, { maxSteps: 2 }, "maxSteps is 2, wanted 3"],
    [{}, { maxToolCalls: 1 }, "maxToolCalls is 1, wanted 2"],
    [{}, { maxTokens: 44 }, "maxTokens is 44, wanted 45"],
    [{}, { maxInputTokens: 29 }, "maxInputTokens is 29, wanted 30"],
    [{}, { maxOutputTokens: 14 }, "maxOutputTokens is 14, wanted 15"],
    [{ maxSteps: 2 }, { maxSteps: 9 }, "maxSteps is 2, wanted 3"],
    [{ maxSteps: 9 }, { maxSteps: 2 }, "maxSteps is 2, wanted 3"],
  ];
  for (const [own, limits, message] of cases) {
    const { agent } = looking(2, { limits: own });
    const run = inside((request) => request.run(agent, "Look", { limits }));
    if (message === undefined) assertEquals((await run).value.text, "looked 2 times");
    else assertEquals(await failure(run), `Run exceeded its limit: ${message}`);
  }
});

Deno.test("limits of one inner run are not those of the next", async () => {
  const { agent } = looking(2);
  const { value } = await inside(async (request) => {
    const limits = { maxSteps: 3, maxToolCalls: 2 };
    const first = await request.run(agent, "Look", { limits });
    const second = await request.run(agent, "Look", { limits });
    return [first.text, second.text];
  });
  assertEquals(value, ["looked 2 times", "looked 2 times"]);
});

Deno.test("a workflow goes on after an inner run met its limit", async () => {
  const { agent } = looking(9);
  const { value, consumed } = await inside(async (request) => {
    try {
      return (await request.run(agent, "Look", { limits: { maxSteps: 2 } })).text;
    } catch (error) {
      assert(error instanceof RunError);
      return "a shorter answer";
    }
  });
  assertEquals(value, "a shorter answer");
  assertEquals(consumed.inputTokens, 20);
});

Deno.test("runAll() shares its limits among all runs, each of which may have its own", async () => {
  const runs = (...looks: number[]) => looks.map((count) => ({ runner: looking(count).agent }));
  const enough = await inside((request) =>
    request.runAll(runs(1, 2, 3), { limits: { maxSteps: 9, maxToolCalls: 6, maxTokens: 135 } })
  );
  assertEquals(enough.value.map(({ text }) => text), [1, 2, 3].map((n) => `looked ${n} times`));
  assertEquals(
    await failure(inside((request) => request.runAll(runs(1, 2, 3), { limits: { maxSteps: 8 } }))),
    "Run exceeded its limit: maxSteps is 8, wanted 9",
  );
  assertEquals(
    await failure(
      inside((request) => request.runAll(runs(1, 2, 3), { limits: { maxToolCalls: 5 } })),
    ),
    "Run exceeded its limit: maxToolCalls is 5, wanted 6",
  );
  const settled = await inside((request) =>
    request.runAll([
      { runner: looking(1).agent, options: { limits: { maxSteps: 1 } } },
      { runner: looking(1).agent, options: { limits: { maxSteps: 2 } } },
    ], { settle: true, limits: { maxSteps: 3 } })
  );
  assertEquals(settled.value.map(({ status }) => status), ["rejected", "fulfilled"]);
});

Deno.test("runs that go together never make one call more than their limit", async () => {
  const { agent, model } = looking(1000);
  const { value } = await inside((request) =>
    request.runAll(Array.from({ length: 10 }, () => ({ runner: agent })), {
      settle: true,
      limits: { maxSteps: 37 },
    })
  );
  assertEquals(value.every(({ status }) => status === "rejected"), true);
  assertEquals(model.requests.length, 37);
});

Deno.test("maxSeconds ends an inner run and nothing else, and leaves no timer", async () => {
  const context = testContext();
  const [late, other] = [new Waiting(), new Waiting()];
  const { value } = await inside(async (request) => {
    const limited = request.run(late, "x", { limits: { maxSeconds: 2 } });
    const free = request.run(other, "x");
    const signal = await late.started.promise;
    const untouched = await other.started.promise;
    context.clock.advance(1999);
    assertEquals(signal.aborted, false);
    context.clock.advance(1);
    const error = await assertRejects(() => limited, RunError);
    assertEquals([error.code, error.message], [
      "run-failed",
      "Run exceeded its limit: maxSeconds is 2",
    ]);
    assertEquals([untouched.aborted, request.signal.aborted], [false, false]);
    void free;
    return "went on";
  }, { context });
  assertEquals(value, "went on");
  assertEquals(context.clock.pending, 0);
});

Deno.test("maxSeconds of runAll() is for all from their common beginning", async () => {
  const context = testContext();
  const waiting = [new Waiting(), new Waiting()];
  const { value } = await inside(async (request) => {
    const all = request.runAll([
      ...waiting.map((runner) => ({ runner })),
      { runner: looking(0).agent },
      { runner: new Waiting(), options: { limits: { maxSeconds: 1 } } },
    ], { settle: true, limits: { maxSeconds: 3 } });
    for (const { started } of waiting) await started.promise;
    for (let second = 0; second < 3; second++) {
      context.clock.advance(1000);
      await macrotask();
    }
    return await all;
  }, { context });
  assertEquals(
    value.map((each) => each.status === "rejected" ? each.reason.message : each.value.text),
    [
      "Run exceeded its limit: maxSeconds is 3",
      "Run exceeded its limit: maxSeconds is 3",
      "looked 0 times",
      "Run exceeded its limit: maxSeconds is 1",
    ],
  );
  assertEquals(context.clock.pending, 0);
});

Deno.test("a deadline that is not met leaves no timer, however its run ended", async () => {
  const context = testContext();
  const broken: Runner = {
    // deno-lint-ignore require-yield -- fails before it has anything to say
    async *run() {
      await Promise.resolve();
      throw new Error("broken");
    },
  };
  await inside(async (request) => {
    const limits = { maxSeconds: 60 };
    await request.run(looking(0).agent, "x", { limits });
    assertEquals(context.clock.pending, 0);
    await assertRejects(() => request.run(broken, "x", { limits }), Error, "broken");
    assertEquals(context.clock.pending, 0);
    const signal = AbortSignal.abort(new Error("not even begun"));
    await assertRejects(
      () => request.run(looking(0).agent, "x", { limits, signal }),
      Error,
      "not even begun",
    );
    assertEquals(context.clock.pending, 0);
  }, { context });
});

Deno.test("a client that leaves ends inner runs with their limits", async () => {
  const controller = new AbortController();
  const context = testContext({ signal: controller.signal });
  const waiting = new Waiting();
  const run = inside((request) => request.run(waiting, "x", { limits: { maxSeconds: 60 } }), {
    context,
  });
  const signal = await waiting.started.promise;
  const gone = new Error("client left");
  controller.abort(gone);
  assertStrictEquals(await assertRejects(() => run), gone);
  assertStrictEquals(signal.reason, gone);
  await macrotask();
  assertEquals(context.clock.pending, 0);
});

Deno.test("a client's most tool calls hold for all inner runs together", async () => {
  const counts: number[] = [];
  for (const maxToolCalls of [0, 1, 3, undefined]) {
    let looks = 0;
    const counted = looker(() => ++looks);
    const agent = new Agent({
      tools: [counted],
      model: new FunctionModel(({ messages }) =>
        messages.at(-1)!.role === "tool" ? "enough" : { toolCalls: [{ name: "look" }] }
      ),
    });
    const request = testRequest({ maxToolCalls });
    await inside(async (request) => {
      await request.run(agent, "x");
      await request.runAll([{ runner: agent }, { runner: agent }, { runner: agent }]);
    }, { request });
    counts.push(looks);
  }
  assertEquals(counts, [0, 1, 3, 4]);
});

Deno.test("what a workflow's inner runs use counts for the run that the workflow is inside of", async () => {
  const told: number[] = [];
  const budget = new RunBudget({ maxSteps: 5 }, {
    onInnerUsage: ({ inputTokens }) => told.push(inputTokens),
  });
  const context = testContext({ budget });
  const { agent } = looking(1);
  for (const request of [testRequest(), testRequest({ maxToolCalls: 9 })]) {
    await inside((inner) => inner.run(agent, "x", { limits: { maxSteps: 2 } }), {
      request,
      context,
    });
  }
  assertEquals(told, [10, 10, 10, 10]);
  assertEquals(
    await failure(inside((inner) => inner.run(agent, "x"), { context })),
    "Run exceeded its limit: maxSteps is 5, wanted 6",
  );
});

Deno.test("limits hold for Runners that tell what they use to their reader alone", async () => {
  const limits = { maxTokens: 30 };
  const use = (...usages: Usage[]) =>
    inside((request) => request.run(telling(...usages), "x", { limits }));
  assertEquals((await use(USAGE, USAGE)).consumed.inputTokens, 20);
  assertEquals(
    await failure(use(USAGE, USAGE, USAGE)),
    "Run exceeded its limit: maxTokens is 30, wanted 45",
  );
  const responding = new AgenticWorkflow(() =>
    new WorkflowResponse({ content: "x", usage: { inputTokens: 31 } })
  );
  assertEquals(
    await failure(inside((request) => request.run(responding, "x", { limits }))),
    "Run exceeded its limit: maxTokens is 30, wanted 31",
  );
  const two = inside((request) =>
    request.runAll([{ runner: telling(USAGE) }, { runner: telling(USAGE, USAGE) }], { limits })
  );
  assertEquals(await failure(two), "Run exceeded its limit: maxTokens is 30, wanted 45");
});

Deno.test("the prompts of runs deeper inside stay out of what the client is told", async () => {
  const inner = looking(0).agent;
  const asking = looker(async (_, ctx) => (await inner.generate("x", { context: ctx.run })).text);
  const model = new FunctionModel(({ messages }) =>
    messages.at(-1)!.role === "tool"
      ? { text: "x", usage: { inputTokens: 2, outputTokens: 1 } }
      : { toolCalls: [{ name: "look" }], usage: { inputTokens: 1, outputTokens: 1 } }
  );
  const agent = new Agent({ model, tools: [asking] });
  const events: RunEvent[] = [];
  const workflow = new AgenticWorkflow((request) => request.run(agent));
  for await (const event of workflow.run(testRequest(), testContext())) events.push(event);
  const usages = events.flatMap((event) => event.type === "usage" ? [event] : []);
  assertEquals(usages.map(({ usage, inner }) => [usage.inputTokens, inner ?? false]), [
    [1, false],
    [10, true],
    [2, false],
  ]);
});

Deno.test("withinLimits() gives the context itself where there are no limits", async () => {
  const context = testContext();
  assertStrictEquals(
    await withinLimits<RunContext>(context, undefined, (inner) => Promise.resolve(inner)),
    context,
  );
  const inner = await withinLimits<RunContext>(context, {}, (inner) => Promise.resolve(inner));
  assertStrictEquals(inner.signal, context.signal);
  assert(inner.budget);
  await assertRejects(
    () => withinLimits(context, { maxSeconds: 1 }, () => Promise.reject(new Error("broken"))),
    Error,
    "broken",
  );
  assertEquals(context.clock.pending, 0);
});
