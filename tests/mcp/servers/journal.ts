/**
 * A server that writes into a file what happens to its calls; `stdio`, `sse` or `streamableHttp` by
 * argument, the file by `JOURNAL`. A call hangs as long as the journal has fewer lines of it than its
 * argument `hangs` says, so that it goes well once it was repeated often enough.
 */
import { createServer } from "node:http";
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/sse"
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
// @ts-types="@modelcontextprotocol/sdk/server/stdio"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
// @ts-types="@modelcontextprotocol/sdk/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { z } from "zod";

const JOURNAL = Deno.env.get("JOURNAL")!;
const PORT = Number(Deno.env.get("PORT"));

/** Adds a line; resolves to how many of it there are now. */
function note(line: string): number {
  Deno.writeTextFileSync(JOURNAL, `${line}\n`, { append: true, create: true });
  return Deno.readTextFileSync(JOURNAL).split("\n").filter((other) => other === line).length;
}

const HINTS = {
  read_page: { readOnlyHint: true },
  set_page: { idempotentHint: true, readOnlyHint: false },
  write_page: { readOnlyHint: false },
} as const;

function server(): McpServer {
  const made = new McpServer({ name: "journal", version: "1.0.0" });
  for (const [name, annotations] of Object.entries(HINTS)) {
    const inputSchema = { hangs: z.number().default(0) };
    made.registerTool(name, { inputSchema, annotations }, async ({ hangs }, { signal }) => {
      const times = note(name);
      if (times > hangs) return { content: [{ type: "text", text: `${name} done` }] };
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          note(`${name} cancelled`);
          resolve();
        });
      });
      return { content: [] };
    });
  }
  return made;
}

switch (Deno.args[0]) {
  case "streamableHttp": {
    const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
    const open = async () => {
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (id) => void transports.set(id, transport),
      });
      await server().connect(transport);
      return transport;
    };
    Deno.serve({ hostname: "127.0.0.1", port: PORT, onListen() {} }, async (request) => {
      const id = request.headers.get("mcp-session-id");
      const transport = id === null ? await open() : transports.get(id);
      if (!transport) return new Response("Session not found", { status: 404 });
      return await transport.handleRequest(request);
    });
    break;
  }
  case "sse": {
    const transports = new Map<string, SSEServerTransport>();
    createServer(async (request, response) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      if (request.method === "GET") {
        const transport = new SSEServerTransport("/message", response);
        transports.set(transport.sessionId, transport);
        await server().connect(transport);
      } else {
        const transport = transports.get(url.searchParams.get("sessionId") ?? "");
        if (transport) await transport.handlePostMessage(request, response);
        else response.writeHead(404).end("Session not found");
      }
    }).listen(PORT, "127.0.0.1");
    break;
  }
  default:
    await server().connect(new StdioServerTransport());
}
