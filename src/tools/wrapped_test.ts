import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { RunError, SetupError } from "../run/error.ts";
import { testCall, testStep } from "../testing/test_step.ts";
import { ApprovalRequiredToolset } from "./approval_required.ts";
import { FilteredToolset } from "./filtered.ts";
import { FunctionToolset } from "./function_toolset.ts";
import { ApprovalRequired } from "./outcome.ts";
import { PrefixedToolset } from "./prefixed.ts";
import { PreparedToolset } from "./prepared.ts";
import { RenamedToolset } from "./renamed.ts";
import { type Tool, tool, type ToolDefinition } from "./tool.ts";
import { enterToolset, leaveToolset, type Toolset } from "./toolset.ts";

const named = (name: string): Tool =>
  tool({ name, execute: (_, ctx) => `${name} as ${ctx.toolName}` });

function functions(...names: string[]): FunctionToolset {
  return new FunctionToolset(names.map(named), { id: "fns" });
}

async function namesOf(toolset: Toolset, ctx = testStep()): Promise<string[]> {
  return (await toolset.tools(ctx)).map(({ name }) => name);
}

/** Every wrapper, doing as little as it can. */
const WRAPPERS: Readonly<Record<string, (toolset: Toolset) => Toolset>> = {
  FilteredToolset: (toolset) => new FilteredToolset(toolset, () => true),
  RenamedToolset: (toolset) => new RenamedToolset(toolset, {}),
  PrefixedToolset: (toolset) => new PrefixedToolset(toolset, "x"),
  PreparedToolset: (toolset) => new PreparedToolset(toolset, (_, definitions) => definitions),
  ApprovalRequiredToolset: (toolset) => new ApprovalRequiredToolset(toolset),
};

for (const [name, wrap] of Object.entries(WRAPPERS)) {
  Deno.test(`${name} passes on what else its toolset has and does`, async () => {
    const log: string[] = [];
    const inner: Toolset = {
      id: "inner",
      retries: 4,
      forRun: (ctx) => ({
        id: `run of ${ctx.runId}`,
        forStep: ({ step }) => functions(`at_${step}`),
        tools: () => [],
      }),
      start: () => {
        log.push("start");
        return Promise.resolve();
      },
      instructions: ({ step }) => `Step ${step}.`,
      tools: () => [named("idle")],
      [Symbol.asyncDispose]: () => {
        log.push("dispose");
        return Promise.resolve();
      },
    };
    const wrapped = wrap(inner);
    assertEquals([wrapped.id, wrapped.retries], ["inner", 4]);
    assertEquals(await wrapped.instructions!(testStep({ step: 3 })), "Step 3.");
    const ctx = testStep({ step: 2, runId: "r" });
    const forRun = await wrapped.forRun!(ctx);
    assertEquals(forRun.id, "run of r");
    const [made] = await (await forRun.forStep!(ctx)).tools(ctx);
    assert(made!.name.endsWith("at_2"));
    const call = testCall({ toolName: made!.name });
    assertEquals(await made!.execute!({}, call), "at_2 as at_2");
    // Two wrappers of one toolset share its one start.
    const second = wrap(inner);
    await enterToolset(wrapped);
    await enterToolset(second);
    await leaveToolset(wrapped);
    assertEquals(log, ["start"]);
    await leaveToolset(second);
    assertEquals(log, ["start", "dispose"]);
  });

  Deno.test(`${name} can do no more than its toolset`, () => {
    const wrapped = wrap(functions("a"));
    assertEquals(
      [wrapped.forRun, wrapped.forStep, wrapped.start, wrapped.instructions],
      [undefined, undefined, undefined, undefined],
    );
  });

  Deno.test(`${name} stays itself for a run its toolset does nothing about`, async () => {
    const inner: Toolset = { id: "same", forRun: () => inner, tools: () => [] };
    const wrapped = wrap(inner);
    assertStrictEquals(await wrapped.forRun!(testStep()), wrapped);
  });

  Deno.test(`${name} takes an empty toolset`, async () => {
    assertEquals(await namesOf(wrap(functions())), []);
  });
}

Deno.test("tools stay fixed under wrappers that do the same at every step", () => {
  const fixed = functions("a");
  assertEquals(new PrefixedToolset(fixed, "x").fixedTools?.[0]?.name, "x_a");
  assertEquals(new RenamedToolset(fixed, { a: "b" }).fixedTools?.[0]?.name, "b");
  assertEquals(new ApprovalRequiredToolset(fixed).fixedTools?.[0]?.requiresApproval, true);
  assertEquals(new FilteredToolset(fixed, () => true).fixedTools, undefined);
  assertEquals(new PreparedToolset(fixed, (_, all) => all).fixedTools, undefined);
});

Deno.test("FilteredToolset leaves out what its predicate refuses, anew at each step", async () => {
  const filtered = new FilteredToolset<{ admin: boolean }>(
    new FunctionToolset([
      tool({ name: "look", execute: () => 1 }),
      tool({ name: "purge", metadata: { danger: true }, execute: () => 1 }),
    ]),
    (ctx, { metadata }) => Promise.resolve(ctx.deps.admin || !metadata?.danger),
  );
  const names = async (admin: boolean) =>
    (await filtered.tools(testStep({ deps: { admin } }))).map(({ name }) => name);
  assertEquals(await names(false), ["look"]);
  assertEquals(await names(true), ["look", "purge"]);
});

