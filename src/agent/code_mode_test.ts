import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { z } from "zod";
import { CodeMode } from "../code_mode/code_mode.ts";
import { RunError } from "../run/error.ts";
import { macrotask } from "../testing/macrotask.ts";
import { ScriptedModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ToolContent } from "../tools/content.ts";
import { DynamicToolset } from "../tools/dynamic.ts";
import { ExternalToolset } from "../tools/external.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import { ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { PrefixedToolset } from "../tools/prefixed.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import { agentTool } from "./agent_tool.ts";
import { code, coding, resultsOf, runs, tracesOf } from "./code_mode_fixture_test.ts";
import { toolOutput } from "./output.ts";

const FIX = "\n\nFix the errors and try again.";

const price = tool({
  name: "price",
  description: "Price of an article",
  parameters: z.object({ article: z.string() }),
  returns: z.number(),
  execute: ({ article }) => article.length,
});

const stock = tool({ name: "stock", execute: () => ({ lamp: 3 }) });

Deno.test("in code mode the model is offered one tool, which declares the others", async () => {
  const { agent, model } = coding([], { tools: [price, stock] });
  await agent.generate("Hi");
  const [offered, ...others] = model.requests[0]!.tools;
  assertEquals(others, []);
  assertEquals(offered!.name, "run_code");
  assertStringIncludes(
    offered!.description!,
    "/** Price of an article */\ndeclare function price(args: { article: string }): Promise<number>;",
  );
  assertStringIncludes(offered!.description!, "declare function stock(");
});

Deno.test("code calls tools as it likes, and the model reads what it came to", async () => {
  const { text, results } = await runs([
    code("const sum = await price({ article: 'lamp' }) + await price({ article: 'chair' }); sum"),
    code("const { lamp } = await stock({}); console.log('stock', lamp); sum * lamp"),
    "Together 27.",
  ], { tools: [price, stock] });
  assertEquals(results, ["9", '{"output":"stock 3\\n","result":27}']);
  assertEquals(text, "Together 27.");
});

Deno.test("several pieces of one turn run one after another, in one scope", async () => {
  const { results } = await runs([code("let n = 1; n", "n += 1; n", "n * 10")], { tools: [stock] });
  assertEquals(results, ["1", "2", "20"]);
});

Deno.test("a run has a scope of its own, beside others and after them", async () => {
  const mode = new CodeMode();
  const one = (value: string) =>
    runs([code(`globalThis.mark = '${value}'; 1`), code("mark")], {
      tools: [stock],
      codeMode: mode,
    });
  const both = await Promise.all([one("a"), one("b")]);
  assertEquals(both.map(({ results }) => results[1]), ["a", "b"]);
  const { results } = await runs([code("typeof mark")], { tools: [stock], codeMode: mode });
  assertEquals(results, ["undefined"]);
});

Deno.test("calls of code are traced under ids of their own and counted like others", async () => {
  const { agent, model } = coding([code("await price({ article: 'a' }); await stock({})")], {
    tools: [price, stock],
  });
  const { toolCalls } = await agent.generate("Hi");
  assertEquals(toolCalls, 3);
  assertEquals(resultsOf(model.requests[1]!.messages), ['{"lamp":3}']);
  const { events } = await runs([code("await price({ article: 'a' }); await stock({})")], {
    tools: [price, stock],
  });
  assertEquals(tracesOf(events), [
    "call_0_0 run_code",
    "call_0_0__1 price",
    "call_0_0__1 price ok",
    "call_0_0__2 stock",
    "call_0_0__2 stock ok",
    "call_0_0 run_code ok",
  ]);
});

