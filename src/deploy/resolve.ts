/**
 * Fills in defaults: DeploymentFile -> ResolvedDeployment.
 * @module
 */
import { parseDuration, parseSize } from "../run/units.ts";
import { listOf, resolveBackend, resolveMcp } from "./resolve/upstream.ts";
import { resolveKey, resolveModel } from "./resolve/served.ts";
import type { Overrides } from "./overrides.ts";
import type {
  ResolvedDeployment,
  ResolvedEntrypoint,
  ResolvedServerLimits,
  ResolvedStore,
} from "./resolved.ts";
import type { DeploymentFile } from "./schema.ts";

/** Name of the key that `Overrides.apiKey` makes. */
export const SHARED_KEY_NAME = "FAKELLM_API_KEY";

const DEFAULT_PREFIX = "/v1";
const DEFAULT_SHUTDOWN_GRACE_MS = 30_000;

/** The deployment of a file that was checked together with `overrides`. */
export function resolve(file: DeploymentFile, overrides: Overrides = {}): ResolvedDeployment {
  return {
    host: overrides.host ?? file.host ?? "127.0.0.1",
    port: overrides.port ?? file.port ?? 8000,
    insecure: overrides.insecure ?? file.insecure ?? false,
    backends: entriesOf(file.backends, "name").map(([name, backend]) =>
      resolveBackend(name, backend)
    ),
    mcps: entriesOf(file.mcps, "name").map(([name, mcp]) => resolveMcp(name, mcp)),
    entrypoints: resolveEntrypoints(file, overrides),
    store: resolveStore(file.store),
    playground: file.playground ?? true,
    metrics: file.metrics ?? false,
    log: overrides.log ?? file.log ?? "pretty",
    corsOrigins: file.cors_origins ?? [],
    shutdownGraceMs: ms(file.shutdown_grace) ?? DEFAULT_SHUTDOWN_GRACE_MS,
    limits: resolveServerLimits(file.limits),
    workers: file.workers ?? 1,
  };
}

function resolveEntrypoints(file: DeploymentFile, overrides: Overrides): ResolvedEntrypoint[] {
  if (file.entrypoints) {
    return Object.entries(file.entrypoints).map(([prefix, scope]) =>
      resolveEntrypoint(prefix, {
        ...scope,
        apiKey: overrides.apiKey,
        defaultMcps: listOf(scope.mcps),
      })
    );
  }
  const prefix = overrides.prefix ?? file.prefix ?? DEFAULT_PREFIX;
  return [resolveEntrypoint(prefix, { ...file, apiKey: overrides.apiKey, defaultMcps: [] })];
}

interface EntrypointScope extends Pick<DeploymentFile, "models" | "api_keys"> {
  readonly apiKey: string | undefined;
  /** MCP servers of models that name none. */
  readonly defaultMcps: readonly string[];
}

function resolveEntrypoint(prefix: string, scope: EntrypointScope): ResolvedEntrypoint {
  const shared = scope.apiKey === undefined
    ? []
    : [resolveKey({ name: SHARED_KEY_NAME, key: scope.apiKey })];
  return {
    prefix: prefix.replace(/\/$/, ""),
    keys: scope.api_keys?.map(resolveKey) ?? shared,
    models: entriesOf(scope.models, "model_id").map(([id, model]) =>
      resolveModel(id, model, scope)
    ),
  };
}

/** The entries of a mapping by name, or of a list whose items carry the name. */
function entriesOf<Item extends object>(
  value: Readonly<Record<string, Item>> | readonly Item[] | undefined,
  nameKey: "name" | "model_id",
): readonly (readonly [string, Item])[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return Object.entries(value);
  return value.map((item) => [String(item[nameKey]), item]);
}

function resolveStore(store: DeploymentFile["store"]): ResolvedStore {
  const given = typeof store === "object" ? store : { type: store ?? "memory" as const };
  const ttlMs = ms(given.ttl);
  switch (given.type) {
    case "memory":
      return { type: "memory", ttlMs, maxBytes: bytes(given.max_size) };
    case "sqlite": {
      const { path = "fakellm.sqlite" } = given;
      return { type: "sqlite", path, ttlMs, maxBytes: bytes(given.max_size) };
    }
    case "redis":
      return { type: "redis", url: given.url ?? "redis://127.0.0.1:6379", ttlMs };
    default:
      return given.type satisfies never;
  }
}

function resolveServerLimits(limits: DeploymentFile["limits"] = {}): ResolvedServerLimits {
  return {
    maxBodyBytes: bytes(limits.max_body),
    maxMessages: limits.max_messages,
    maxNesting: limits.max_nesting,
    maxImageBytes: bytes(limits.max_image),
    maxFileBytes: bytes(limits.max_file),
    maxSeconds: limits.max_seconds,
    keepAliveMs: ms(limits.keep_alive),
    maxConcurrentRuns: limits.max_concurrent_runs,
    queue: limits.queue,
  };
}

function ms(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function bytes(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseSize(text);
}
