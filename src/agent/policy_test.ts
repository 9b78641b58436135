import { assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { RunError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import type { Message, ToolSpec } from "../run/request.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { ToolCallPolicy } from "../tools/policy.ts";
import { PrefixedToolset } from "../tools/prefixed.ts";
import { RenamedToolset } from "../tools/renamed.ts";
import { tool } from "../tools/tool.ts";
import type { Toolset } from "../tools/toolset.ts";
import { Agent } from "./agent.ts";
import type { AgentOptions } from "./plan.ts";

interface Shop {
  readonly customerId?: string | null;
}

const SIGN_IN = "Ask the user to sign in first.";
const TOLD = `{"error":"${SIGN_IN}"}`;

function results(messages: readonly Message[]): string[] {
  return messages.flatMap((message) =>
    message.role === "tool"
      ? [message.content.map((part) => part.type === "text" ? part.text : part.type).join("|")]
      : []
  );
}

/** Tools that say what they were called with. */
function shop(ran: string[] = []): FunctionToolset<Shop> {
  const made = (name: string) =>
    tool({
      name,
      parameters: z.object({ orderId: z.string(), id: z.string().optional() }),
      execute: ({ orderId }, ctx) => {
        ran.push(ctx.toolName);
        return `${name} ${orderId}`;
      },
    });
  return new FunctionToolset([made("show"), made("cancel")], { id: "shop" });
}

interface Setting {
  readonly deps?: unknown;
  readonly clientTools?: readonly ToolSpec[];
  readonly approve?: AgentOptions<Shop>["approve"];
}

type Call = NonNullable<ScriptedTurn["toolCalls"]>[number];

/** The two ways to use a policy. */
const WAYS = {
  "as an agent's hooks": (policy: ToolCallPolicy<Shop>, toolset: Toolset<Shop>) => ({
    hooks: [policy],
    toolsets: [toolset],
  }),
  "around a toolset": (policy: ToolCallPolicy<Shop>, toolset: Toolset<Shop>) => ({
    toolsets: [policy.around(toolset)],
  }),
};

async function told(
  calls: readonly Call[],
  options: Pick<AgentOptions<Shop>, "hooks" | "toolsets">,
  { deps = {}, clientTools = [], approve }: Setting = {},
): Promise<string[]> {
  const model = new ScriptedModel([{ toolCalls: calls }, "Done."]);
  const agent = new Agent<Shop>({ model, approve, ...options });
  const request = testRequest({ tools: clientTools });
  await fold(agent.run(request, testContext({ deps })));
  return results(model.requests[1]!.messages);
}

const order = (name: string, args: unknown = { orderId: "7" }) => ({ name, arguments: args });

for (const [way, use] of Object.entries(WAYS)) {
  Deno.test(`a policy ${way} requires a field of the deps before its tools run`, async () => {
    const policy = () =>
      new ToolCallPolicy<Shop>().require("customerId", { tools: ["cancel"], message: SIGN_IN });
    const calls = [order("show"), order("cancel")];
    for (
      const deps of [
        undefined,
        null,
        "customerId",
        {},
        { customerId: undefined },
        { customerId: null },
        { customerId: "" },
        Object.create({ customerId: "inherited" }),
      ]
    ) {
      const ran: string[] = [];
      const options = use(policy(), shop(ran));
      const model = new ScriptedModel([{ toolCalls: calls }, "Done."]);
      const agent = new Agent<Shop>({ model, ...options });
      await fold(agent.run(testRequest(), testContext({ deps })));
      assertEquals(results(model.requests[1]!.messages), ["show 7", TOLD]);
      assertEquals(ran, ["show"]);
    }
    assertEquals(
      await told(calls, use(policy(), shop()), { deps: { customerId: "c" } }),
      ["show 7", "cancel 7"],
    );
  });

  Deno.test(`what a policy ${way} requires costs no retry and asks nobody for consent`, async () => {
    const policy = new ToolCallPolicy<Shop>().require("customerId", { message: SIGN_IN });
    const guarded = new FunctionToolset<Shop>([
      tool({ name: "pay", retries: 0, requiresApproval: true, execute: () => "paid" }),
    ]);
    let asked = false;
    const approve = () => asked = true;
    assertEquals(await told([{ name: "pay" }], use(policy, guarded), { approve }), [TOLD]);
    assertEquals(asked, false);
  });

  Deno.test(`a policy ${way} fills in missing arguments before they are checked`, async () => {
    const policy = new ToolCallPolicy<Shop>()
      .fill("orderId", { from: "id", tools: ["show"] })
      .fill("orderId", { from: "nothing" });
    const calls = [
      order("show", { id: "1" }),
      order("show", { id: "1", orderId: "2" }),
      order("cancel", { id: "1" }),
      order("show", '["no object"]'),
    ];
    const [filled, kept, other, list] = await told(calls, use(policy, shop()));
    assertEquals([filled, kept], ["show 1", "show 2"]);
    for (const text of [other, list]) {
      assertEquals(text!.startsWith("1 validation error:"), true, text);
    }
  });

  Deno.test(`rules of a policy ${way} change arguments and results in the order they were added`, async () => {
    const policy = new ToolCallPolicy<Shop>()
      .before(({ args }) => ({ ...args, orderId: `${args.orderId}a` }))
      .after((result) => `${result}!`)
      .before(({ args, name }) =>
        Promise.resolve({ ...args, orderId: `${args.orderId}b(${name})` })
      )
      .after((result, { args }, ctx) => `${result} ${args.orderId} ${ctx.toolName}`)
      .before(() => {})
      .after(() => undefined);
    assertEquals(await told([order("show")], use(policy, shop())), [
      "show 7ab(show)! 7ab(show) show",
    ]);
  });

  Deno.test(`rules of a policy ${way} may refuse a call or its result`, async () => {
    const ran: string[] = [];
    const policy = new ToolCallPolicy<Shop>()
      .before(() => {
        throw new ModelRetry("Not that one");
      }, { tools: ["show"] })
      .after(() => {
        throw new ModelRetry("Not so");
      }, { tools: ["cancel"] });
    const fix = "\n\nFix the errors and try again.";
    assertEquals(await told([order("show"), order("cancel")], use(policy, shop(ran))), [
      `Not that one${fix}`,
      `Not so${fix}`,
    ]);
    assertEquals(ran, ["cancel"]);
    const failing = new ToolCallPolicy<Shop>().before(() => {
      throw new Error("secret");
    });
    const error = await assertRejects(
      () => told([order("show")], use(failing, shop())),
      RunError,
      'Tool "show" failed',
    );
    assertEquals(error.code, "internal");
  });

  Deno.test(`a policy ${way} knows tools by their own name and by the one wrappers gave them`, async () => {
    const wrapped = () =>
      new PrefixedToolset(new RenamedToolset(shop(), { cancel: "drop" }), "shop");
    for (const name of ["cancel", "shop_drop"]) {
      const policy = new ToolCallPolicy<Shop>()
        .require("customerId", { tools: [name], message: SIGN_IN });
      assertEquals(
        await told([order("shop_show"), order("shop_drop")], use(policy, wrapped())),
        ["show 7", TOLD],
      );
    }
    const names: string[] = [];
    const policy = new ToolCallPolicy<Shop>().before(({ name }) => void names.push(name));
    await told([order("shop_drop")], use(policy, wrapped()));
    assertEquals(names, ["shop_drop"]);
  });

  Deno.test(`no client slips a tool by a policy ${way} with a tool of the same name`, async () => {
    const policy = new ToolCallPolicy<Shop>()
      .require("customerId", { tools: ["cancel"], message: SIGN_IN });
    const clientTools: ToolSpec[] = [{ name: "cancel", kind: "function" }];
    assertEquals(
      await told([order("cancel_2")], use(policy, shop()), { clientTools }),
      [TOLD],
    );
  });

  Deno.test(`names that every object inherits are nothing special to a policy ${way}`, async () => {
    const odd = new FunctionToolset<Shop>([
      tool({
        name: "toString",
        parameters: { type: "object" },
        execute: (args) => JSON.stringify(Object.entries(args)),
      }),
    ]);
    const policy = new ToolCallPolicy<Shop>()
      .fill("constructor", { from: "valueOf" })
      .fill("__proto__", { from: "a", tools: ["toString"] });
    assertEquals(await told([order("toString", '{"a":1}')], use(policy, odd)), [
      '[["a",1],["__proto__",1]]',
    ]);
    const inherited = new ToolCallPolicy<Record<string, unknown>>()
      .require("constructor", { message: SIGN_IN });
    assertEquals(
      await told([order("show")], use(inherited as unknown as ToolCallPolicy<Shop>, shop()), {
        deps: {},
      }),
      [TOLD],
    );
  });
}

Deno.test("a policy in hooks says what it requires before it looks at arguments", async () => {
  const policy = new ToolCallPolicy<Shop>().require("customerId", { message: SIGN_IN });
  assertEquals(
    await told([order("show", {})], WAYS["as an agent's hooks"](policy, shop())),
    [TOLD],
  );
});

Deno.test("a policy around a toolset sees the names inside wrappers around it", async () => {
  const names: string[] = [];
  const policy = new ToolCallPolicy<Shop>().before(({ name }) => void names.push(name), {
    tools: ["cancel"],
  });
  const prefixed = new PrefixedToolset(policy.around(shop()), "shop");
  assertEquals(await told([order("shop_cancel")], { toolsets: [prefixed] }), ["cancel 7"]);
  assertEquals(names, ["cancel"]);
});
