import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { CodeMode } from "../code_mode/code_mode.ts";
import type { RunEvent } from "../run/event.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import type { ToolHooks } from "../tools/hooks.ts";
import { ApprovalRequired, ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { ToolCallPolicy } from "../tools/policy.ts";
import { tool } from "../tools/tool.ts";
import { code, coding, runs } from "./code_mode_fixture_test.ts";

const FIX = "\n\nFix the errors and try again.";

const double = tool({
  name: "double",
  parameters: z.object({ n: z.number(), unit: z.string().default("m") }),
  execute: ({ n, unit }) => `${n * 2} ${unit}`,
});

/** What code gets for a call under hooks. */
async function called(call: string, hooks: readonly ToolHooks[]): Promise<string> {
  const piece = `await ${call}.catch((e) => e.message)`;
  const { results } = await runs([code(piece)], { tools: [double], hooks });
  return results[0]!;
}

/** For calls of `double` alone: the tool that runs code has hooks like any other. */
function onlyDouble<Args extends readonly unknown[], Result>(
  hook: (...args: Args) => Result,
  otherwise: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) =>
    (args[1] as { ownName: string }).ownName === "double" ? hook(...args) : otherwise(...args);
}

Deno.test("every hook of a tool call stands around calls of code", async () => {
  const told: string[] = [];
  const tell = (name: string) =>
    onlyDouble((_: unknown, { call, args }: { call: { id: string }; args: unknown }) => {
      told.push(`${name} ${call.id} ${JSON.stringify(args)}`);
    }, () => {});
  const hooks: ToolHooks = {
    beforeToolValidate: tell("beforeToolValidate"),
    wrapToolValidate: async (ctx, call, next) => {
      tell("wrapToolValidate")(ctx, call);
      return await next(call.args);
    },
    afterToolValidate: tell("afterToolValidate"),
    onToolValidateError: tell("onToolValidateError"),
    beforeToolExecute: tell("beforeToolExecute"),
    wrapToolExecute: async (ctx, call, next) => {
      tell("wrapToolExecute")(ctx, call);
      return await next(call.args);
    },
    afterToolExecute: tell("afterToolExecute"),
    onToolExecuteError: tell("onToolExecuteError"),
  };
  assertEquals(await called("double({ n: 2 })", [hooks]), "4 m");
  assertEquals(told, [
    'beforeToolValidate call_0_0__1 {"n":2}',
    'wrapToolValidate call_0_0__1 {"n":2}',
    'afterToolValidate call_0_0__1 {"n":2,"unit":"m"}',
    'beforeToolExecute call_0_0__1 {"n":2,"unit":"m"}',
    'wrapToolExecute call_0_0__1 {"n":2,"unit":"m"}',
    'afterToolExecute call_0_0__1 {"n":2,"unit":"m"}',
  ]);
  told.length = 0;
  await called("double({ n: 'two' })", [hooks]);
  assertEquals(told.at(-1), 'onToolValidateError call_0_0__1 {"n":"two"}');
});

Deno.test("hooks change what code calls with and what it gets, and may refuse", async () => {
  const none = () => undefined;
  const cases: readonly (readonly [ToolHooks, string])[] = [
    [{ beforeToolValidate: onlyDouble(() => ({ n: 5 }), none) }, "10 m"],
    [{ afterToolValidate: onlyDouble(() => ({ n: 6, unit: "km" }), none) }, "12 km"],
    [{ beforeToolExecute: onlyDouble(() => ({ n: 7, unit: "cm" }), none) }, "14 cm"],
    [{ afterToolExecute: onlyDouble(() => ({ own: 1 }), none) }, '{"own":1}'],
    [{
      beforeToolExecute: onlyDouble(() => {
        throw new ModelRetry("Not now");
      }, none),
    }, `Not now${FIX}`],
    [{
      beforeToolValidate: onlyDouble(() => {
        throw new ToolFailed("Never");
      }, none),
    }, '{"error":"Never"}'],
    [{
      wrapToolExecute: (_, { ownName, args }, next) =>
        ownName === "double" ? "instead" : next(args),
    }, "instead"],
  ];
  for (const [hooks, result] of cases) {
    assertEquals(await called("double({ n: 1 })", [hooks]), result);
  }
});

