/**
 * Runs inside runs: what they share, and what ends them all.
 */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { RunLimits } from "../run/budget.ts";
import { RunError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import { NO_USAGE, type Usage } from "../run/result.ts";
import { macrotask } from "../testing/macrotask.ts";
import { FunctionModel, ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import { agentTool } from "./agent_tool.ts";

const SPEC = { name: "research", description: "Finds things out" };
const CALL: ScriptedTurn = {
  toolCalls: [{ name: "research", arguments: { prompt: "Find the answer" } }],
};

function used(inputTokens: number, outputTokens: number): Usage {
  return { ...NO_USAGE, inputTokens, outputTokens };
}

/** Agents that call each other, `depth` deep, and the model at the bottom. */
function nested(depth: number, bottom: FunctionModel, limits: readonly RunLimits[] = []): Agent {
  let agent = new Agent({ model: bottom, limits: limits[depth] });
  for (let level = depth - 1; level >= 0; level--) {
    agent = new Agent({
      model: new FunctionModel(({ messages }) =>
        messages.at(-1)?.role === "tool" ? `level ${level}` : CALL
      ),
      tools: [agentTool(agent, SPEC)],
      limits: limits[level],
    });
  }
  return agent;
}

Deno.test("agents nested three deep: usage is told once, each answer goes one level up", async () => {
  const bottom = new FunctionModel(() => ({ text: "bottom", usage: used(1000, 100) }));
  const result = await fold(checkGrammar(nested(3, bottom).run(testRequest(), testContext())));
  assertEquals(result.text, "level 0");
  // Two model calls at each of three levels, and one at the bottom.
  assertEquals(result.consumed, used(1006, 106));
  assertEquals(result.usage, used(1, 106));
});

Deno.test("the limits of each level hold for all below it", async () => {
  const bottom = () => new FunctionModel(() => ({ text: "bottom", usage: used(10, 1) }));
  const cases: readonly (readonly [RunLimits, boolean])[] = [
    [{ maxSteps: 7 }, true],
    [{ maxSteps: 6 }, false],
    [{ maxToolCalls: 3 }, true],
    [{ maxToolCalls: 2 }, false],
    [{ maxTokens: 12 + 11 }, true],
    [{ maxTokens: 12 + 10 }, false],
    [{ maxInputTokens: 16 }, true],
    [{ maxInputTokens: 15 }, false],
    [{ maxOutputTokens: 7 }, true],
    [{ maxOutputTokens: 6 }, false],
  ];
  for (const [limits, enough] of cases) {
    const run = fold(nested(3, bottom(), [limits]).run(testRequest(), testContext()));
    if (enough) assertEquals((await run).text, "level 0", JSON.stringify(limits));
    else await assertRejects(() => run, RunError, undefined, JSON.stringify(limits));
  }
  // A level in the middle has its own five: two calls each of its own, of the one below, one more.
  for (const [maxSteps, enough] of [[5, true], [4, false]] as const) {
    const run = fold(nested(3, bottom(), [{}, { maxSteps }]).run(testRequest(), testContext()));
    if (enough) await run;
    else await assertRejects(() => run, RunError);
  }
});

Deno.test("parallel agents cannot use more together than the one that calls them may", async () => {
  const look = tool({ name: "look", execute: () => "seen" });
  const endless = new FunctionModel(async () => {
    await macrotask();
    return { toolCalls: [{ name: "look" }] };
  });
  const inner = new Agent({ model: endless, tools: [look] });
  const outer = new Agent({
    model: new ScriptedModel([{
      toolCalls: Array.from(
        { length: 5 },
        () => ({ name: "research", arguments: { prompt: "x" } }),
      ),
    }]),
    tools: [agentTool(inner, SPEC)],
    limits: { maxSteps: 12 },
  });
  const error = await assertRejects(() => fold(outer.run(testRequest(), testContext())), RunError);
  assertEquals(error.code, "run-failed");
  assertEquals(endless.requests.length, 11);
});

Deno.test("a client's most tool calls hold for all that runs inside together", async () => {
  let looks = 0;
  const look = tool({ name: "look", execute: () => ++looks });
  const inner = new Agent({
    model: new FunctionModel(({ messages }) =>
      messages.at(-1)!.role === "tool" ? "enough" : {
        toolCalls: [{ name: "look" }, { name: "look" }, { name: "look" }],
      }
    ),
    tools: [look],
    retries: 5,
  });
  const outer = new Agent({
    model: new ScriptedModel([CALL, CALL, "Done."]),
    tools: [agentTool(inner, SPEC)],
    retries: 5,
  });
  const run = (maxToolCalls: number) =>
    fold(outer.run(testRequest({ maxToolCalls }), testContext()));
  // The first call of the agent takes one, two are left to it; for a second one there is none.
  assertEquals([(await run(3)).text, looks], ["Done.", 2]);
});

Deno.test("a client that leaves aborts the model call inside, at once and at any depth", async () => {
  for (const depth of [1, 3]) {
    const gone = new Error("client left");
    const controller = new AbortController();
    const called = Promise.withResolvers<AbortSignal>();
    const bottom = new FunctionModel(() => ({
      before: (signal) => {
        called.resolve(signal);
        return new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason), { once: true })
        );
      },
    }));
    const context = testContext({ signal: controller.signal });
    const run = fold(nested(depth, bottom).run(testRequest(), context));
    run.catch(() => {});
    const signal = await called.promise;
    assertEquals(signal.aborted, false);
    controller.abort(gone);
    assertEquals([signal.aborted, signal.reason], [true, gone]);
    assertStrictEquals(await assertRejects(() => run), gone);
  }
});

