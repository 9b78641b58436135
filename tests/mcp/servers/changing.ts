/** A server over stdio whose tools come and go as its other tools are told. */
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer, type RegisteredTool } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/stdio"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const server = new McpServer({ name: "changing", version: "1.0.0" });
const made = new Map<string, RegisteredTool>();
const says = (text: string) => ({ content: [{ type: "text" as const, text }] });

server.registerTool("add_tool", { inputSchema: { name: z.string() } }, ({ name }) => {
  const before = made.get(name);
  if (before) before.update({ description: "Changed" });
  else made.set(name, server.registerTool(name, {}, () => says(`${name} was called`)));
  return says(`${name} is there`);
});
server.registerTool("remove_tool", { inputSchema: { name: z.string() } }, ({ name }) => {
  made.get(name)?.remove();
  made.delete(name);
  return says(`${name} is gone`);
});
server.registerTool("wait_long", {}, async ({ signal }) => {
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  return says("never heard");
});

await server.connect(new StdioServerTransport());
