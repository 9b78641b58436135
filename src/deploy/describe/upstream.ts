/**
 * What the deployment calls: backends and MCP servers.
 * @module
 */
import type { ResolvedBackend, ResolvedMcp, ResolvedRequestValue } from "../resolved.ts";
import { durationOf, filled, type Mapping, MASK, masked, maskedUrl } from "./mapping.ts";

/** A backend as a file would tell it. */
export function describeBackend(backend: ResolvedBackend): Mapping {
  if (backend.type === "demo") return { type: backend.type, fallback: filled(backend.fallback) };
  return {
    type: backend.type,
    "base_url": maskedUrl(backend.baseUrl),
    "api_key": backend.apiKey === undefined ? "none" : MASK,
    model: backend.model,
    headers: filled(masked(backend.headers)),
    timeout: durationOf(backend.timeoutMs),
    "max_retries": backend.maxRetries,
    "fetch_urls": backend.fetchUrls,
    fallback: filled(backend.fallback),
  };
}

/** An MCP server as a file would tell it. */
export function describeMcp(mcp: ResolvedMcp): Mapping {
  const { connection } = mcp;
  return {
    ...connection.transport === "stdio"
      ? {
        transport: connection.transport,
        command: connection.command,
        args: filled(connection.args),
        env: filled(masked(connection.env)),
        cwd: connection.cwd,
      }
      : {
        transport: connection.transport,
        url: maskedUrl(connection.url),
        headers: filled(describeHeaders(connection.headers)),
        sessions: isPerRequest(connection.headers)
          ? connection.sessions.replace("-", "_")
          : undefined,
      },
    timeout: durationOf(mcp.timeoutMs),
    "start_timeout": durationOf(mcp.startTimeoutMs),
    prefix: mcp.prefix,
    label: mcp.label,
    tools: filled({
      allow: mcp.allowTools,
      deny: filled(mcp.denyTools),
      labels: filled(mcp.toolLabels),
    }),
    required: mcp.required,
  };
}

type McpHeaders = Readonly<Record<string, string | ResolvedRequestValue>>;

function isPerRequest(headers: McpHeaders): boolean {
  return Object.values(headers).some((value) => typeof value === "object");
}

function describeHeaders(headers: McpHeaders): Mapping {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? MASK : {
        [`from_${value.from}`]: value.from === "auth" ? "name" : value.name,
        optional: value.optional || undefined,
      },
    ]),
  );
}