/** A model that waits for the end of its signal, which it tells of. */
function waiting(): { readonly model: FunctionModel; readonly called: Promise<AbortSignal> } {
  const { promise: called, resolve } = Promise.withResolvers<AbortSignal>();
  const model = new FunctionModel(() => ({
    before: (signal) => {
      resolve(signal);
      return new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      );
    },
  }));
  return { model, called };
}

Deno.test("a reader that stops reading stops the model call inside", async () => {
  const { model, called } = waiting();
  const events = nested(2, model).run(testRequest(), testContext());
  for (;;) {
    const { value } = await events.next();
    if (value?.type === "trace" && value.trace.kind === "tool-call") break;
  }
  const signal = await called;
  assertEquals(signal.aborted, false);
  await events.return(undefined);
  assertEquals(signal.aborted, true);
});

Deno.test("the deadline of a run ends all that run inside, and leaves no timer", async () => {
  for (const depth of [1, 3]) {
    const { model, called } = waiting();
    const context = testContext();
    const agent = nested(depth, model, [{ maxSeconds: 2 }, { maxSeconds: 60 }]);
    const run = fold(agent.run(testRequest(), context));
    run.catch(() => {});
    const signal = await called;
    context.clock.advance(1999);
    assertEquals(signal.aborted, false);
    context.clock.advance(1);
    assertEquals(signal.aborted, true);
    const error = await assertRejects(() => run, RunError);
    assertEquals(error.message, "Run exceeded its limit: maxSeconds is 2");
    assertEquals(context.clock.pending, 0);
  }
});

Deno.test("a deadline of a run inside ends that one's caller as well", async () => {
  const { model, called } = waiting();
  const context = testContext();
  const run = fold(nested(1, model, [{}, { maxSeconds: 1 }]).run(testRequest(), context));
  run.catch(() => {});
  await called;
  context.clock.advance(1000);
  const error = await assertRejects(() => run, RunError, 'Tool "research" failed');
  assertEquals(error.code, "run-failed");
  assertEquals(context.clock.pending, 0);
});

Deno.test("a call that takes too long is told to the model, and its run inside is over", async () => {
  const { model, called } = waiting();
  const context = testContext();
  const outer = new ScriptedModel([CALL, "Done."]);
  const agent = new Agent({
    model: outer,
    tools: [agentTool(new Agent({ model }), { ...SPEC, timeoutMs: 3000 })],
  });
  const run = fold(agent.run(testRequest(), context));
  const signal = await called;
  context.clock.advance(3000);
  assertEquals((await run).text, "Done.");
  assertEquals(signal.aborted, true);
  assertEquals(outer.requests[1]!.messages.at(-1), {
    role: "tool",
    toolCallId: "call_0_0",
    content: [{
      type: "text",
      text: "Timed out after 3 seconds.\n\nFix the errors and try again.",
    }],
  });
});

Deno.test("ctx.run makes a run inside end with the call it was handed to", async () => {
  const cases = [
    { limits: { maxSeconds: 1 }, ends: true },
    { timeoutMs: 1000, ends: false },
  ] as const;
  for (const { ends, ...options } of cases) {
    const { model, called } = waiting();
    const inner = new Agent({ model });
    const context = testContext();
    const agent = new Agent({
      model: new ScriptedModel([{ toolCalls: [{ name: "look" }] }, "Done."]),
      tools: [
        tool({
          name: "look",
          timeoutMs: "timeoutMs" in options ? options.timeoutMs : undefined,
          execute: (_, ctx) => inner.generate("x", { context: ctx.run }),
        }),
      ],
      limits: "limits" in options ? options.limits : {},
    });
    const run = fold(agent.run(testRequest(), context));
    run.catch(() => {});
    const signal = await called;
    context.clock.advance(1000);
    assertEquals(signal.aborted, true, JSON.stringify(options));
    if (ends) await assertRejects(() => run, RunError, "maxSeconds");
    else assertEquals((await run).text, "Done.");
  }
});

Deno.test("ctx.run of a validator ends with its run", async () => {
  const { model, called } = waiting();
  const inner = new Agent({ model });
  const context = testContext();
  const agent = new Agent({
    model: new ScriptedModel(["Well"]),
    outputValidators: [async (ctx, value) => {
      await inner.generate("Judge", { context: ctx.run });
      return value;
    }],
    limits: { maxSeconds: 1 },
  });
  const run = fold(agent.run(testRequest(), context));
  run.catch(() => {});
  const signal = await called;
  context.clock.advance(1000);
  assertEquals(signal.aborted, true);
  await assertRejects(() => run, RunError, "maxSeconds");
});
