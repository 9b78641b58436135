/**
 * Workflows and routers as tools of agents.
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Agent } from "../agent/agent.ts";
import { agentTool } from "../agent/agent_tool.ts";
import { careful, type Executions } from "../agent/approval_fixture_test.ts";
import type { RunLimits } from "../run/budget.ts";
import { RequestError, RunError } from "../run/error.ts";
import { NO_USAGE, type Usage } from "../run/result.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { FunctionModel, ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { WorkflowResponse } from "./response.ts";
import { answer, choice, lines, routerOf } from "./router_fixture_test.ts";
import { AgenticWorkflow } from "./workflow.ts";

const CALL: ScriptedTurn = { toolCalls: [{ name: "ask", arguments: { prompt: "Go" } }] };

function used(inputTokens: number, outputTokens: number): Usage {
  return { ...NO_USAGE, inputTokens, outputTokens };
}

/** An agent that calls `runner` once and then says what it was told. */
function calling(runner: Runner, limits: RunLimits = {}) {
  const model = new FunctionModel(({ messages }) => {
    const last = messages.at(-1)!;
    if (last.role !== "tool") return { ...CALL, usage: used(1, 1) };
    const text = last.content.map((part) => part.type === "text" ? part.text : "").join("");
    return { text: `told ${text}`, usage: used(2, 1) };
  });
  return new Agent({
    model,
    tools: [agentTool(runner, { name: "ask", description: "Asks" })],
    limits,
  });
}

function agentSaying(text: string, usage = used(100, 10)): Agent {
  return new Agent({ model: new FunctionModel(() => ({ text, usage })) });
}

Deno.test("a workflow is a tool: its words, values and refusals are the call's result", async () => {
  const refusing = new Agent({ model: new ScriptedModel([{ refusal: "No." }]) });
  for (
    const [workflow, text] of [
      [new AgenticWorkflow((request) => `heard ${request.latestUserText()}`), "told heard Go"],
      [new AgenticWorkflow(() => ({ a: [1] })), 'told {"a":[1]}'],
      [
        new AgenticWorkflow(async function* () {
          yield "in ";
          await Promise.resolve();
          yield "pieces";
        }),
        "told in pieces",
      ],
      [new AgenticWorkflow((request) => request.run(refusing)), 'told {"error":"No."}'],
    ] as const
  ) {
    assertEquals((await answer(calling(workflow))).text, text);
  }
});

Deno.test("what a workflow that is a tool uses is counted once: inner runs, and its own calls", async () => {
  const inner = agentSaying("inner");
  const workflow = new AgenticWorkflow(async (request) => {
    const { text } = await request.run(inner);
    await request.runAll([{ runner: inner }, { runner: inner }]);
    return new WorkflowResponse({ content: text, usage: { inputTokens: 1000, outputTokens: 100 } });
  });
  const result = await answer(calling(workflow));
  assertEquals(result.text, "told inner");
  assertEquals(result.consumed, used(3 + 300 + 1000, 2 + 30 + 100));
  // The client is told the prompt that was its conversation.
  assertEquals(result.usage, used(2, 2 + 30 + 100));
});

Deno.test("limits of the agent hold for a workflow it calls, and for what that calls", async () => {
  const inner = agentSaying("inner");
  const workflow = new AgenticWorkflow(async (request) => {
    await request.run(inner, "x", { limits: { maxSteps: 1 } });
    return new WorkflowResponse({ content: "x", usage: { inputTokens: 1000 } });
  });
  for (
    const [limits, enough] of [
      [{ maxSteps: 3, maxToolCalls: 1, maxInputTokens: 1103 }, true],
      [{ maxSteps: 2 }, false],
      [{ maxInputTokens: 1102 }, false],
      [{ maxInputTokens: 1000 }, false],
    ] as const
  ) {
    const run = answer(calling(workflow, limits));
    if (enough) assertEquals((await run).text, "told x");
    else await assertRejects(() => run, RunError);
  }
});