Deno.test("filters and preparers see what a tool's own prepare made, which runs once a step", async () => {
  let prepared = 0;
  const changing = tool({
    name: "a",
    description: "old",
    prepare: ({ step }, definition) => {
      prepared += 1;
      return step === 1 ? undefined : { ...definition, description: "new" };
    },
    execute: () => 1,
  });
  const seen: ToolDefinition[] = [];
  const inner = new FunctionToolset([changing]);
  const filtered = new FilteredToolset(inner, (_, definition) => seen.push(definition) > 0);
  const both = new PreparedToolset(filtered, (_, definitions) => {
    seen.push(...definitions);
    return definitions;
  });
  assertEquals(await both.tools(testStep({ step: 1 })), []);
  const [made] = await both.tools(testStep({ step: 2 }));
  assertEquals(seen.map(({ description }) => description), ["new", "new"]);
  assertEquals([made!.definition.description, made!.prepare, prepared], ["new", undefined, 2]);
});

Deno.test("RenamedToolset renames towards the model only, and can swap names", async () => {
  const renamed = new RenamedToolset(functions("a", "b", "c"), { a: "b", b: "a" });
  const tools = await renamed.tools(testStep());
  assertEquals(tools.map(({ name, definition }) => [name, definition.name]), [
    ["b", "b"],
    ["a", "a"],
    ["c", "c"],
  ]);
  assertEquals(await tools[0]!.execute!({}, testCall()), "a as a");
});

Deno.test("RenamedToolset refuses names that are unknown, illegal or taken", () => {
  const inner = functions("a", "b");
  const refused = (names: Record<string, string>) =>
    assertThrows(() => new RenamedToolset(inner, names), SetupError).message;
  assertEquals(
    refused({ c: "d" }),
    'Cannot rename tool "c" of toolset "fns": its tools are "a", "b"',
  );
  assert(refused({ a: "two words" }).includes('"two words" is not legal'));
  assert(refused({ a: "b" }).includes('"a" and "b" would both be "b"'));
  assert(refused({ a: "x", b: "x" }).includes('would both be "x"'));
});

Deno.test("RenamedToolset forgives a missing name where tools come and go", async () => {
  const late: Toolset = { id: "late", tools: ({ step }) => step === 1 ? [] : [named("a")] };
  const renamed = new RenamedToolset(late, { a: "b" });
  assertEquals(await namesOf(renamed, testStep({ step: 1 })), []);
  assertEquals(await namesOf(renamed, testStep({ step: 2 })), ["b"]);
  const perUser: Toolset = { id: "user", forRun: () => functions("other"), tools: () => [] };
  const forRun = await new RenamedToolset(perUser, { a: "b" }).forRun!(testStep());
  assertEquals(await namesOf(forRun), ["other"]);
});

Deno.test("names that every object inherits are names like others", async () => {
  const odd = functions("constructor", "toString", "__proto__");
  assertEquals(await namesOf(new RenamedToolset(odd, { toString: "text" })), [
    "constructor",
    "text",
    "__proto__",
  ]);
  assertEquals(
    await namesOf(new RenamedToolset(odd, JSON.parse('{"__proto__":"proto"}'))),
    ["constructor", "toString", "proto"],
  );
  assertThrows(() => new RenamedToolset(functions("a"), { constructor: "b" }), SetupError);
});

Deno.test("PreparedToolset edits and leaves out, but neither adds nor renames nor doubles", async () => {
  const prepared = (change: (definitions: readonly ToolDefinition[]) => ToolDefinition[]) =>
    new PreparedToolset(functions("a", "b"), (_, definitions) => change(definitions))
      .tools(testStep());
  const [made, ...rest] = await prepared(([a]) => [{ ...a!, description: "edited" }]);
  assertEquals([made!.definition.description, rest], ["edited", []]);
  assertEquals(await made!.execute!({}, testCall()), "a as a");
  for (
    const change of [
      () => [{ name: "new", parameters: {} }],
      ([a]: readonly ToolDefinition[]) => [{ ...a!, name: "c" }],
      ([a]: readonly ToolDefinition[]) => [a!, a!],
    ]
  ) {
    const error = await assertRejects(() => prepared(change), RunError);
    assertEquals(error.code, "internal");
  }
});

Deno.test("wrappers in wrappers each see the names of the one inside", async () => {
  const seen: string[] = [];
  const renamed = new RenamedToolset(functions("a"), { a: "b" });
  const guarded = new ApprovalRequiredToolset(renamed, (ctx, definition) => {
    seen.push(ctx.toolName, definition.name);
    return false;
  });
  const [made] = await new PrefixedToolset(guarded, "x").tools(testStep());
  assertEquals([made!.name, made!.ownName], ["x_b", "a"]);
  assertEquals(await made!.execute!({}, testCall()), "a as a");
  assertEquals(seen, ["b", "b"]);
});

Deno.test("ApprovalRequiredToolset with a predicate asks by arguments, before anything runs", async () => {
  let ran = 0;
  const pay = tool({ name: "pay", execute: () => ran += 1 });
  const guarded = new ApprovalRequiredToolset(
    new FunctionToolset([pay]),
    (_ctx, _definition, args) => Promise.resolve((args as { amount: number }).amount > 10),
  );
  const [made] = guarded.fixedTools!;
  assertEquals(made!.requiresApproval, false);
  assertEquals(await made!.execute!({ amount: 5 }, testCall()), 1);
  await assertRejects(async () => {
    await made!.execute!({ amount: 50 }, testCall());
  }, ApprovalRequired);
  assertEquals(ran, 1);
  assertEquals(await made!.execute!({ amount: 50 }, testCall({ approved: true })), 2);
});
