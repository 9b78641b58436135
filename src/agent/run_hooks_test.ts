import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { HttpError, RequestError, RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { RunContext } from "../run/runner.ts";
import { macrotask } from "../testing/macrotask.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import type { StepContext } from "../tools/context.ts";
import { tool } from "../tools/tool.ts";
import type { Toolset } from "../tools/toolset.ts";
import { Agent } from "./agent.ts";
import type { AgentHooks, RunOutcome } from "./hooks.ts";
import type { AgentOptions } from "./plan.ts";

const look = tool({ name: "look", execute: () => "seen" });
const down = new RunError("backend-down", "down");
const TEXT_START: RunEvent = { type: "text-start" };
const STOP: RunEvent = { type: "finish", reason: "stop" };

function setUp(turns: readonly (ScriptedTurn | string)[], options: Omit<AgentOptions, "model">) {
  const model = new ScriptedModel(turns);
  const agent = new Agent({ model, ...options });
  return {
    model,
    agent,
    result: (context: RunContext = testContext()) =>
      fold(checkGrammar(agent.run(testRequest(), context))),
  };
}

Deno.test("run hooks stand around the whole run, in their order", async () => {
  const log: string[] = [];
  const note = (name: string): AgentHooks => ({
    beforeRun: ({ prompt, step }) => void log.push(`${name} before ${prompt} ${step}`),
    wrapRun: async function* (_, next) {
      log.push(`${name}>`);
      for await (const event of next()) {
        if (event.type === "finish") log.push(`${name} sees finish`);
        yield event;
      }
      log.push(`<${name}`);
    },
    afterRun: (ctx, { text }) =>
      Promise.resolve(void log.push(`${name} ${text} ${ctx.modelCalls}`)),
    onRunError: () => void log.push("failed"),
  });
  const { result } = setUp([{ toolCalls: [{ name: "look" }] }, "Done."], {
    tools: [look],
    hooks: [note("a"), note("b")],
  });
  assertEquals((await result()).text, "Done.");
  assertEquals(log, [
    "a before Hello 1",
    "b before Hello 1",
    "a>",
    "b>",
    "b sees finish",
    "a sees finish",
    "<b",
    "<a",
    "b Done. 2",
    "a Done. 2",
  ]);
});

Deno.test("beforeRun prevents a run by throwing", async () => {
  let asked = false;
  const { model, result } = setUp(["x"], {
    hooks: [{
      beforeRun: () => {
        throw new RunError("rate-limit-exceeded", "Enough for today");
      },
      onRunError: () => {
        asked = true;
        return { text: "no" };
      },
    }],
  });
  const error = await assertRejects(result, RunError);
  assertEquals([error.code, model.requests.length, asked], ["rate-limit-exceeded", 0, false]);
});

Deno.test("afterRun sees what the run came to, hidden work included", async () => {
  const outcomes: RunOutcome[] = [];
  const City = z.object({ name: z.string() });
  const hooks: AgentHooks[] = [{ afterRun: (_, outcome) => void outcomes.push(outcome) }];
  const model = new ScriptedModel([
    { toolCalls: [{ name: "look" }] },
    { toolCalls: [{ name: "final_result", arguments: { name: "Bonn" } }] },
  ]);
  await new Agent({ model, tools: [look], output: City, hooks }).generate("x");
  await setUp([{ refusal: "No." }], { hooks }).result();
  await fold(
    new Agent({ model: new ScriptedModel([{ toolCalls: [{ name: "ask" }] }]), hooks }).run(
      testRequest({ tools: [{ name: "ask", kind: "function" }] }),
      testContext(),
    ),
  );
  const [city, refused, called] = outcomes;
  assertEquals([city!.output, city!.text, city!.finishReason], [
    { name: "Bonn" },
    '{"name":"Bonn"}',
    "stop",
  ]);
  assertEquals(city!.messages.map(({ role }) => role), ["assistant", "tool", "assistant", "tool"]);
  assert(!("output" in refused!));
  assertEquals([refused!.text, refused!.refusal], ["", "No."]);
  assertEquals([called!.text, called!.finishReason], ["", "tool-calls"]);
});

Deno.test("afterRun that throws fails the run before its last event", async () => {
  const { agent } = setUp(["Done."], {
    hooks: [{
      afterRun: () => {
        throw down;
      },
      onRunError: () => ({ text: "not asked" }),
    }],
  });
  const seen: string[] = [];
  const error = await assertRejects(async () => {
    for await (const { type } of agent.run(testRequest(), testContext())) seen.push(type);
  });
  assertEquals(error, down);
  assertEquals(seen.at(-1), "text-end");
});

Deno.test("afterRun comes before the run lets go of its toolsets", async () => {
  const log: string[] = [];
  const toolset: Toolset = {
    id: "t",
    start: () => Promise.resolve(void log.push("start")),
    tools: () => [],
    [Symbol.asyncDispose]: () => Promise.resolve(void log.push("dispose")),
  };
  const { result } = setUp(["Done."], {
    toolsets: [toolset],
    hooks: [{ afterRun: (ctx) => void log.push(`after ${ctx.signal.aborted}`) }],
  });
  await result();
  assertEquals(log, ["start", "after false", "dispose"]);
});

Deno.test("wrapRun may change what goes out, but not what generate returns", async () => {
  const shout: AgentHooks = {
    wrapRun: async function* (_, next) {
      for await (const event of next()) {
        yield event.type === "text-delta" ? { ...event, text: event.text.toUpperCase() } : event;
      }
    },
  };
  assertEquals((await setUp(["Done."], { hooks: [shout] }).result()).text, "DONE.");
  const { output } = await setUp(["Done."], { hooks: [shout] }).agent.generate("x");
  assertEquals(output, "Done.");
});

Deno.test("wrapRun may answer by itself, also for generate", async () => {
  const cached: AgentHooks = {
    wrapRun: () =>
      Promise.resolve((async function* (): AsyncGenerator<RunEvent> {
        yield TEXT_START;
        yield { type: "text-delta", text: "From the cache." };
        yield { type: "text-end", phase: "final" };
        yield STOP;
      })()),
  };
  const { model, agent, result } = setUp([], { hooks: [cached] });
  assertEquals((await result()).text, "From the cache.");
  const generated = await agent.generate("x");
  assertEquals([generated.output, generated.finishReason], ["From the cache.", "stop"]);
  assertEquals(generated.messages.map(({ role }) => role), ["user", "assistant"]);
  assertEquals(model.requests.length, 0);
});

Deno.test("wrapRun must keep the grammar and can run once", async () => {
  const broken: readonly AgentHooks["wrapRun"][] = [
    async function* () {
      yield { type: "text-delta", text: "x" };
    },
    async function* () {
      yield TEXT_START;
      yield STOP;
    },
    async function* () {
      yield STOP;
      yield TEXT_START;
    },
    async function* () {},
  ];
  for (const wrapRun of broken) {
    const error = await assertRejects(setUp(["x"], { hooks: [{ wrapRun }] }).result, RunError);
    assertEquals(error.code, "internal");
  }
  const twice: AgentHooks["wrapRun"] = async function* (_, next) {
    for await (const event of next()) if (event.type !== "finish") yield event;
    yield* next();
  };
  const { model, result } = setUp(["x", "y"], { hooks: [{ wrapRun: twice }] });
  await assertRejects(result, RunError, "a run happens once");
  assertEquals(model.requests.length, 1);
});

Deno.test("onRunError ends a failed run with text, after what has gone out", async () => {
  const sorry: AgentHooks = { onRunError: () => ({ text: "Sorry." }) };
  const { result } = setUp([{ text: "Half an ans", error: down }], { hooks: [sorry] });
  assertEquals((await result()).parts, [
    { type: "text", text: "Half an ans", phase: "interim" },
    { type: "text", text: "Sorry.", phase: "final" },
  ]);
  const reasoning = setUp([{ reasoning: "hm", error: down }], { hooks: [sorry] });
  assertEquals((await reasoning.result()).text, "Sorry.");
});

Deno.test("onRunError recovers generate, with an output of any type", async () => {
  const outcomes: RunOutcome[] = [];
  const hooks: AgentHooks[] = [{
    onRunError: () => Promise.resolve({ text: "none", output: { name: "nowhere" } }),
    afterRun: (_, outcome) => void outcomes.push(outcome),
  }];
  const model = new ScriptedModel([{ error: down }]);
  const agent = new Agent({ model, output: z.object({ name: z.string() }), hooks });
  const { output, text } = await agent.generate("x");
  assertEquals([output, text], [{ name: "nowhere" }, "none"]);
  assertEquals(outcomes.map(({ output }) => output), [{ name: "nowhere" }]);
});

Deno.test("onRunError: later hooks first, throws transform, nothing leaves the error", async () => {
  const seen: unknown[] = [];
  const other = new RunError("model-unavailable", "other");
  const { result } = setUp([{ error: down }], {
    hooks: [
      { onRunError: (_, error) => void seen.push(error) },
      {
        onRunError: () => {
          throw other;
        },
      },
      { onRunError: (ctx, error) => void seen.push(error, ctx.modelCalls) },
    ],
  });
  assertEquals(await assertRejects(result), other);
  assertEquals(seen, [down, 0, other]);
});

Deno.test("onRunError sees failed tools, and errors of wrapRun", async () => {
  const seen: unknown[] = [];
  const note: AgentHooks = { onRunError: (_, error) => void seen.push(error) };
  const boom = new Error("boom");
  const breaking = tool({
    name: "breaking",
    execute: () => {
      throw boom;
    },
  });
  await assertRejects(
    setUp([{ toolCalls: [{ name: "breaking" }] }], { tools: [breaking], hooks: [note] }).result,
  );
  await assertRejects(
    setUp(["x"], {
      hooks: [note, {
        wrapRun: () => {
          throw boom;
        },
      }],
    }).result,
  );
  assertEquals([(seen[0] as Error).cause, seen[1]], [boom, boom]);
});

Deno.test("onRunError is asked at the run's deadline", async () => {
  const context = testContext();
  const { result } = setUp([{ before: () => new Promise(() => context.clock.advance(2000)) }], {
    limits: { maxSeconds: 2 },
    hooks: [{
      wrapRun: (_, next) => next(),
      onRunError: (ctx, error) => ({ text: `${(error as Error).message} ${ctx.signal.aborted}` }),
      afterRun: () => macrotask(),
    }],
  });
  assertStringIncludes((await result(context)).text, "maxSeconds is 2 true");
  assertEquals(context.clock.pending, 0);
});

Deno.test("calls in the client's hands cannot be taken back", async () => {
  const model = new ScriptedModel([{ toolCalls: [{ name: "ask" }] }]);
  const agent = new Agent({
    model,
    hooks: [{
      wrapRun: async function* (_, next) {
        for await (const event of next()) {
          if (event.type === "finish") throw down;
          yield event;
        }
      },
      onRunError: () => ({ text: "Sorry." }),
    }],
  });
  const request = testRequest({ tools: [{ name: "ask", kind: "function" }] });
  assertEquals(await assertRejects(() => fold(agent.run(request, testContext()))), down);
});

Deno.test("a client hears of its own mistakes, but of nothing hooks throw", async () => {
  const model = new ScriptedModel(["x"]);
  const request = testRequest({ tools: [{ name: "ask", kind: "function" }] });
  const seen: unknown[] = [];
  const refusing = new Agent({
    model,
    clientTools: "deny",
    hooks: [{
      wrapRun: (_, next) => next(),
      onRunError: (_, error) => void seen.push(error),
    }],
  });
  const own = await assertRejects(
    () => fold(refusing.run(request, testContext())),
    RequestError,
  );
  assertEquals(seen, [own]);
  for (const point of ["beforeRun", "wrapRun", "afterRun", "onRunError"] as const) {
    for (
      const secret of [new RequestError("invalid-value", "secret"), new HttpError(418, "secret")]
    ) {
      const hook: AgentHooks = {
        [point]: () => {
          throw secret;
        },
      };
      const turn = point === "onRunError" ? { error: down } : "text";
      const error = await assertRejects(setUp([turn], { hooks: [hook] }).result, RunError);
      assertEquals([error.code, error.cause], ["internal", secret]);
    }
  }
});

Deno.test("an abort ends the wait for run hooks", async () => {
  const gone = new Error("client left");
  const hang = () => new Promise<never>(() => {});
  const waiting: readonly [AgentHooks, ScriptedTurn | string][] = [
    [{ beforeRun: hang }, "x"],
    [{ wrapRun: hang }, "x"],
    [{
      wrapRun: async function* () {
        yield await hang();
      },
    }, "x"],
    [{ afterRun: hang }, "x"],
    [{ onRunError: hang }, { error: down }],
  ];
  for (const [hooks, turn] of waiting) {
    const controller = new AbortController();
    const context = testContext({ signal: controller.signal });
    const { agent } = setUp([turn], { hooks: [hooks] });
    const failure = assertRejects(() => fold(agent.run(testRequest(), context)));
    await macrotask();
    controller.abort(gone);
    assertEquals(await failure, gone);
  }
});

Deno.test("onRunError is not asked when the client has left", async () => {
  const controller = new AbortController();
  const gone = new Error("client left");
  let asked = false;
  const { result } = setUp([{ before: () => controller.abort(gone) }], {
    hooks: [{
      onRunError: () => {
        asked = true;
        return { text: "nobody reads this" };
      },
    }],
  });
  const context = testContext({ signal: controller.signal });
  assertEquals(await assertRejects(() => result(context)), gone);
  assert(!asked);
});

Deno.test("return() runs what wrapRun leaves to the end and closes the run", async () => {
  const log: string[] = [];
  let ctx: StepContext | undefined;
  const { agent } = setUp([{ text: ["a", "b"] }], {
    hooks: [{
      beforeRun: (step) => {
        ctx = step;
      },
      wrapRun: async function* (_, next) {
        try {
          yield* next();
        } finally {
          log.push("left");
        }
      },
      afterRun: () => void log.push("after"),
    }],
  });
  for await (const { type } of agent.run(testRequest(), testContext())) {
    if (type === "text-delta") break;
  }
  assertEquals(log, ["left"]);
  assert(ctx!.signal.aborted);
});

Deno.test("a run with hooks does nothing before the first next()", async () => {
  let begun = false;
  const { agent } = setUp([], { hooks: [{ beforeRun: () => void (begun = true) }] });
  const events = agent.run(testRequest(), testContext());
  await events.return(undefined);
  assert(!begun);
});

Deno.test("a run with hooks listens no longer once it is over", async () => {
  const controller = new AbortController();
  let signal: AbortSignal | undefined;
  const { agent } = setUp(["x"], {
    hooks: [{
      beforeRun: (ctx) => {
        signal = ctx.signal;
      },
    }],
  });
  await fold(agent.run(testRequest(), testContext({ signal: controller.signal })));
  controller.abort();
  assert(!signal!.aborted);
});

Deno.test("hooks of concurrent runs are told each of its own", async () => {
  const runs = new WeakMap<object, string>();
  const ended: string[] = [];
  const { agent } = setUp(Array.from({ length: 20 }, () => "x"), {
    hooks: [{
      beforeRun: (ctx) => void runs.set(ctx.run, String(ctx.prompt)),
      afterRun: async (ctx) => {
        await macrotask();
        ended.push(`${runs.get(ctx.run)}=${ctx.prompt}`);
      },
    }],
  });
  await Promise.all(
    Array.from(
      { length: 20 },
      (_, index) => fold(agent.run(testRequest(`${index}`), testContext())),
    ),
  );
  assertEquals(ended.sort(), Array.from({ length: 20 }, (_, i) => `${i}=${i}`).sort());
});
