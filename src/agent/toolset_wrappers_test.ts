import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RequestError, RunError, SetupError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import type { ToolCall } from "../run/request.ts";
import { macrotask } from "../testing/macrotask.ts";
import { ScriptedModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ApprovalRequiredToolset } from "../tools/approval_required.ts";
import { DynamicToolset } from "../tools/dynamic.ts";
import { FilteredToolset } from "../tools/filtered.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import { PrefixedToolset } from "../tools/prefixed.ts";
import { PreparedToolset } from "../tools/prepared.ts";
import { RenamedToolset } from "../tools/renamed.ts";
import { type Tool, tool } from "../tools/tool.ts";
import type { Toolset } from "../tools/toolset.ts";
import { Agent } from "./agent.ts";
import { planAgent } from "./plan.ts";

const named = (name: string, ran?: string[]): Tool =>
  tool({ name, execute: (_, ctx) => void ran?.push(ctx.toolName) });

const calling = (name: string, args: unknown = {}) => ({ toolCalls: [{ name, arguments: args }] });

/** A toolset that writes down its life. */
function living(id: string, log: string[], tools: readonly Tool[] = []): Toolset {
  return {
    id,
    start: () => Promise.resolve(void log.push(`+${id}`)),
    tools: () => tools,
    [Symbol.asyncDispose]: () => Promise.resolve(void log.push(`-${id}`)),
  };
}

Deno.test("an agent whose wrappers do the same at every step works its tools out once", () => {
  const tools = new FunctionToolset([named("a"), named("b")]);
  const model = new ScriptedModel([]);
  const wrapped = new PrefixedToolset(
    new ApprovalRequiredToolset(new RenamedToolset(tools, { a: "c" })),
    "x",
  );
  const plan = planAgent({ model, toolsets: [wrapped] });
  assertEquals(plan.fixedTools?.map(({ tool }) => tool.name), ["x_c", "x_b"]);
  const filtered = new FilteredToolset(tools, () => true);
  assertEquals(planAgent({ model, toolsets: [filtered] }).fixedTools, undefined);
});

Deno.test("a tool that a filter left out cannot be called at that step", async () => {
  const ran: string[] = [];
  const filtered = new FilteredToolset(
    new FunctionToolset([named("late", ran), named("look", ran)]),
    ({ step }, { name }) => name === "look" || step > 1,
  );
  const model = new ScriptedModel([calling("late"), calling("late"), "Done."]);
  await new Agent({ model, toolsets: [filtered] }).generate("x");
  assertEquals(model.requests.map(({ tools }) => tools.map(({ name }) => name)), [
    ["look"],
    ["late", "look"],
    ["late", "look"],
  ]);
  assertEquals(ran, ["late"]);
});

Deno.test("a filter settles a conflict of names", async () => {
  const toolsets = ["left", "right"].map((id) =>
    new FilteredToolset(
      new FunctionToolset([named("a")], { id }),
      ({ deps }) => deps === id,
    )
  );
  const model = new ScriptedModel(["Done."]);
  await new Agent({ model, toolsets }).generate("x", { deps: "right" });
  assertEquals(model.requests[0]!.tools.length, 1);
});

Deno.test("a prepared toolset that adds a tool fails the run", async () => {
  const adding = new PreparedToolset(
    new FunctionToolset([]),
    () => [{ name: "new", parameters: {} }],
  );
  const agent = new Agent({ model: new ScriptedModel([]), toolsets: [adding] });
  const error = await assertRejects(() => agent.generate("x"), RunError, "was added");
  assertEquals(error.code, "internal");
});

Deno.test("a renamed toolset conflicts with others under its new names", () => {
  const renamed = new RenamedToolset(new FunctionToolset([named("a")], { id: "left" }), { a: "b" });
  const model = new ScriptedModel([]);
  assertThrows(
    () => new Agent({ model, tools: [named("b")], toolsets: [renamed] }),
    SetupError,
    'tool named "b"',
  );
});

