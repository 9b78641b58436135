/**
 * Builds the MCP servers of a deployment, each once, however many models use it.
 * @module
 */
import type { ManagedServer } from "../../hosting/managed_servers.ts";
import { denoPath } from "../../isolation/deno_path.ts";
import type { MCPToolset } from "../../mcp/toolset.ts";
import type { MCPToolsetOptions } from "../../mcp/toolset_options.ts";
import { ContextValue } from "../../mcp/values.ts";
import type { Logger } from "../../run/seams.ts";
import { enterToolset, leaveToolset } from "../../tools/toolset.ts";
import type { ResolvedDeployment, ResolvedMcp } from "../resolved.ts";
import { valueField } from "./mcp_context.ts";

/** MCP servers that models use. */
export interface AssembledMcps {
  /** By name. */
  readonly toolsets: ReadonlyMap<string, MCPToolset>;
  /** To start with the app and to stop with it. */
  readonly managed: readonly ManagedServer[];
}

/** Every MCP server that some model uses. The code of MCP is not loaded where none does. */
export async function assembleMcps(
  { mcps, entrypoints }: ResolvedDeployment,
  { logger }: { readonly logger: Logger },
): Promise<AssembledMcps> {
  const models = entrypoints.flatMap((entrypoint) => entrypoint.models);
  const used = mcps.filter(({ name }) => models.some((model) => model.mcps.includes(name)));
  if (used.length === 0) return { toolsets: new Map(), managed: [] };
  const { MCPToolset } = await import("../../mcp/toolset.ts");
  const toolsets = new Map(
    used.map((mcp) => [mcp.name, new MCPToolset({ ...optionsOf(mcp), logger })] as const),
  );
  const managed = used.map(({ name, required }) => {
    const failing = models.some(({ mcps, dependencyPolicy }) =>
      mcps.includes(name) && dependencyPolicy === "fail"
    );
    return managedServer(toolsets.get(name)!, { required: required && failing });
  });
  return { toolsets, managed };
}

/** What a program of ours may need to find what it runs: nothing of it is secret. */
const DENO_VARIABLES = ["DENO_DIR", "DENO_CERT", "DENO_TLS_CA_STORE", "NPM_CONFIG_REGISTRY"];

function optionsOf(mcp: ResolvedMcp): MCPToolsetOptions {
  const { connection } = mcp;
  return {
    id: mcp.name,
    ...connection.transport === "stdio" ? programOf(connection) : {
      url: connection.url,
      transport: connection.transport,
      headers: headersOf(mcp.name, connection.headers),
      sessions: connection.sessions,
    },
    timeoutMs: mcp.timeoutMs,
    startTimeoutMs: mcp.startTimeoutMs,
    prefix: mcp.prefix,
    allow: mcp.allowTools,
    deny: mcp.denyTools,
    label: mcp.label,
    labels: mcp.toolLabels,
    required: mcp.required,
    // Nobody wrote these tools for this model: it is told what went wrong, as often as it likes.
    toolErrors: "failed",
  };
}

type Program = Extract<ResolvedMcp["connection"], { readonly transport: "stdio" }>;

/** A server that Deno runs needs no Deno on `PATH`, and finds what is cached already. */
function programOf({ command, args, env, cwd }: Program) {
  if (command !== "deno") return { command, args, env, cwd };
  const inherited = DENO_VARIABLES.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { command: denoPath(), args, env: { ...Object.fromEntries(inherited), ...env }, cwd };
}

function headersOf(
  server: string,
  headers: Extract<ResolvedMcp["connection"], { readonly url: string }>["headers"],
): MCPToolsetOptions["headers"] {
  return Object.fromEntries(
    Object.entries(headers).map(([header, value]) => [
      header,
      typeof value === "string" ? value : new ContextValue(valueField(server, header), textOf),
    ]),
  );
}

/** An optional value may be absent: then the header is left out. */
function textOf(value: string | number | boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** The same server, which counts for readiness only where a model cannot answer without it. */
function managedServer(
  toolset: MCPToolset,
  { required }: { readonly required: boolean },
): ManagedServer {
  return {
    id: toolset.id,
    required,
    start: () => enterToolset(toolset),
    check: (signal) => toolset.check(signal),
    tools: () => [],
    [Symbol.asyncDispose]: () => leaveToolset(toolset),
  };
}
