/**
 * The shop's orders as an MCP server: a program of its own, talked to over its input and output.
 *
 * It believes whatever customer it is told. Who asks is for the bot to know, not for a model.
 */
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/stdio"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const orders = [
  { id: "1001", customer: "c-ada", item: "typewriter", status: "packed" },
  { id: "1002", customer: "c-bob", item: "lighthouse", status: "packed" },
];

const text = (value: unknown) => ({
  content: [{ type: "text" as const, text: JSON.stringify(value) }],
});

const server = new McpServer({ name: "orders", version: "1.0.0" });
server.registerTool("list_orders", {
  description: "List the orders of a customer",
  inputSchema: { customer: z.string().default("") },
  annotations: { readOnlyHint: true },
}, ({ customer }) => text(orders.filter((order) => order.customer === customer)));
server.registerTool("cancel_purchase", {
  description: "Call off what was bought and is not shipped yet",
  inputSchema: { order: z.string(), customer: z.string().default("") },
}, ({ order, customer }) => {
  const found = orders.find(({ id, customer: owner }) => id === order && owner === customer);
  if (!found) return { ...text(`Customer has no order ${order}`), isError: true };
  found.status = "cancelled";
  return text(found);
});
await server.connect(new StdioServerTransport());
