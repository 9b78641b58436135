import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { testCall } from "../testing/test_step.ts";
import { ExternalToolset } from "./external.ts";
import { FunctionToolset } from "./function_toolset.ts";
import { ToolFailed } from "./outcome.ts";
import { ToolCallPolicy } from "./policy.ts";
import { tool } from "./tool.ts";

const look = tool({ name: "look", execute: () => "seen" });

Deno.test("a policy takes no more rules once an agent or a toolset has it", () => {
  const uses: readonly ((policy: ToolCallPolicy) => unknown)[] = [
    (policy) => policy.around(new FunctionToolset([look])),
    (policy) => policy.beforeToolValidate,
    (policy) => policy.beforeToolExecute,
    (policy) => policy.afterToolExecute,
  ];
  for (const use of uses) {
    const policy = new ToolCallPolicy<{ user?: string }>();
    assertStrictEquals(policy.before(() => {}), policy);
    use(policy as ToolCallPolicy);
    for (
      const add of [
        () => policy.require("user", { message: "Sign in" }),
        () => policy.fill("a", { from: "b" }),
        () => policy.before(() => {}),
        () => policy.after(() => {}),
      ]
    ) assertThrows(add, SetupError, "in use");
  }
});

Deno.test("a policy refuses a rule for no tool", () => {
  assertThrows(() => new ToolCallPolicy().before(() => {}, { tools: [] }), SetupError, "no tool");
});

Deno.test("a policy is no hook where it has no rule", () => {
  const policy = new ToolCallPolicy();
  assertEquals(
    [policy.beforeToolValidate, policy.beforeToolExecute, policy.afterToolExecute],
    [undefined, undefined, undefined],
  );
});

Deno.test("around() leaves alone the tools that no rule is for, and those that run elsewhere", () => {
  const policy = new ToolCallPolicy().before(() => {}, { tools: ["other", "mail"] });
  const tools = new FunctionToolset([look]);
  assertStrictEquals(policy.around(tools).fixedTools?.[0], look);
  const external = new ExternalToolset([{ name: "mail", parameters: {} }]);
  assertStrictEquals(policy.around(external).fixedTools?.[0], external.fixedTools[0]);
});

Deno.test("around() holds for who executes without validating", async () => {
  const policy = new ToolCallPolicy<{ user?: string }>().require("user", { message: "Sign in" });
  const [made] = policy.around(new FunctionToolset([look])).fixedTools!;
  const run = async (deps: { user?: string }) => await made!.execute!({}, testCall({ deps }));
  await assertRejects(() => run({}), ToolFailed, "Sign in");
  assertEquals(await run({ user: "ann" }), "seen");
});
