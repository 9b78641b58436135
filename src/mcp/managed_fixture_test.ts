/**
 * A small MCP server over HTTP as a program, for the tests of managed servers. Has no tests of its
 * own. Without the SDK, so that it starts in a tenth of a second.
 * @module
 */
import { assert } from "@std/assert";
import type { ManagedHttpOptions } from "./managed_options.ts";

/** How the program behaves; given as its last argument, in JSON. */
export interface ProgramBehaviour {
  /** Milliseconds until it listens. @default 0 */
  readonly listenAfterMs?: number;
  /** Requests that are answered with 503 before it can answer; -1: it never answers anything. */
  readonly unready?: number;
  /** Ends at once with this code instead. */
  readonly exit?: number;
  /** Written to standard output and to standard error. */
  readonly say?: string;
}

/** What starts the program. */
export function program(
  behaviour: ProgramBehaviour = {},
): Pick<ManagedHttpOptions, "command" | "args" | "env"> {
  const file = new URL(import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const flags = ["run", "-A", "--quiet", "--no-check", "--cached-only", "--config", config];
  const denoDir = Deno.env.get("DENO_DIR");
  return {
    command: Deno.execPath(),
    args: [...flags, file, "serve", JSON.stringify(behaviour)],
    env: { NO_COLOR: "1", ...denoDir === undefined ? {} : { DENO_DIR: denoDir } },
  };
}

/** Waits until a process is no more: the system takes a moment. */
export async function gone(pid: number): Promise<void> {
  for (let waitedMs = 0; isAlive(pid); waitedMs += 10) {
    assert(waitedMs < 5000, `process ${pid} is left`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether a process is there; zombies that nobody has waited for yet do not count. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** What the tool `tell` of the program returns. */
export interface ProgramTold {
  readonly pid: number;
  readonly port: string | undefined;
  readonly args: readonly string[];
  readonly variables: readonly string[];
}

interface RpcMessage {
  readonly id?: number;
  readonly method: string;
  readonly params?: { readonly name?: string };
}

function resultOf({ method, params }: RpcMessage): unknown {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "program", version: "1.0.0" },
      };
    case "tools/list":
      return { tools: ["tell", "die"].map((name) => ({ name, inputSchema: { type: "object" } })) };
    case "tools/call": {
      if (params?.name === "die") Deno.exit(3);
      const told: ProgramTold = {
        pid: Deno.pid,
        port: Deno.env.get("PORT"),
        args: Deno.args,
        variables: Object.keys(Deno.env.toObject()),
      };
      return { content: [{ type: "text", text: JSON.stringify(told) }] };
    }
    default:
      return {};
  }
}

async function serve({ listenAfterMs = 0, unready = 0, exit, say }: ProgramBehaviour) {
  if (say !== undefined) {
    const bytes = new TextEncoder().encode(`${say}\n`);
    await Promise.all([Deno.stdout.write(bytes), Deno.stderr.write(bytes)]);
  }
  if (exit !== undefined) Deno.exit(exit);
  if (listenAfterMs > 0) await new Promise((resolve) => setTimeout(resolve, listenAfterMs));
  let left = unready;
  const port = Number(Deno.env.get("PORT"));
  Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, async (request) => {
    if (left < 0) return await new Promise<never>(() => {});
    if (left > 0) {
      left -= 1;
      return new Response("Starting", { status: 503 });
    }
    if (request.method === "DELETE") return new Response(null);
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const message: RpcMessage = await request.json();
    if (message.id === undefined) return new Response(null, { status: 202 });
    return Response.json({ jsonrpc: "2.0", id: message.id, result: resultOf(message) });
  });
}

if (Deno.args[0] === "serve") await serve(JSON.parse(Deno.args.at(-1)!));
