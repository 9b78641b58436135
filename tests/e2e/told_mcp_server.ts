/**
 * An MCP server on loopback that tells what it is told: each tool returns the headers of its call.
 * @module
 */
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";

/** One request that the server got. */
export interface ToldRequest {
  readonly method: string;
  readonly headers: Headers;
}

/** A running server. */
export interface ToldMcpServer extends AsyncDisposable {
  /** Where it answers. */
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: readonly ToldRequest[];
  /** Number of sessions that were opened. */
  readonly sessions: number;
}

/**
 * Starts a server.
 *
 * @param tools names of its tools
 * @param options `port`: where to listen; a free port by default
 */
export function toldMcpServer(
  tools: readonly string[],
  { port = 0 }: { readonly port?: number } = {},
): ToldMcpServer {
  const requests: ToldRequest[] = [];
  const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
  let sessions = 0;
  const open = async () => {
    const server = new McpServer({ name: "told", version: "1.0.0" });
    for (const name of tools) {
      server.registerTool(name, { description: `Does ${name}` }, ({ requestInfo }) => {
        const user = requestInfo?.headers["x-user"] ?? "nobody";
        return { content: [{ type: "text", text: `${name} for ${user}` }] };
      });
    }
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => `session-${++sessions}`,
      onsessioninitialized: (id) => void transports.set(id, transport),
    });
    await server.connect(transport);
    return transport;
  };
  const served = Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, async (request) => {
    const { method, headers } = request;
    requests.push({ method, headers: new Headers(headers) });
    const id = headers.get("mcp-session-id");
    const transport = id === null ? await open() : transports.get(id);
    return await transport?.handleRequest(request) ??
      new Response("Session not found", { status: 404 });
  });
  return {
    url: `http://127.0.0.1:${served.addr.port}/mcp`,
    requests,
    get sessions() {
      return sessions;
    },
    async [Symbol.asyncDispose]() {
      for (const transport of transports.values()) await transport.close();
      await served.shutdown();
    },
  };
}
