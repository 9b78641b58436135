/**
 * Routers in front of agents that ask the client for consent.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { Agent } from "../agent/agent.ts";
import { assertAsked, careful, Client, type Executions } from "../agent/approval_fixture_test.ts";
import { RequestError } from "../run/error.ts";
import { FunctionModel } from "../testing/scripted_model.ts";
import { testContext } from "../testing/test_context.ts";
import { choosing, routerOf } from "./router_fixture_test.ts";
import { Route } from "./route.ts";
import { RouterWorkflow } from "./router.ts";
import { AgenticWorkflow } from "./workflow.ts";

/** An agent that acts when it is spoken to, then says what became of it. */
function acting(name: string, executions: Executions): Agent {
  return new Agent({
    approval: "client",
    tools: [careful("act", executions, { execute: () => `${name} has acted` })],
    model: new FunctionModel(({ messages }) => {
      const last = messages.at(-1)!;
      const results = messages.slice(messages.findLastIndex(({ role }) => role === "assistant"));
      const result = results.find(({ role }) => role === "tool");
      if (!result && last.role !== "user") return name;
      if (!result) return { toolCalls: [{ id: "b", name: "act", arguments: { for: name } }] };
      const [part] = result.role === "tool" ? result.content : [];
      return `${name}: ${part?.type === "text" ? part.text : ""}`;
    }),
  });
}

Deno.test("the route that asked runs what was consented to, without another choice", async () => {
  for (const words of [undefined, "Be quick"]) {
    const executions: Executions = [];
    const model = choosing("coder", "poet");
    const router = routerOf(model, {
      poet: acting("poet", executions),
      coder: acting("coder", executions),
    });
    const client = new Client(router, testContext({ reasoning: "progress" }));
    assertEquals((await client.ask()).finishReason, "tool-calls");
    assertAsked(client, "Do act");
    client.answer(true);
    // Words beside the answer do not lead it to another route.
    if (words) client.say(words);
    for (let attempt = 0; attempt < 2; attempt++) {
      const result = await client.send();
      assertEquals([result.text, result.reasoning], ["coder: coder has acted", ""]);
    }
    assertEquals(executions, ['act {"for":"coder"}']);
    assertEquals(model.requests.length, 1);
  }
});

Deno.test("a refusal goes to the route that asked", async () => {
  const executions: Executions = [];
  const router = routerOf(choosing("coder"), { coder: acting("coder", executions) });
  const client = new Client(router);
  await client.ask();
  const result = await client.answer("Not today").send();
  assertEquals(result.text, "coder: The tool call was denied. Reason: Not today");
  assertEquals(executions, []);
});

Deno.test("once the conversation has gone on the choice is made anew, and nothing is run again", async () => {
  const executions: Executions = [];
  const model = choosing("coder", "poet");
  const router = routerOf(model, { coder: acting("coder", executions) });
  const client = new Client(router);
  await client.ask();
  await client.answer(true).ask();
  const next = await client.say("Now sing").ask();
  assertEquals([next.text, model.requests.length], ["poet", 2]);
  assertEquals(executions.length, 1);
});

Deno.test("a question is its route's alone: whoever answers it late elsewhere is told so", async () => {
  const executions: Executions = [];
  const model = choosing("coder", "poet");
  const agents = { poet: acting("poet", executions), coder: acting("coder", executions) };
  const router = routerOf(model, agents);
  const client = new Client(router);
  await client.ask();
  const { id } = client.questions[0]!;
  client.answer(true);
  // Without its memory the router chooses another route, which knows nothing of the question.
  const { turns } = client.context;
  const forgetful: typeof turns = {
    ...turns,
    find: (tenant, key) =>
      key.startsWith("route of ") ? Promise.resolve(undefined) : turns.find(tenant, key),
  };
  await assertRejects(() => client.send({}, { turns: forgetful }), RequestError, id);
  assertEquals(executions, []);
});

Deno.test("routers inside routers, and one with a single route, find their questions again", async () => {
  const executions: Executions = [];
  const inner = choosing("coder");
  const outer = choosing("poet");
  const nested = routerOf(inner, { coder: acting("coder", executions) });
  const only = new RouterWorkflow({
    model: choosing(),
    routes: [new Route("all", routerOf(outer, { poet: nested }), "Everything")],
  });
  const client = new Client(only);
  await client.ask();
  assertEquals((await client.answer(true).send()).text, "coder: coder has acted");
  assertEquals([inner.requests.length, outer.requests.length], [1, 1]);
  assertEquals(executions.length, 1);
});

Deno.test("a workflow asks nobody: its agents are denied, and answers of old change nothing", async () => {
  const executions: Executions = [];
  const agent = acting("agent", executions);
  const client = new Client(agent);
  await client.ask();
  client.answer(true);
  const workflow = new AgenticWorkflow((request) => request.run(agent));
  const behind = new Client(workflow, client.context);
  Object.assign(behind, { messages: client.messages, approvals: client.approvals });
  await behind.send();
  assertEquals(executions, []);
  const fresh = new Client(workflow, client.context);
  const result = await fresh.ask();
  assertAsked(fresh);
  assertEquals(
    result.text,
    "agent: The tool call was denied: it needs the consent of a person, and nobody can be asked here.",
  );
  await client.send();
  assertEquals(executions.length, 1);
});