Deno.test("a router is a tool: its choice counts, its label is not told, its route answers", async () => {
  const model = new ScriptedModel([choice("poet", { inputTokens: 50, outputTokens: 5 })]);
  const router = routerOf(model, { poet: agentSaying("a poem") });
  const context = testContext({ reasoning: "progress" });
  const result = await answer(calling(router), testRequest(), context);
  assertEquals(result.text, "told a poem");
  assertEquals(result.reasoning, "");
  assertEquals(result.consumed, used(3 + 50 + 100, 2 + 5 + 10));
  assertEquals(result.usage, used(2, 2 + 5 + 10));
  const told = await lines(calling(routerOf(new ScriptedModel([choice("coder")]))));
  assert(!told.some((line) => line.includes("coder") && !line.startsWith("text-delta")));
  const strict = calling(routerOf(new ScriptedModel([choice("poet")])), { maxSteps: 1 });
  await assertRejects(() => answer(strict), RunError);
});

Deno.test("a client's own tools are none of a workflow's that is a tool", async () => {
  const workflow = new AgenticWorkflow((request) => {
    assertEquals([request.clientTools, request.outputType], [[], { type: "text" }]);
    return new WorkflowResponse({ toolCalls: [{ name: "mine" }] });
  });
  const request = testRequest({ tools: [{ name: "mine", kind: "function" }] });
  const error = await assertRejects(() => answer(calling(workflow), request), RunError);
  assertEquals(error.message, 'Tool "ask" failed');
});

Deno.test("a workflow that is a tool cannot blame the client", async () => {
  const workflow = new AgenticWorkflow(() => {
    throw new RequestError("invalid-value", "secret", { param: "messages[0]" });
  });
  const error = await assertRejects(() => answer(calling(workflow)), RunError);
  assertEquals([error.code, error.message], ["run-failed", 'Tool "ask" failed']);
});

Deno.test("agents, workflows and routers inside each other: one abort ends all, usage adds up", async () => {
  const gone = new Error("client left");
  const controller = new AbortController();
  const called = Promise.withResolvers<AbortSignal>();
  let waits = false;
  const bottom = new Agent({
    model: new FunctionModel(() => ({
      text: "bottom",
      usage: used(1000, 100),
      before: (signal) => {
        if (!waits) return;
        called.resolve(signal);
        return new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason), { once: true })
        );
      },
    })),
  });
  const router = routerOf(
    new FunctionModel(() => choice("poet", { inputTokens: 50, outputTokens: 5 })),
    { poet: new AgenticWorkflow((request) => request.run(bottom)) },
  );
  const workflow = new AgenticWorkflow((request) => request.run(calling(router)));
  const agent = calling(workflow);
  const result = await answer(agent);
  assertEquals(result.text, "told told bottom");
  assertEquals(result.consumed, used(3 + 3 + 50 + 1000, 2 + 2 + 5 + 100));
  assertEquals(result.usage, used(2, 109));
  waits = true;
  const run = answer(agent, testRequest(), testContext({ signal: controller.signal }));
  run.catch(() => {});
  const signal = await called.promise;
  controller.abort(gone);
  assertEquals(signal.aborted, true);
  assertStrictEquals(await assertRejects(() => run), gone);
});

Deno.test("runs inside tools cannot ask the client for consent, whatever their agents say", async () => {
  const executions: Executions = [];
  const seen: string[] = [];
  const inner = new Agent({
    approval: "client",
    tools: [careful("dangerous", executions)],
    model: new FunctionModel(({ messages }) => {
      const last = messages.at(-1)!;
      if (last.role !== "tool") return { toolCalls: [{ name: "dangerous" }] };
      seen.push(JSON.stringify(last.content));
      return "done";
    }),
  });
  const inside: readonly ((context: RunContext) => Promise<unknown>)[] = [
    (context) => answer(calling(inner), testRequest({ approvals: [] }), context),
    (context) =>
      answer(
        new AgenticWorkflow((request) => request.run(inner)),
        testRequest({ approvals: [] }),
        context,
      ),
    (context) =>
      answer(
        new AgenticWorkflow((request) => request.run(routerOf(choosingPoet(), { poet: inner }))),
        testRequest({ approvals: [] }),
        context,
      ),
  ];
  for (const [index, run] of inside.entries()) {
    await run(testContext());
    assertEquals(seen.length, index + 1);
    assert(seen[index]!.includes("nobody can be asked here"), seen[index]);
  }
  assertEquals(executions, []);
});

function choosingPoet(): ScriptedModel {
  return new ScriptedModel([choice("poet")]);
}
