/**
 * Hacker News as a model once more, `fakellm-hacker-news-mcp`: here the capability comes from an MCP
 * server, which lives in the same process. A server that any MCP client could use serves any OpenAI
 * client as well, and none of them can tell.
 */
import { Agent, FakeModels, MCPToolset, type Model } from "@x/fakellm";
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { COUNT, DESCRIPTION, readFrontPage } from "../hacker_news.ts";
import { modelFromEnv } from "../model_from_env.ts";

/** The MCP server; `apiUrl` stands in for Hacker News in the check. */
export function createNewsServer(apiUrl?: string): McpServer {
  const server = new McpServer({ name: "hacker-news", version: "1.0.0" });
  server.registerTool("read_front_page", {
    description: DESCRIPTION,
    inputSchema: { count: COUNT },
    annotations: { readOnlyHint: true },
  }, async ({ count }, { signal }) => {
    const stories = await readFrontPage(count, { apiUrl, signal });
    return { content: [{ type: "text", text: JSON.stringify(stories) }] };
  });
  return server;
}

/** The models. Each connection gets a server of its own. */
export function createModels(model: Model, apiUrl?: string): FakeModels {
  const news = new MCPToolset({
    id: "hacker-news",
    server: () => createNewsServer(apiUrl),
    prefix: "hn",
    label: "Reading Hacker News",
    // What goes wrong is told to the model, which can then tell the user.
    toolErrors: "failed",
  });
  const agent = new Agent({
    model,
    instructions:
      "You are a news desk for programmers. Read Hacker News before you speak about news.",
    toolsets: [news],
  });
  return new FakeModels().add("fakellm-hacker-news-mcp", agent, {
    description: "Knows what is on the front page of Hacker News",
    responsesReasoning: { mode: "custom" },
  });
}

/** What the command line serves. */
export default (): FakeModels => createModels(modelFromEnv());
