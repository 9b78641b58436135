/** Servers whose tools come and go, and servers with tools of one name. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { until } from "./processes.ts";
import { realServer, serverProgram } from "./real_servers.ts";
import { Served } from "./served.ts";

Deno.test("tools that come and go at the server come and go at the model", async () => {
  const toolset = new MCPToolset({ id: "srv-changing", ...serverProgram("changing") });
  await using served = new Served({ toolsets: [toolset] });
  const offered = async () => (await served.ask([])).offered;
  const always = ["add_tool", "remove_tool", "wait_long"];
  assertEquals(await offered(), always);
  await served.call("add_tool", { name: "made_later" });
  await until("the new tool is offered", async () => (await offered()).length === 4);
  assertEquals(await served.call("made_later"), "made_later was called");
  await served.call("add_tool", { name: "made_later" });
  await served.call("remove_tool", { name: "made_later" });
  await until("it is not offered any more", async () => (await offered()).length === 3);
  const [result] = (await served.ask([["made_later"]])).results;
  assertStringIncludes(result!, "Unknown tool name: 'made_later'");
  const told = served.logger.entries.filter(({ message }) =>
    message === "MCP server changed its tools"
  );
  const fields = told.map((entry) => entry.fields);
  assertEquals(fields.at(0), {
    server: "srv-changing",
    added: "made_later",
    removed: undefined,
    changed: undefined,
  });
  assertEquals(fields.at(-1)?.removed, "made_later");
});

Deno.test("a server that is started anew has its first tools again, and calls of others are told so", async () => {
  await using server = await realServer("changing", "stdio");
  const toolset = new MCPToolset({ id: "srv-changing", ...server.options });
  await using served = new Served({ toolsets: [toolset], secrets: server.secrets });
  await served.call("add_tool", { name: "made_later" });
  await until("it is offered", async () => (await served.ask([])).offered.length === 4);
  await server.kill();
  await until("it is not offered", async () => (await served.ask([])).offered.length === 3);
});

Deno.test("two servers with tools of one name are an error that names both and the way out", async () => {
  const make = (id: string, prefix?: string) =>
    new MCPToolset({ id, prefix, ...serverProgram("everything") });
  await using clashing = new Served({ toolsets: [make("first"), make("second")] });
  const error = await assertRejects(() => clashing.ask([]), Error);
  for (const part of ['"first"', '"second"', '"echo"', "prefix"]) {
    assertStringIncludes(error.message, part);
  }
  await using apart = new Served({ toolsets: [make("srv-first"), make("srv-second", "other")] });
  const both = await apart.ask([["echo", { message: "a" }], ["other_echo", { message: "b" }]]);
  assertEquals(both.results, ["Echo: a", "Echo: b"]);
});
