/** A server over stdio whose tools return every kind of content, under names of every kind. */
// @ts-types="@modelcontextprotocol/sdk/server"
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
// @ts-types="@modelcontextprotocol/sdk/server/stdio"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
// @ts-types="@modelcontextprotocol/sdk/types"
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const data = btoa("RIFF and so on");
const resource = { uri: "file:///pläne/größe 1.bin", mimeType: "application/x-plan" };

/** What each tool returns; the names are the server's own. */
const RESULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  sound: { content: [{ type: "audio", data, mimeType: "audio/wav" }] },
  blob: { content: [{ type: "resource", resource: { ...resource, blob: data } }] },
  embedded: {
    content: [{ type: "resource", resource: { ...resource, text: "Eingebettet: 天気 🌦️" } }],
  },
  link: { content: [{ type: "resource_link", name: "größe", uri: resource.uri }] },
  mixed: {
    content: [
      { type: "text", text: "first" },
      { type: "image", data, mimeType: "image/png" },
      { type: "text", text: "last" },
    ],
  },
  structured: {
    content: [{ type: "text", text: "as text" }],
    structuredContent: { degrees: 21, "größe": ["א", null] },
  },
  wrapped: { content: [], structuredContent: { result: [1, 2] } },
  json: { content: [{ type: "text", text: '[{"a":1}]' }] },
  nothing: { content: [] },
  failing: { content: [{ type: "text", text: "The door is locked" }], isError: true },
  "größe.messen/天気": { content: [{ type: "text", text: "measured" }] },
  ["x".repeat(100)]: { content: [{ type: "text", text: "long" }] },
};

const server = new Server({ name: "contents", version: "1.0.0" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: Object.keys(RESULTS).map((name) => ({ name, inputSchema: { type: "object" as const } })),
}));
server.setRequestHandler(CallToolRequestSchema, ({ params }) => RESULTS[params.name] ?? {});
await server.connect(new StdioServerTransport());
