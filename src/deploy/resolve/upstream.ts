/**
 * Defaults of what the deployment calls: backends and MCP servers.
 * @module
 */
import { parseDuration } from "../../run/units.ts";
import type { ResolvedBackend, ResolvedMcp, ResolvedRequestValue } from "../resolved.ts";
import type { DeploymentFile } from "../schema.ts";

/** A backend as the file describes it. */
export type BackendFile = Exclude<
  NonNullable<DeploymentFile["backends"]>,
  readonly unknown[]
>[string];

/** An MCP server as the file describes it. */
export type McpFile = Exclude<NonNullable<DeploymentFile["mcps"]>, readonly unknown[]>[string];

/** One text or a list, as a list. */
export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

/** A backend with its defaults. */
export function resolveBackend(name: string, backend: BackendFile): ResolvedBackend {
  const fallback = listOf(backend.fallback);
  if (backend.type === "demo") return { type: "demo", name, fallback };
  return {
    type: "openai-compatible",
    name,
    baseUrl: backend.base_url ?? "",
    apiKey: backend.api_key || undefined,
    model: backend.model ?? "",
    headers: backend.headers ?? {},
    timeoutMs: backend.timeout === undefined ? undefined : parseDuration(backend.timeout),
    maxRetries: backend.max_retries,
    fetchUrls: backend.fetch_urls ?? false,
    fallback,
  };
}

/** An MCP server with its defaults. */
export function resolveMcp(name: string, mcp: McpFile): ResolvedMcp {
  const transport = mcp.transport ?? (mcp.command === undefined ? "http" : "stdio");
  return {
    name,
    connection: transport === "stdio"
      ? {
        transport,
        command: mcp.command ?? "",
        args: mcp.args ?? [],
        env: mcp.env ?? {},
        cwd: mcp.cwd,
      }
      : {
        transport: transport === "sse" ? "sse" : "streamable-http",
        url: mcp.url ?? "",
        headers: Object.fromEntries(
          Object.entries(mcp.headers ?? {}).map(([header, value]) => [
            header,
            typeof value === "string" ? value : resolveRequestValue(value),
          ]),
        ),
        sessions: mcp.sessions === "shared" ? "shared" : "per-identity",
      },
    timeoutMs: mcp.timeout === undefined ? undefined : parseDuration(mcp.timeout),
    startTimeoutMs: mcp.start_timeout === undefined ? undefined : parseDuration(mcp.start_timeout),
    prefix: mcp.prefix,
    allowTools: mcp.tools?.allow,
    denyTools: mcp.tools?.deny ?? [],
    label: mcp.label,
    toolLabels: mcp.tools?.labels ?? {},
    required: mcp.required ?? true,
  };
}

type RequestValueFile = Exclude<NonNullable<McpFile["headers"]>[string], string>;

function resolveRequestValue(value: RequestValueFile): ResolvedRequestValue {
  const { from_header: header, from_extra: extra, optional = false } = value;
  if (header !== undefined) return { from: "header", name: header, optional };
  if (extra !== undefined) return { from: "extra", name: extra, optional };
  return { from: "auth", name: "", optional };
}
