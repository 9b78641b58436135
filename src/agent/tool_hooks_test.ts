import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { z } from "zod";
import { HttpError, RequestError, RunError } from "../run/error.ts";
import type { Trace } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import type { Message } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import { macrotask } from "../testing/macrotask.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import type { HookedToolCall, ToolHooks } from "../tools/hooks.ts";
import { ApprovalRequired, ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { PrefixedToolset } from "../tools/prefixed.ts";
import { SchemaMismatch } from "../tools/schema.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import { toolOutput } from "./output.ts";
import type { AgentOptions } from "./plan.ts";
import { DENIED_TEXT, NOBODY_TO_ASK_TEXT } from "./retry_text.ts";

type Call = NonNullable<ScriptedTurn["toolCalls"]>[number];

const FIX = "\n\nFix the errors and try again.";

/** Says what it was called with. */
const echo = tool({
  name: "echo",
  parameters: z.object({ n: z.number(), unit: z.string().default("m") }),
  retries: 3,
  execute: (args) => JSON.stringify(args),
});

function results(messages: readonly Message[]): string[] {
  return messages.flatMap((message) =>
    message.role === "tool"
      ? [message.content.map((part) => part.type === "text" ? part.text : part.type).join("|")]
      : []
  );
}

/** What the model reads after a batch of calls. */
async function afterCalls(
  calls: readonly Call[],
  options: Omit<AgentOptions, "model">,
  context: RunContext = testContext(),
): Promise<string[]> {
  const model = new ScriptedModel([{ toolCalls: calls }, "done"]);
  await fold(new Agent({ model, ...options }).run(testRequest(), context));
  return results(model.requests[1]!.messages);
}

function echoed(
  hooks: readonly ToolHooks[],
  args: unknown = { n: 1 },
  options: Omit<AgentOptions, "model"> = {},
): Promise<string> {
  return afterCalls([{ name: "echo", arguments: args }], { tools: [echo], hooks, ...options })
    .then(([text]) => text!);
}

/** A set of hooks that writes down when each of them is called; every other one is async. */
function logging(name: string, log: string[]): ToolHooks {
  const note = (what: string) => void log.push(`${name} ${what}`);
  const around = async (
    what: string,
    call: HookedToolCall,
    next: (args: unknown) => Promise<unknown>,
  ) => {
    note(`${what}>`);
    const result = await next(call.args);
    note(`<${what}`);
    return result;
  };
  return {
    beforeToolValidate: () => note("before check"),
    wrapToolValidate: (_, call, next) => around("check", call, next),
    afterToolValidate: () => Promise.resolve(note("after check")),
    beforeToolExecute: () => Promise.resolve(note("before run")),
    wrapToolExecute: (_, call, next) => around("run", call, next),
    afterToolExecute: () => note("after run"),
    onToolValidateError: () => note("check failed"),
    onToolExecuteError: () => note("run failed"),
  };
}

Deno.test("before goes in list order, wrap nests, after goes in reverse", async () => {
  const log: string[] = [];
  assertEquals(await echoed([logging("a", log), logging("b", log)]), '{"n":1,"unit":"m"}');
  assertEquals(log, [
    ...["a before check", "b before check", "a check>", "b check>", "b <check", "a <check"],
    ...["b after check", "a after check"],
    ...["a before run", "b before run", "a run>", "b run>", "b <run", "a <run"],
    ...["b after run", "a after run"],
  ]);
});

Deno.test("hooks see the call, the definition and the arguments at their point", async () => {
  const seen: unknown[] = [];
  const hooks: ToolHooks<string> = {
    beforeToolValidate: (ctx, { call, definition, args }) =>
      void seen.push([ctx.deps, call.id, call.arguments, definition.description, args]),
    afterToolValidate: (_, { args }) => void seen.push(args),
    beforeToolExecute: (ctx, { args }) => void seen.push([ctx.retry, ctx.maxRetries, args]),
    afterToolExecute: (_, { args }, result) => void seen.push([args, result]),
  };
  const model = new ScriptedModel([
    { toolCalls: [{ id: "c1", name: "echo", arguments: '{"n": 1}' }] },
    "done",
  ]);
  const agent = new Agent<string>({
    model,
    tools: [echo],
    hooks: [hooks],
    prepareTools: (_, definitions) =>
      definitions.map((definition) => ({ ...definition, description: "edited" })),
  });
  await fold(agent.run(testRequest(), testContext({ deps: "mine" })));
  const full = { n: 1, unit: "m" };
  assertEquals(seen, [
    ["mine", "c1", '{"n": 1}', "edited", { n: 1 }],
    full,
    [0, 3, full],
    [full, JSON.stringify(full)],
  ]);
});

Deno.test("hooks know a tool by its own name, the agent's and the model's", async () => {
  let seen: unknown;
  const hook: ToolHooks = {
    beforeToolExecute: (ctx, { call, definition, ownName }) => {
      seen = [ownName, definition.name, call.name, ctx.toolName];
    },
  };
  const inner = tool({ name: "look", execute: () => "seen" });
  const model = new ScriptedModel([{ toolCalls: [{ name: "web_look_2" }] }, "done"]);
  const agent = new Agent({
    model,
    toolsets: [new PrefixedToolset(new FunctionToolset([inner]), "web")],
    hooks: [hook],
  });
  const request = testRequest({ tools: [{ name: "web_look", kind: "function" }] });
  await fold(agent.run(request, testContext()));
  assertEquals(seen, ["look", "web_look", "web_look_2", "web_look"]);
});

Deno.test("hooks change arguments and results, undefined leaves them, null is a result", async () => {
  assertEquals(await echoed([{ beforeToolValidate: () => ({ n: 2 }) }]), '{"n":2,"unit":"m"}');
  assertEquals(
    await echoed([{ afterToolValidate: (_, { args }) => ({ ...Object(args), n: 3 }) }]),
    '{"n":3,"unit":"m"}',
  );
  // Nobody checks these.
  assertEquals(await echoed([{ beforeToolExecute: () => ({ x: 4 }) }]), '{"x":4}');
  assertEquals(await echoed([{ afterToolExecute: () => "other" }]), "other");
  assertEquals(await echoed([{ afterToolExecute: () => undefined }]), '{"n":1,"unit":"m"}');
  assertEquals(await echoed([{ afterToolExecute: () => null }]), "");
});

Deno.test("what an earlier hook made is what the next one sees", async () => {
  const add: ToolHooks = {
    beforeToolValidate: (_, { args }) => ({ n: (args as { n: number }).n + 1 }),
    afterToolExecute: (_, _call, result) => `${result}!`,
  };
  assertEquals(await echoed([add, add]), '{"n":3,"unit":"m"}!!');
});

Deno.test("a wrap may skip the tool, or call it again", async () => {
  let ran = 0;
  const flaky = tool({
    name: "flaky",
    execute: () => {
      if (++ran === 1) throw new Error("down");
      return `attempt ${ran}`;
    },
  });
  const skip: ToolHooks = { wrapToolExecute: () => "cached" };
  assertEquals(await afterCalls([{ name: "flaky" }], { tools: [flaky], hooks: [skip] }), [
    "cached",
  ]);
  assertEquals(ran, 0);
  const again: ToolHooks = {
    wrapToolExecute: async (_, { args }, next) => {
      try {
        return await next(args);
      } catch {
        return await next(args);
      }
    },
  };
  assertEquals(await afterCalls([{ name: "flaky" }], { tools: [flaky], hooks: [again] }), [
    "attempt 2",
  ]);
});

Deno.test("hooks of output tools, client tools, made-up names and broken JSON do not exist", async () => {
  const log: string[] = [];
  const model = new ScriptedModel([
    { toolCalls: [{ name: "ghost" }, { name: "echo", arguments: '{"n":' }] },
    { toolCalls: [{ name: "final_result", arguments: {} }] },
  ]);
  const agent = new Agent({
    model,
    tools: [echo],
    output: toolOutput({ type: "object" }),
    hooks: [logging("a", log)],
  });
  await agent.generate("x");
  const asking = new ScriptedModel([{ toolCalls: [{ name: "ask" }] }]);
  const request = testRequest({ tools: [{ name: "ask", kind: "function" }] });
  await fold(
    new Agent({ model: asking, hooks: [logging("b", log)] }).run(request, testContext()),
  );
  assertEquals(log, []);
});

Deno.test("onToolValidateError sees what is wrong and may mend it", async () => {
  const seen: unknown[] = [];
  const mend: ToolHooks = {
    onToolValidateError: (_, { args }, error) => {
      seen.push(error instanceof SchemaMismatch && error.issues[0]?.path);
      return { n: Number((args as { n: unknown }).n), unit: "km" };
    },
  };
  assertEquals(await echoed([mend], { n: "7" }), '{"n":7,"unit":"km"}');
  assertEquals(seen, ["n"]);
  const look: ToolHooks = { onToolValidateError: () => {} };
  const text = await echoed([look], { n: "7" });
  assert(text.startsWith("1 validation error:") && text.endsWith(FIX), text);
});

Deno.test("onToolExecuteError: throws propagate or transform, values recover, nothing leaves it", async () => {
  const boom = new Error("boom");
  const breaking = tool({
    name: "breaking",
    execute: () => {
      throw boom;
    },
  });
  const run = (...hooks: ToolHooks[]) =>
    afterCalls([{ name: "breaking" }], { tools: [breaking], hooks }).then(([text]) => text);
  assertEquals(await run({ onToolExecuteError: () => "recovered" }), "recovered");
  assertEquals(await run({ onToolExecuteError: () => null }), "");
  const unseen: unknown[] = [];
  assertEquals(
    await run(
      { onToolExecuteError: (_, _call, error) => void unseen.push(error) },
      { onToolExecuteError: () => "inner first", afterToolExecute: (_, _c, text) => `${text}!` },
    ),
    "inner first!",
  );
  assertEquals(unseen, []);
  const transform = await run(
    { onToolExecuteError: (_, _call, error) => `outer saw ${(error as Error).message}` },
    {
      onToolExecuteError: () => {
        throw new Error("transformed");
      },
    },
  );
  assertEquals(transform, "outer saw transformed");
  assertEquals(
    await run({
      onToolExecuteError: () => {
        throw new ToolFailed("Try elsewhere");
      },
    }),
    '{"error":"Try elsewhere"}',
  );
  const error = await assertRejects(() => run({ onToolExecuteError: () => {} }), RunError);
  assertEquals([error.message, error.cause], ['Tool "breaking" failed', boom]);
});

Deno.test("what onToolExecuteError means for the model is not up for recovery", async () => {
  let asked = false;
  const breaking = tool({
    name: "breaking",
    execute: () => {
      throw new Error("boom");
    },
  });
  const hooks: ToolHooks[] = [
    { onToolExecuteError: () => asked = true },
    throwing("onToolExecuteError", new ToolFailed("No use")),
  ];
  assertEquals(await afterCalls([{ name: "breaking" }], { tools: [breaking], hooks }), [
    '{"error":"No use"}',
  ]);
  assert(!asked);
});

Deno.test("hooks of errors are not asked about the abort of a run", async () => {
  const controller = new AbortController();
  const gone = new Error("client left");
  let asked = false;
  const waits = tool({
    name: "waits",
    execute: (_, { signal }) => {
      queueMicrotask(() => controller.abort(gone));
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    },
  });
  const context = testContext({ signal: controller.signal });
  const hooks: ToolHooks[] = [{ onToolExecuteError: () => asked = true }];
  const error = await assertRejects(() =>
    afterCalls([{ name: "waits" }], { tools: [waits], hooks }, context)
  );
  await macrotask();
  assertEquals([error, asked], [gone, false]);
});

Deno.test("an abort ends the wait for a schema that takes its time", async () => {
  const controller = new AbortController();
  const gone = new Error("client left");
  const parameters = z.object({ id: z.string().refine(() => new Promise<boolean>(() => {})) });
  const slow = tool({ name: "slow", parameters, execute: () => "ran" });
  const context = testContext({ signal: controller.signal });
  const failure = assertRejects(() =>
    afterCalls([{ name: "slow", arguments: { id: "x" } }], { tools: [slow] }, context)
  );
  await macrotask();
  controller.abort(gone);
  assertEquals(await failure, gone);
});

Deno.test("a hook that is never content with consent gets none", async () => {
  let asked = 0;
  for (const point of ["beforeToolValidate", "beforeToolExecute"] as const) {
    const hooks = [throwing(point, new ApprovalRequired())];
    assertEquals(await echoed(hooks, { n: 1 }, { approve: () => ++asked > 0 }), DENIED_TEXT);
  }
  assertEquals(asked, 2);
});

Deno.test("what a tool means for the model passes by onToolExecuteError", async () => {
  for (const thrown of [new ModelRetry("m"), new ToolFailed("f"), new ApprovalRequired()]) {
    let asked = false;
    const says = tool({
      name: "says",
      execute: () => {
        throw thrown;
      },
    });
    const hook: ToolHooks = {
      onToolExecuteError: () => {
        asked = true;
        return "recovered";
      },
    };
    const [text] = await afterCalls([{ name: "says" }], { tools: [says], hooks: [hook] });
    assert(text !== "recovered" && !asked, thrown.name);
  }
});

const POINTS = [
  "beforeToolValidate",
  "wrapToolValidate",
  "afterToolValidate",
  "beforeToolExecute",
  "wrapToolExecute",
  "afterToolExecute",
] as const;

/** A set whose hook at one point throws. */
function throwing(point: keyof ToolHooks, error: unknown): ToolHooks {
  return {
    [point]: () => {
      throw error;
    },
  };
}

for (const point of POINTS) {
  Deno.test(`${point} may throw ModelRetry, on the tool's budget, and ToolFailed, on none`, async () => {
    const retry = throwing(point, new ModelRetry("Not so"));
    assertEquals(await echoed([retry]), `Not so${FIX}`);
    assertEquals(await echoed([throwing(point, new ToolFailed("No use"))]), '{"error":"No use"}');
    const model = new ScriptedModel(
      Array.from({ length: 9 }, () => ({ toolCalls: [{ name: "echo", arguments: { n: 1 } }] })),
    );
    const agent = new Agent({ model, tools: [echo], hooks: [retry] });
    await assertRejects(
      () => fold(agent.run(testRequest(), testContext())),
      RunError,
      "Tool 'echo' exceeded max retries count of 3",
    );
    assertEquals(model.requests.length, 4);
  });

  Deno.test(`whatever else ${point} throws ends the run, in the agent's own words`, async () => {
    for (
      const secret of [
        new Error("secret"),
        new RequestError("invalid-value", "secret"),
        new HttpError(418, "secret"),
      ]
    ) {
      const error = await assertRejects(() => echoed([throwing(point, secret)]), RunError);
      assertEquals([error.code, error.message], ["internal", 'Tool "echo" failed']);
      assertEquals(error.cause, secret);
    }
  });

  Deno.test(`an abort ends the wait for ${point}, and nothing runs after it`, async () => {
    const controller = new AbortController();
    const gone = new Error("client left");
    const late = Promise.withResolvers<undefined>();
    let ran = false;
    const watch = tool({ name: "watch", execute: () => ran = true });
    const hook: ToolHooks = {
      [point]: async (
        _: unknown,
        call: HookedToolCall,
        next?: (args: unknown) => Promise<unknown>,
      ) => {
        queueMicrotask(() => controller.abort(gone));
        await late.promise;
        return point.startsWith("wrap") ? await next!(call.args) : undefined;
      },
    };
    const model = new ScriptedModel([{ toolCalls: [{ name: "watch" }] }]);
    const agent = new Agent({ model, tools: [watch], hooks: [hook] });
    const context = testContext({ signal: controller.signal });
    const error = await assertRejects(() => fold(agent.run(testRequest(), context)));
    assertEquals(error, gone);
    late.resolve(undefined);
    await macrotask();
    assertEquals(ran, point === "afterToolExecute");
  });
}

for (const point of POINTS.filter((name) => name !== "afterToolExecute")) {
  Deno.test(`${point} may ask for consent, once a call`, async () => {
    const asked: string[] = [];
    const hook: ToolHooks = {
      [point]: (
        ctx: { approved: boolean },
        call: HookedToolCall,
        next?: (args: unknown) => Promise<unknown>,
      ) => {
        if (!ctx.approved) throw new ApprovalRequired();
        return point.startsWith("wrap") ? next!(call.args) : undefined;
      },
    };
    const approve = (answer: boolean) => ({ id }: { id: string }) => {
      asked.push(id);
      return answer;
    };
    assertEquals(await echoed([hook]), NOBODY_TO_ASK_TEXT);
    assertEquals(await echoed([hook], { n: 1 }, { approve: approve(false) }), DENIED_TEXT);
    assertEquals(await echoed([hook], { n: 1 }, { approve: approve(true) }), '{"n":1,"unit":"m"}');
    assertEquals(asked.length, 2);
  });
}

Deno.test("consent that comes once a tool has run is not asked for, and nothing runs twice", async () => {
  let ran = 0;
  const once = tool({ name: "once", execute: () => ran += 1 });
  const error = await assertRejects(
    () =>
      afterCalls([{ name: "once" }], {
        tools: [once],
        hooks: [throwing("afterToolExecute", new ApprovalRequired())],
        approve: () => true,
      }),
    RunError,
  );
  assertInstanceOf(error.cause, ApprovalRequired);
  assertEquals(ran, 1);
});

Deno.test("a tool that needs consent gets it before hooks of its execution, not before its check", async () => {
  const log: string[] = [];
  const guarded = tool({ name: "guarded", requiresApproval: true, execute: () => "ran" });
  const approve = () => log.push("asked") > 0;
  const hooks: ToolHooks = {
    beforeToolValidate: () => void log.push("check"),
    beforeToolExecute: (ctx) => void log.push(`run ${ctx.approved}`),
  };
  const calls = [{ name: "guarded" }];
  await afterCalls(calls, { tools: [guarded], hooks: [hooks], approve });
  assertEquals(log, ["check", "asked", "run true"]);
  // Whom a hook asked already is not asked again.
  log.length = 0;
  const asking: ToolHooks = {
    beforeToolValidate: (ctx) => {
      if (!ctx.approved) throw new ApprovalRequired();
    },
  };
  assertEquals(await afterCalls(calls, { tools: [guarded], hooks: [asking], approve }), ["ran"]);
  assertEquals(log, ["asked"]);
});

Deno.test("a tool's time limit holds for each call of next, not for its hooks", async () => {
  const context = testContext();
  let calls = 0;
  const slow = tool({
    name: "slow",
    timeoutMs: 1000,
    execute: () => {
      if (++calls > 1) return "quick";
      queueMicrotask(() => context.clock.advance(1000));
      return new Promise(() => {});
    },
  });
  const retry: ToolHooks = {
    beforeToolExecute: () => context.clock.advance(5000),
    wrapToolExecute: (_, { args }, next) => next(args).catch(() => next(args)),
  };
  assertEquals(await afterCalls([{ name: "slow" }], { tools: [slow], hooks: [retry] }, context), [
    "quick",
  ]);
  calls = 0;
  assertEquals(await afterCalls([{ name: "slow" }], { tools: [slow], hooks: [{}] }, context), [
    `Timed out after 1 seconds.${FIX}`,
  ]);
  assertEquals(context.clock.pending, 0);
});

Deno.test("hooks of parallel calls do not mix, and all checks come before any execution", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const hook: ToolHooks = {
    afterToolValidate: (_, { call }) => void log.push(`checked ${call.id}`),
    wrapToolExecute: async (_, { call, args }, next) => {
      if (call.id === "a") await gate.promise;
      const result = await next(args);
      log.push(`ran ${call.id}`);
      gate.resolve();
      return `${call.id}: ${result}`;
    },
  };
  const calls = ["a", "b"].map((id) => ({ id, name: "echo", arguments: { n: 1, unit: id } }));
  assertEquals(await afterCalls(calls, { tools: [echo], hooks: [hook] }), [
    'a: {"n":1,"unit":"a"}',
    'b: {"n":1,"unit":"b"}',
  ]);
  assertEquals(log, ["checked a", "checked b", "ran b", "ran a"]);
});

