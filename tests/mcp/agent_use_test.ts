/** Agents that use MCP servers: what reaches the model, and what an agent makes of it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Agent } from "../../src/agent/agent.ts";
import { enterToolset, leaveToolset } from "../../src/tools/toolset.ts";
import { textResult } from "../../src/mcp/fixture_test.ts";
import {
  beginRun,
  inProcess,
  overHttp,
  saying,
  telling,
} from "../../src/mcp/toolset_fixture_test.ts";
import { ContextValue } from "../../src/mcp/values.ts";
import { RunError, SetupError } from "../../src/run/error.ts";
import { FunctionModel, ScriptedModel } from "../../src/testing/scripted_model.ts";

Deno.test("a server gives an agent's model the tools and their results", async () => {
  await using made = await inProcess(saying("greet"), { prefix: "fs" });
  const model = new ScriptedModel([{ toolCalls: [{ name: "fs_greet" }] }, "Done"]);
  const agent = new Agent({ model, toolsets: [made.toolset] });
  const { messages, toolCalls } = await agent.generate("Hi");
  assertEquals(model.requests[0]!.tools.map(({ name }) => name), ["fs_greet"]);
  const result = messages.find(({ role }) => role === "tool")!;
  assertEquals([result.content, toolCalls], [[{ type: "text", text: "greet says hello" }], 1]);
});

Deno.test("a server has its own words added to the instructions where that is wanted", async () => {
  const serverInstructions = "Read before you write.";
  const instructionsOf = async (options: { readonly instructions?: boolean }) => {
    await using made = await inProcess(saying("a"), { ...options, serverInstructions });
    const model = new ScriptedModel(["Done"]);
    await new Agent({ model, instructions: "Be brief.", toolsets: [made.toolset] }).generate("Hi");
    return model.requests[0]!.messages.filter(({ role }) => role === "system");
  };
  const told = JSON.stringify(await instructionsOf({ instructions: true }));
  assert(told.includes("Be brief.") && told.includes(serverInstructions), told);
  assert(!JSON.stringify(await instructionsOf({})).includes(serverInstructions));
  await using silent = await inProcess(saying("a"), { instructions: true });
  await using run = await beginRun(silent.toolset);
  assertEquals(await run.instructions(), undefined);
});

Deno.test("a toolset's retries go before the agent's", async () => {
  const attempts = async (options: { readonly retries?: number }) => {
    await using made = await inProcess((server) => {
      server.registerTool("fail", {}, () => ({ ...textResult("no"), isError: true }));
    }, options);
    const model = new FunctionModel(() => ({ toolCalls: [{ name: "fail" }] }));
    const agent = new Agent({ model, toolsets: [made.toolset], retries: 1 });
    await assertRejects(() => agent.generate("Hi"), RunError, "retries");
    return model.requests.length;
  };
  assertEquals([await attempts({}), await attempts({ retries: 3 })], [2, 4]);
  assertEquals(await attempts({ retries: 0 }), 1);
});

Deno.test("two servers with a tool of one name are told of by name", async () => {
  await using first = await inProcess(saying("read", "list"), { id: "notes" });
  await using second = await inProcess(saying("read"), { id: "files" });
  const message = 'Toolsets "notes" and "files" both have a tool named "read"';
  const toolsets = [first.toolset, second.toolset];
  const agent = new Agent({ model: new ScriptedModel(["Hi"]), toolsets });
  const error = await assertRejects(() => agent.start(), SetupError, message);
  assert(error.message.includes("`prefix`"), error.message);
  await assertRejects(() => agent.generate("Hi"), SetupError, message);
  await using prefixed = await inProcess(saying("read"), { id: "files", prefix: "fs" });
  await using fine = new Agent({
    model: new ScriptedModel(["Hi"]),
    toolsets: [first.toolset, prefixed.toolset],
  });
  await fine.start();
  assertEquals((await fine.generate("Hi")).output, "Hi");
});

Deno.test("an agent's run has the identity of its deps, though others run at the same time", async () => {
  interface Deps {
    readonly user: string;
  }
  const headers = { "x-user": new ContextValue<never>("user") };
  const { toolset, server } = overHttp<Deps>(telling, { headers });
  await enterToolset(toolset);
  const users = ["ada", "bob", "eve", "ada"];
  const results = await Promise.all(users.map(async (user) => {
    const model = new ScriptedModel([{ toolCalls: [{ name: "tell" }] }, "Done"]);
    const agent = new Agent<Deps>({ model, toolsets: [toolset] });
    await agent.generate("Hi", { deps: { user } });
    const [part] = model.requests[1]!.messages.at(-1)!.content;
    return part && typeof part === "object" && part.type === "text"
      ? JSON.parse(part.text).user
      : "";
  }));
  assertEquals([results, server.sessions.size], [users, 3]);
  await leaveToolset(toolset);
});
