import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { testContext } from "../testing/test_context.ts";
import { CombinedToolset } from "./combined.ts";
import type { StepContext, ToolContext } from "./context.ts";
import { ExternalToolset } from "./external.ts";
import { FunctionToolset } from "./function_toolset.ts";
import { PrefixedToolset } from "./prefixed.ts";
import { type Tool, tool } from "./tool.ts";
import { enterToolset, leaveToolset, type Toolset } from "./toolset.ts";

const run = testContext();
const step: StepContext = {
  deps: undefined,
  model: "m",
  usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 },
  modelCalls: 0,
  toolCalls: 0,
  limits: {},
  messages: [],
  prompt: undefined,
  step: 1,
  runId: run.runId,
  signal: run.signal,
  run,
};
const call: ToolContext = {
  ...step,
  retry: 0,
  maxRetries: 1,
  lastAttempt: false,
  toolCallId: "c",
  toolName: "?",
  approved: false,
  report: () => {},
};
const named = (name: string): Tool =>
  tool({ name, execute: (_, ctx) => `${name} as ${ctx.toolName}` });

/** A toolset that counts its starts and disposals. */
function counted(start: () => Promise<void> = () => Promise.resolve()) {
  const counts = { started: 0, disposed: 0 };
  const toolset: Toolset = {
    id: "counted",
    start: () => {
      counts.started += 1;
      return start();
    },
    tools: () => [named("a")],
    [Symbol.asyncDispose]: () => {
      counts.disposed += 1;
      return Promise.resolve();
    },
  };
  return { counts, toolset };
}

Deno.test("enterToolset() starts once for several users, the last one to leave disposes", async () => {
  const { counts, toolset } = counted();
  await Promise.all([enterToolset(toolset), enterToolset(toolset)]);
  await leaveToolset(toolset);
  assertEquals(counts, { started: 1, disposed: 0 });
  await leaveToolset(toolset);
  assertEquals(counts, { started: 1, disposed: 1 });
  await leaveToolset(toolset);
  assertEquals(counts.disposed, 1);
  await enterToolset(toolset);
  assertEquals(counts.started, 2);
});

Deno.test("enterToolset() lets the next user try again after a failed start", async () => {
  let failures = 1;
  const { counts, toolset } = counted(() =>
    failures-- > 0 ? Promise.reject(new Error("down")) : Promise.resolve()
  );
  await assertRejects(() => enterToolset(toolset), Error, "down");
  await enterToolset(toolset);
  await leaveToolset(toolset);
  assertEquals(counts, { started: 2, disposed: 1 });
});

Deno.test("FunctionToolset rejects two tools of one name", () => {
  assertThrows(() => new FunctionToolset([named("a"), named("a")]), SetupError, 'named "a"');
});

Deno.test("CombinedToolset rejects one name in two toolsets, naming both", async () => {
  const left = new FunctionToolset([named("a")], { id: "left" });
  const right = new FunctionToolset([named("a")], { id: "right" });
  const error = assertThrows(() => new CombinedToolset([left, right]), SetupError);
  assert(error.message.includes('"left"') && error.message.includes('"right"'));
  const late = new CombinedToolset([left, { id: "right", tools: () => [named("a")] }]);
  await assertRejects(() => late.tools(step), SetupError);
});

Deno.test("CombinedToolset has all tools, with the retries of their toolset", async () => {
  const { counts, toolset } = counted();
  const combined = new CombinedToolset([
    toolset,
    new FunctionToolset([named("b")], { id: "b", retries: 4, instructions: "Use b." }),
  ]);
  await enterToolset(combined);
  const tools = await combined.tools(step);
  assertEquals(tools.map(({ name, retries }) => [name, retries]), [["a", undefined], ["b", 4]]);
  assertEquals(await combined.instructions!(step), "Use b.");
  await leaveToolset(combined);
  assertEquals(counts, { started: 1, disposed: 1 });
});

Deno.test("CombinedToolset leaves what it started when another fails to start", async () => {
  const good = counted();
  const bad = counted(() => Promise.reject(new Error("down")));
  const combined = new CombinedToolset([good.toolset, { ...bad.toolset, id: "bad" }]);
  await assertRejects(() => enterToolset(combined), Error, "down");
  assertEquals(good.counts, { started: 1, disposed: 1 });
});

Deno.test("CombinedToolset passes forRun and forStep on", async () => {
  const inner: Toolset = {
    id: "inner",
    forRun: () => ({
      id: "inner",
      forStep: () => new FunctionToolset([named("deep")]),
      tools: () => [],
    }),
    tools: () => [],
  };
  const combined = new CombinedToolset([inner, new FunctionToolset([named("b")])]);
  const forRun = await combined.forRun!(step);
  const forStep = await forRun.forStep!(step);
  assertEquals((await forStep.tools(step)).map(({ name }) => name), ["deep", "b"]);
});

Deno.test("PrefixedToolset renames towards the model only", async () => {
  const prefixed = new PrefixedToolset(new FunctionToolset([named("search")]), "web");
  const [made] = await prefixed.tools(step);
  assertEquals([made!.name, made!.definition.name], ["web_search", "web_search"]);
  assertEquals(await made!.execute!({}, call), "search as search");
  assertThrows(
    () => new PrefixedToolset(new FunctionToolset([named("a")]), "no spaces"),
    SetupError,
  );
});

Deno.test("PrefixedToolset keeps what its toolset does for runs, steps and its lifetime", async () => {
  const { counts, toolset } = counted();
  const inner: Toolset = {
    ...toolset,
    forRun: () => ({ id: "inner", tools: () => [named("per_run")] }),
    instructions: () => "Use it.",
  };
  const prefixed = new PrefixedToolset(inner, "x");
  await enterToolset(prefixed);
  const forRun = await prefixed.forRun!(step);
  assertEquals((await forRun.tools(step)).map(({ name }) => name), ["x_per_run"]);
  assertEquals(await prefixed.instructions!(step), "Use it.");
  await leaveToolset(prefixed);
  assertEquals(counts, { started: 1, disposed: 1 });
});

Deno.test("a prefixed tool's prepare sees its own name", async () => {
  const seen: string[] = [];
  const prepared = tool({
    name: "a",
    prepare: (_, definition) => {
      seen.push(definition.name);
      return { ...definition, description: "new" };
    },
    execute: () => 1,
  });
  const [made] = await new PrefixedToolset(new FunctionToolset([prepared]), "x").tools(step);
  const definition = await made!.prepare!(step, made!.definition);
  assertEquals([seen, definition?.name, definition?.description], [["a"], "x_a", "new"]);
});

Deno.test("ExternalToolset has tools without code", () => {
  const external = new ExternalToolset([{ name: "mail", parameters: {} }]);
  assertEquals(external.tools().map(({ name, execute }) => [name, execute]), [["mail", undefined]]);
  assertThrows(() => new ExternalToolset([{ name: "a b", parameters: {} }]), SetupError);
});