Deno.test("calls of a toolset that requires approval are asked about, each as its arguments need", async () => {
  const ran: string[] = [];
  const pay = tool({
    name: "pay",
    parameters: { type: "object", properties: { amount: { type: "number" } } },
    execute: ({ amount }, { approved }) => void ran.push(`${amount} ${approved}`),
  });
  const asked: string[] = [];
  const approve = ({ arguments: args }: ToolCall) => {
    asked.push(args);
    return !args.includes("99");
  };
  const needs = (_ctx: unknown, _definition: unknown, args: unknown) =>
    (args as { amount: number }).amount > 10;
  const turn = {
    toolCalls: [5, 50, 99].map((amount) => ({ name: "pay", arguments: { amount } })),
  };
  const tools = new FunctionToolset([pay]);
  const model = new ScriptedModel([turn, "Done.", turn, "Done."]);
  await new Agent({
    model,
    toolsets: [new ApprovalRequiredToolset(tools, needs)],
    approve,
  }).generate("x");
  assertEquals(ran.sort(), ["5 false", "50 true"]);
  assertEquals(asked, ['{"amount":50}', '{"amount":99}']);
  await new Agent({ model, toolsets: [new ApprovalRequiredToolset(tools)], approve }).generate("x");
  assertEquals(asked.length, 5);
  assertEquals(ran.length, 4);
});

Deno.test("a toolset made per run is entered and left with it, also when the run fails", async () => {
  const log: string[] = [];
  const dynamic = new DynamicToolset(({ deps }) => living(String(deps), log, [named("a")]));
  const model = new ScriptedModel(["Done.", { error: new Error("down") }]);
  const agent = new Agent({ model, toolsets: [dynamic] });
  await agent.generate("x", { deps: "ann" });
  await assertRejects(() => agent.generate("x", { deps: "bob" }), Error, "down");
  assertEquals(log, ["+ann", "-ann", "+bob", "-bob"]);
});

Deno.test("one toolset made for concurrent runs starts once", async () => {
  const log: string[] = [];
  const shared = living("s", log);
  const gate = Promise.withResolvers<void>();
  const model = new ScriptedModel([{ text: "a", before: () => gate.promise }, "b"]);
  const agent = new Agent({ model, toolsets: [new DynamicToolset(() => shared)] });
  const first = agent.generate("x");
  await macrotask();
  await agent.generate("y");
  assertEquals(log, ["+s"]);
  gate.resolve();
  await first;
  assertEquals(log, ["+s", "-s"]);
});

Deno.test("toolsets made per step follow each other and are left with the run", async () => {
  const log: string[] = [];
  const dynamic = new DynamicToolset(
    ({ step }) => step < 3 ? living(`t${step}`, log, [named(`tool_${step}`)]) : undefined,
    { per: "step" },
  );
  const model = new ScriptedModel([calling("tool_1"), calling("tool_2"), "Done."]);
  await new Agent({ model, toolsets: [dynamic] }).generate("x");
  assertEquals(model.requests.map(({ tools }) => tools.map(({ name }) => name)), [
    ["tool_1"],
    ["tool_2"],
    [],
  ]);
  assertEquals(log, ["+t1", "+t2", "-t1", "-t2"]);
  const failing = new ScriptedModel([calling("tool_1"), { error: new Error("down") }]);
  log.length = 0;
  await assertRejects(() => new Agent({ model: failing, toolsets: [dynamic] }).generate("x"));
  assertEquals(log, ["+t1", "+t2", "-t1", "-t2"]);
});

Deno.test("an abort leaves toolsets made per step, even those that start too late", async () => {
  const gone = new Error("client left");
  const log: string[] = [];
  const starting = Promise.withResolvers<void>();
  const slow = { ...living("slow", log), start: () => starting.promise };
  const dynamic = new DynamicToolset(({ step }) => step === 1 ? living("quick", log) : slow, {
    per: "step",
  });
  const controller = new AbortController();
  const model = new ScriptedModel([{}, "never"]);
  const agent = new Agent({ model, toolsets: [dynamic] });
  const context = testContext({ signal: controller.signal });
  const failure = assertRejects(() => fold(agent.run(testRequest(), context)));
  await macrotask();
  controller.abort(gone);
  assertEquals(await failure, gone);
  assertEquals(log, ["+quick", "-quick"]);
  starting.resolve();
  await macrotask();
  assertEquals(log, ["+quick", "-quick", "-slow"]);
});

Deno.test("errors of functions that make or filter toolsets are told to nobody", async () => {
  const secret = new RequestError("invalid-value", "no such tenant");
  const fail = () => {
    throw secret;
  };
  const failing: readonly Toolset[] = [
    new DynamicToolset(fail),
    new DynamicToolset(fail, { per: "step" }),
    new FilteredToolset(new FunctionToolset([named("a")]), fail),
    new PreparedToolset(new FunctionToolset([]), fail),
  ];
  for (const toolset of failing) {
    const agent = new Agent({ model: new ScriptedModel([]), toolsets: [toolset] });
    const error = await assertRejects(
      () => fold(agent.run(testRequest(), testContext())),
      RunError,
    );
    assertEquals([error.code, error.cause], ["internal", secret]);
  }
});