Deno.test("what a tool would have told the model is thrown where the code called", async () => {
  const tools = [
    price,
    tool({
      name: "retry",
      execute: () => {
        throw new ModelRetry("Ask for less");
      },
    }),
    tool({
      name: "fail",
      execute: () => {
        throw new ToolFailed("Sold out");
      },
    }),
  ];
  const caught = (call: string) => `try { await ${call} } catch (e) { [e.name, e.message] }`;
  const { results, events } = await runs([
    code(caught("price({ article: 7 })"), caught("price()"), caught("retry()"), caught("fail()")),
    code("await fail()"),
  ], { tools });
  const told = results.slice(0, 4).map((text) => JSON.parse(text));
  assertEquals(told[0][0], "ToolError");
  assertStringIncludes(told[0][1], "1 validation error:");
  assertStringIncludes(told[1][1], "article");
  assertEquals(told[2][1], `Ask for less${FIX}`);
  assertEquals(told[3][1], '{"error":"Sold out"}');
  assertEquals(
    results[4],
    `Runtime error:\nToolError: {"error":"Sold out"}\n    at code_5.ts:1:7${FIX}`,
  );
  assertEquals(
    tracesOf(events).filter((line) => line.includes("__") && line.split(" ").length > 2),
    [
      "call_0_0__1 price retry",
      "call_0_1__1 price retry",
      "call_0_2__1 retry retry",
      "call_0_3__1 fail failed",
      "call_1_0__1 fail failed",
    ],
  );
});

Deno.test("failures inside code cost no retry, code that fails does, and three are forgiven", async () => {
  const shaky = tool({
    name: "shaky",
    retries: 0,
    execute: () => {
      throw new ModelRetry("No");
    },
  });
  const often = "for (let n = 0; n < 20; n++) await shaky().catch(() => {}); 'fine'";
  const bad = code("null.x");
  const { text } = await runs(
    [code(often), bad, bad, bad, code(often), bad, bad, bad, "Made it."],
    {
      tools: [shaky],
    },
  );
  assertEquals(text, "Made it.");
  await assertRejects(
    () => runs([bad, bad, bad, bad, "Never."], { tools: [shaky] }),
    RunError,
    "Tool 'run_code' exceeded max retries count of 3",
  );
});

Deno.test("arguments that are no code are told, and no arguments at all", async () => {
  const call = (args: unknown) => ({ toolCalls: [{ name: "run_code", arguments: args }] });
  const { results } = await runs([call({}), call({ code: 1 }), call("{"), code("1")], {
    tools: [stock],
  });
  assertStringIncludes(results[0]!, "Value must be text");
  assertStringIncludes(results[1]!, "Value must be text");
  assertStringIncludes(results[2]!, "Invalid JSON");
  assertEquals(results[3], "1");
});

Deno.test("a tool that fails for good ends the run, whatever code would make of it", async () => {
  const secret = new Error("postgres://user:password@db");
  const broken = tool({
    name: "broken",
    execute: () => {
      throw secret;
    },
  });
  const error = await assertRejects(
    () => runs([code("try { await broken() } catch { 'mended' }"), "Never."], { tools: [broken] }),
    RunError,
    'Tool "run_code" failed',
  );
  assertEquals(error.code, "internal");
  assertEquals((error.cause as Error).message, 'Tool "broken" failed');
  assertEquals((error.cause as Error).cause, secret);
});

Deno.test("a budget of calls is exact, and code that would go beyond ends the run", async () => {
  let ran = 0;
  const count = tool({ name: "count", execute: () => ++ran });
  const limits = { maxToolCalls: 5 };
  // The piece itself is one.
  const { results } = await runs([
    code("await count(); await count(); await count(); await count()"),
  ], {
    tools: [count],
    limits,
  });
  assertEquals(results, ["4"]);
  ran = 0;
  const error = await assertRejects(
    () =>
      runs([code("await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => count())); 'all'")], {
        tools: [count],
        limits,
      }),
    RunError,
  );
  assertEquals(
    (error.cause as Error).message,
    "Run exceeded its limit: maxToolCalls is 5, wanted 6",
  );
  assert(ran <= 4, `${ran} calls`);
  ran = 0;
  const turns = [code("await count()"), code("await count()"), code("await count()")];
  await assertRejects(() => runs(turns, { tools: [count], limits }), RunError, "run_code");
  assertEquals(ran, 2);
});

Deno.test("calls that come to nothing are given back", async () => {
  const fail = tool({
    name: "fail",
    execute: () => {
      throw new ToolFailed("No");
    },
  });
  const often = "for (let n = 0; n < 10; n++) await fail().catch(() => {}); await stock()";
  const { results } = await runs([code(often), code("await stock()")], {
    tools: [fail, stock],
    limits: { maxToolCalls: 4 },
  });
  assertEquals(results, ['{"lamp":3}', '{"lamp":3}']);
});

