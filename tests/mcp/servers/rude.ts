/**
 * Servers over stdio that do not behave: `chatty`, `endless`, `stubborn`, `silent` or `dying` by
 * argument.
 */
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/stdio"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";

const mode = Deno.args[0];
const write = (bytes: Uint8Array) => Deno.stdout.writeSync(bytes);
const say = (text: string) => write(new TextEncoder().encode(text));

if (mode === "dying") {
  await Deno.stderr.write(new TextEncoder().encode("no licence found\n"));
  Deno.exit(3);
}
if (mode === "chatty") say("Welcome to our server!\n{broken\n[1,2]\n\n\u0000\u0007\n");
if (mode === "stubborn") {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
  setInterval(() => {}, 60_000);
}

const server = new McpServer({ name: "rude", version: "1.0.0" });
server.registerTool("greet", {}, async () => {
  if (mode === "chatty") say('debug: greeting\n{"jsonrpc":"2.0"}\n"text"\n');
  if (mode === "endless") {
    const piece = new Uint8Array(65536).fill(65);
    for (;;) {
      write(piece);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  return { content: [{ type: "text", text: "Good day" }] };
});
if (mode === "silent") await new Promise(() => setInterval(() => {}, 60_000));
await server.connect(new StdioServerTransport());