Deno.test("a policy holds for calls of code", async () => {
  const policy = new ToolCallPolicy<{ user?: string }>()
    .require("user", { tools: ["double"], message: "Ask the user to sign in first." });
  const ask = async (deps: { user?: string }) => {
    const { results } = await runs<{ user?: string }>(
      [code("await double({ n: 1 }).catch((e) => e.message)")],
      { tools: [double], hooks: [policy] },
      { context: testContext({ deps }) },
    );
    return results[0];
  };
  assertEquals(await ask({ user: "ann" }), "2 m");
  assertStringIncludes((await ask({}))!, "Ask the user to sign in first.");
});

Deno.test("code is refused what needs consent that comes to light in the call", async () => {
  const careful = tool({
    name: "careful",
    execute: (_, { approved }) => {
      if (!approved) throw new ApprovalRequired();
      return "acted";
    },
  });
  const piece = code("await careful().catch((e) => e.message)");
  const nobody = await runs([piece], { tools: [careful] });
  assertStringIncludes(nobody.results[0]!, "denied");
  const client = await runs([piece], { tools: [careful], approval: "client" }, {
    request: { approvals: [] },
  });
  assertEquals(client.results, ["The call needs the consent of a person"]);
  assertEquals(
    (await runs([piece], { tools: [careful], approve: () => false })).results[0],
    nobody.results[0]!.replace(/.*/, "The tool call was denied."),
  );
  assertEquals((await runs([piece], { tools: [careful], approve: () => true })).results, ["acted"]);
});

Deno.test("labels of tools that code calls are told as they begin, once a piece", async () => {
  const tools = ["one", "two"].map((name) =>
    tool({ name, label: `Doing ${name}`, execute: () => name })
  );
  const { events } = await runs(
    [code("await one(); await two(); await one()"), code("await one()")],
    { tools },
    { context: testContext({ reasoning: "progress" }) },
  );
  const told = events.flatMap((event) => event.type === "reasoning-delta" ? [event.text] : []);
  assertEquals(told, ["Doing one", "Doing two", "Doing one"]);
});

Deno.test("a tool's time limit holds for a call of code", async () => {
  const context = testContext();
  const slow = tool({
    name: "slow",
    timeoutMs: 1000,
    execute: () => {
      context.clock.advance(1000);
      return new Promise(() => {});
    },
  });
  const { results } = await runs(
    [code("await slow().catch((e) => e.message)")],
    { tools: [slow] },
    { context },
  );
  assertEquals(results, [`Timed out after 1 seconds.${FIX}`]);
});

Deno.test("a tool knows the call it is in", async () => {
  const seen: unknown[] = [];
  const look = tool({
    name: "look",
    execute: (_, { toolName, toolCallId, step, retry, lastAttempt, deps, runId }) => {
      seen.push([toolName, toolCallId, step, retry, lastAttempt, deps, runId]);
    },
  });
  const context = testContext({ deps: "deps" });
  await runs([code("await look(); await look()")], { tools: [look] }, { context });
  assertEquals(seen, [
    ["look", "call_0_0__1", 1, 0, false, "deps", context.runId],
    ["look", "call_0_0__2", 1, 0, false, "deps", context.runId],
  ]);
});

Deno.test("what a tool's label and code tell comes out while code runs", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const wait = tool({ name: "wait", label: "Waiting", execute: () => gate });
  const { agent } = coding([code("await wait()")], { tools: [wait], codeMode: new CodeMode() });
  const events: RunEvent[] = [];
  for await (const event of agent.run(testRequest(), testContext({ reasoning: "progress" }))) {
    events.push(event);
    // The tool ends only once its label was told.
    if (event.type === "reasoning-delta") open();
  }
  assertEquals(events.at(-1)!.type, "finish");
});