Deno.test("calls that the caller does not want are refused where code makes them", async () => {
  const { results } = await runs(
    [code(
      "const all = await Promise.allSettled([stock(), stock(), stock()]); all.map((a) => a.status)",
    )],
    { tools: [stock] },
    { request: { maxToolCalls: 3 } },
  );
  assertEquals(JSON.parse(results[0]!), ["fulfilled", "fulfilled", "rejected"]);
});

Deno.test("sequential tools run alone, others beside each other", async () => {
  const events: string[] = [];
  const both = Promise.withResolvers<void>();
  const made = (name: string, work: () => Promise<void> = macrotask) =>
    tool({
      name,
      sequential: name === "alone",
      execute: async () => {
        events.push(`${name} begins`);
        await work();
        events.push(`${name} ends`);
      },
    });
  await runs([code("await Promise.all([a(), b(), alone(), c(), alone()])")], {
    tools: [
      made("a", () => both.promise),
      made("b", () => Promise.resolve(both.resolve())),
      made("alone"),
      made("c"),
    ],
  });
  assertEquals(events.slice(0, 4).sort(), ["a begins", "a ends", "b begins", "b ends"]);
  assertEquals(events.slice(4), [
    "alone begins",
    "alone ends",
    "c begins",
    "c ends",
    "alone begins",
    "alone ends",
  ]);
});

Deno.test("tools that need consent, external ones, the client's and outputs stay as they are", async () => {
  const careful = tool({ name: "careful", requiresApproval: true, execute: () => "acted" });
  const outside = new ExternalToolset([{ name: "outside", parameters: {} }]);
  const { agent, model } = coding(
    [{ toolCalls: [{ name: "careful" }] }, {
      toolCalls: [{ name: "final_result", arguments: { n: 1 } }],
    }],
    {
      tools: [price, careful],
      toolsets: [outside],
      output: toolOutput(z.object({ n: z.number() })) as never,
      approve: () => true,
    },
  );
  for await (
    const _ of agent.run(testRequest({ tools: [{ name: "ask", kind: "function" }] }), testContext())
  );
  const names = model.requests[0]!.tools.map(({ name }) => name);
  assertEquals(names.sort(), ["ask", "careful", "final_result", "outside", "run_code"]);
  assertEquals(resultsOf(model.requests[1]!.messages), ["acted"]);
});

Deno.test("a selector says which tools go into code; without any there is no code", async () => {
  const { agent, model } = coding([], {
    tools: [price, stock],
    codeMode: new CodeMode({ tools: ({ name }) => name === "price" }),
  });
  await agent.generate("Hi");
  assertEquals(model.requests[0]!.tools.map(({ name }) => name), ["run_code", "stock"]);
  const none = coding([], { tools: [price], codeMode: new CodeMode({ tools: () => false }) });
  await none.agent.generate("Hi");
  assertEquals(none.model.requests[0]!.tools.map(({ name }) => name), ["price"]);
});

Deno.test("a client's tool named run_code keeps its name, and the agent's still works", async () => {
  const { agent, model } = coding(
    [{ toolCalls: [{ name: "run_code_2", arguments: { code: "await stock()" } }] }, {
      toolCalls: [{ name: "run_code", arguments: { own: true } }],
    }],
    { tools: [stock] },
  );
  const events = [];
  const request = testRequest({ tools: [{ name: "run_code", kind: "function" }] });
  for await (const event of agent.run(request, testContext())) events.push(event);
  assertEquals(model.requests[0]!.tools.map(({ name }) => name), ["run_code_2", "run_code"]);
  assertEquals(resultsOf(model.requests[1]!.messages), ['{"lamp":3}']);
  assert(events.some((event) => event.type === "tool-call-start" && event.name === "run_code"));
});

Deno.test("a tool whose name is taken in code is offered beside it, and the log says so once", async () => {
  const context = testContext();
  const tools = ["get-it", "get_it", "run_code"].map((name) => tool({ name, execute: () => name }));
  const { agent, model } = coding([
    code("await get_it()"),
    { toolCalls: [{ name: "get_it" }, { name: "run_code_2" }] },
  ], { tools });
  for await (const _ of agent.run(testRequest(), context));
  assertEquals(model.requests[0]!.tools.map(({ name }) => name), [
    "run_code",
    "get_it",
    "run_code_2",
  ]);
  assertEquals(resultsOf(model.requests[2]!.messages), ["get-it", "get_it", "run_code"]);
  assertEquals(
    context.logger.entries.filter(({ level }) => level === "warn").map(({ fields }) =>
      fields["tool"]
    ),
    ["get_it", "run_code"],
  );
});