Deno.test("hooks that are methods of a class keep their this", async () => {
  class Counter implements ToolHooks {
    #count = 0;
    afterToolExecute(): string {
      return `call ${++this.#count}`;
    }
  }
  const calls = [1, 2].map((n) => ({ name: "echo", arguments: { n } }));
  assertEquals(await afterCalls(calls, { tools: [echo], hooks: [new Counter()] }), [
    "call 1",
    "call 2",
  ]);
});

Deno.test("traces tell how calls ended that hooks decided", async () => {
  const ended = async (hooks: ToolHooks) => {
    const model = new ScriptedModel([{ toolCalls: [{ name: "echo", arguments: { n: 1 } }] }, "x"]);
    const events = await Array.fromAsync(
      new Agent({ model, tools: [echo], hooks: [hooks] }).run(testRequest(), testContext()),
    );
    return events.flatMap((event) =>
      event.type === "trace" && event.trace.kind === "tool-result" ? [outcomeOf(event)] : []
    );
  };
  const outcomeOf = ({ trace }: Trace) => trace.kind === "tool-result" ? trace.outcome : undefined;
  assertEquals(await ended({ wrapToolExecute: () => "skipped" }), ["ok"]);
  assertEquals(await ended(throwing("beforeToolValidate", new ToolFailed("x"))), ["failed"]);
  assertEquals(await ended(throwing("beforeToolValidate", new ApprovalRequired())), ["denied"]);
  assertEquals(await ended(throwing("afterToolExecute", new ModelRetry("x"))), ["retry"]);
});