Deno.test("a native tool named run_code does not vanish", async () => {
  const own = tool({ name: "run_code", requiresApproval: true, execute: () => "own" });
  const { agent, model } = coding([{ toolCalls: [{ name: "run_code_2" }] }], {
    tools: [own, stock],
    approve: () => true,
  });
  await agent.generate("Hi");
  assertEquals(resultsOf(model.requests[1]!.messages), ["own"]);
});

Deno.test("tools that change with the step are declared, and callable, as they are then", async () => {
  const changing = tool({
    name: "changing",
    execute: () => "called",
    prepare: ({ step }, definition) =>
      step === 2 ? undefined : { ...definition, description: `At step ${step}` },
  });
  const { agent, model } = coding([
    code("await changing()"),
    code("try { await changing() } catch (e) { e.message }"),
    code("await changing()"),
  ], { tools: [changing, stock] });
  await agent.generate("Hi");
  const told = model.requests.map(({ tools }) => /At step \d/.exec(tools[0]!.description!)?.[0]);
  assertEquals(told, ["At step 1", undefined, "At step 3", "At step 4"]);
  assertEquals(resultsOf(model.requests[3]!.messages), [
    "called",
    'No function is named "changing"',
    "called",
  ]);
});

Deno.test("a toolset with prepared tools only can be without any at a step", async () => {
  const once = tool({
    name: "once",
    execute: () => 1,
    prepare: ({ step }, own) => step > 1 ? undefined : own,
  });
  const { agent, model } = coding([code("await once()")], { tools: [once] });
  await agent.generate("Hi");
  assertEquals(model.requests.map(({ tools }) => tools.map(({ name }) => name)), [
    ["run_code"],
    [],
  ]);
});

Deno.test("tools of toolsets are called by the names the agent has for them", async () => {
  const shop = new FunctionToolset([price, stock], { id: "shop" });
  const { results } = await runs([code("[await shop_price({ article: 'ab' }), await later()]")], {
    toolsets: [
      new PrefixedToolset(shop, "shop"),
      new DynamicToolset(
        () =>
          new FunctionToolset([tool({ name: "later", execute: () => "came" })], { id: "inner" }),
        { id: "dynamic" },
      ),
    ],
  });
  assertEquals(results, ['[2,"came"]']);
});

Deno.test("agents as tools are called from code, and what they use counts", async () => {
  const inner = new Agent({ model: new ScriptedModel(["one", "two"]) });
  const ask = agentTool(inner, { name: "ask", description: "Asks" });
  const { results, events } = await runs(
    [code("[await ask({ prompt: 'a' }), await ask({ prompt: 'b' })]")],
    { tools: [ask] },
  );
  assertEquals(results, ['["one","two"]']);
  const inside = events.filter((event) => event.type === "usage" && event.inner);
  assertEquals(inside.length, 2);
});

Deno.test("files of tools come to the model when code returns them", async () => {
  const image = { type: "image" as const, url: "data:image/png;base64,AAAA" };
  const shot = tool({ name: "shot", execute: () => new ToolContent([image]) });
  const { agent, model } = coding([code("const file = await shot(); file"), code("({ file })")], {
    tools: [shot],
  });
  await agent.generate("Hi");
  const messages = model.requests[2]!.messages;
  const [alone, within] = resultsOf(messages);
  assertEquals(alone, "See file call_0_0_1.");
  assertMatch(
    within!,
    /^\{"file":\{"file":"file_[\w-]{36}","type":"image"\}\}[^]*See file call_1_0_1\.$/,
  );
  assert(messages.some((message) => message.role === "user" && message.content.includes(image)));
});

Deno.test("what a tool returns that is no JSON is thrown at the call", async () => {
  const big = tool({ name: "big", execute: () => 10n });
  const { results } = await runs([code("try { await big() } catch (e) { e.message }")], {
    tools: [big],
  });
  assertEquals(results, ["Result is no JSON"]);
});
