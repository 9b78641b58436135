/**
 * A resolved deployment in the words of the deployment file, every default written out and every
 * secret masked.
 * @module
 */
import { formatDuration, formatSize } from "../run/units.ts";
import {
  PERMISSION_KINDS,
  type ResolvedBackend,
  type ResolvedDeployment,
  type ResolvedEntrypoint,
  type ResolvedKey,
  type ResolvedLoadLimits,
  type ResolvedMcp,
  type ResolvedModel,
  type ResolvedPermissions,
  type ResolvedStore,
} from "./resolved.ts";
import type { Writable } from "./yaml_text.ts";

/** What stands where a secret is. */
export const MASK = "***";

type Mapping = { readonly [key: string]: Writable | undefined };

/** Tells a deployment as a file would. */
export function describeDeployment(deployment: ResolvedDeployment): Mapping {
  const { limits } = deployment;
  return {
    host: deployment.host,
    port: deployment.port,
    insecure: deployment.insecure,
    playground: deployment.playground,
    metrics: deployment.metrics,
    log: deployment.log,
    "cors_origins": deployment.corsOrigins,
    "shutdown_grace": formatDuration(deployment.shutdownGraceMs),
    workers: deployment.workers,
    store: describeStore(deployment.store),
    limits: filled({
      "max_body": sizeOf(limits.maxBodyBytes),
      "max_messages": limits.maxMessages,
      "max_nesting": limits.maxNesting,
      "max_image": sizeOf(limits.maxImageBytes),
      "max_file": sizeOf(limits.maxFileBytes),
      "max_seconds": limits.maxSeconds,
      "keep_alive": durationOf(limits.keepAliveMs),
      "max_concurrent_runs": limits.maxConcurrentRuns,
      queue: limits.queue,
    }),
    backends: byName(deployment.backends, describeBackend),
    mcps: byName(deployment.mcps, describeMcp),
    entrypoints: Object.fromEntries(
      deployment.entrypoints.map((entrypoint) => [entrypoint.prefix, describeScope(entrypoint)]),
    ),
  };
}

function describeScope({ keys, models }: ResolvedEntrypoint): Mapping {
  return {
    "api_keys": keys.map(describeKey),
    models: Object.fromEntries(models.map((model) => [model.id, describeModel(model)])),
  };
}

function describeKey(key: ResolvedKey): Mapping {
  return {
    name: key.name,
    [key.secret.type === "plain" ? "key" : "key_sha256"]: MASK,
    models: key.models ?? "all",
    "expires_at": key.expiresAtMs === undefined ? "never" : new Date(key.expiresAtMs).toISOString(),
    limits: filled(describeLoad(key.limits)),
  };
}

function describeBackend(backend: ResolvedBackend): Mapping {
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

function describeMcp(mcp: ResolvedMcp): Mapping {
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
        headers: filled(masked(connection.headers)),
      },
    timeout: durationOf(mcp.timeoutMs),
    prefix: mcp.prefix,
    tools: filled({ allow: mcp.allowTools, deny: filled(mcp.denyTools) }),
    required: mcp.required,
  };
}

function describeModel(model: ResolvedModel): Mapping {
  const { source, settings, limits } = model;
  return {
    ...source.type === "backend" ? { backend: source.backend } : {
      module: maskedUrl(source.specifier),
      permissions: filled(describePermissions(source.permissions)),
      integrity: source.integrity,
    },
    description: model.description,
    instructions: model.instructions,
    mcps: filled(model.mcps),
    "code_mode": model.codeMode,
    settings: filled({
      "max_tokens": settings.maxTokens,
      temperature: settings.temperature,
      "top_p": settings.topP,
      stop: settings.stop,
      seed: settings.seed,
      "presence_penalty": settings.presencePenalty,
      "frequency_penalty": settings.frequencyPenalty,
      "reasoning_effort": settings.reasoningEffort,
      // Free-form and often carries tokens: only its names are told.
      "extra_body": settings.extraBody && masked(settings.extraBody),
    }),
    limits: filled({
      "max_steps": limits.maxSteps,
      "max_tool_calls": limits.maxToolCalls,
      "max_tokens": limits.maxTokens,
      "max_seconds": limits.maxSeconds,
      ...describeLoad(limits),
    }),
    lifecycle: model.lifecycle,
    "dependency_policy": model.dependencyPolicy,
    "responses_reasoning": describeReasoning(model),
    "client_tools": model.clientTools,
    "background_tasks": model.backgroundTasks.type === "backend"
      ? { backend: model.backgroundTasks.backend }
      : model.backgroundTasks.type,
    "on_disconnect": model.onDisconnect.type === "grace"
      ? `grace(${formatDuration(model.onDisconnect.graceMs)})`
      : model.onDisconnect.type,
    approval: model.approval === "all" ? true : filled(model.approval),
  };
}

function describeReasoning({ responsesReasoning: reasoning }: ResolvedModel): Writable {
  if (reasoning.mode !== "premade") return reasoning.mode;
  return {
    mode: reasoning.mode,
    chunks: reasoning.chunks,
    interval: durationOf(reasoning.intervalMs),
  };
}

function describePermissions(permissions: ResolvedPermissions): Mapping {
  return Object.fromEntries(PERMISSION_KINDS.map((kind) => {
    const granted = permissions[kind];
    return [kind, granted === "all" ? true : filled(granted)];
  }));
}

function describeLoad(limits: ResolvedLoadLimits): Mapping {
  const { budget } = limits;
  return {
    "max_concurrent_runs": limits.maxConcurrentRuns,
    queue: limits.queue === 0 ? undefined : limits.queue,
    "requests_per_minute": limits.requestsPerMinute,
    "tokens_per_minute": limits.tokensPerMinute,
    budget: budget && {
      tokens: budget.tokens,
      "tool_calls": budget.toolCalls,
      seconds: budget.seconds,
      money: budget.money,
      per: budget.per,
    },
  };
}

function describeStore(store: ResolvedStore): Mapping {
  const ttl = durationOf(store.ttlMs);
  switch (store.type) {
    case "memory":
      return { type: store.type, ttl, "max_size": sizeOf(store.maxBytes) };
    case "sqlite":
      return { type: store.type, path: store.path, ttl, "max_size": sizeOf(store.maxBytes) };
    case "redis":
      return { type: store.type, url: maskedUrl(store.url), ttl };
    default:
      return store satisfies never;
  }
}

function byName<Item extends { readonly name: string }>(
  items: readonly Item[],
  describe: (item: Item) => Mapping,
): Mapping | undefined {
  return filled(Object.fromEntries(items.map((item) => [item.name, describe(item)])));
}

/** The same names, every value masked. */
function masked(values: Readonly<Record<string, unknown>>): Mapping {
  return Object.fromEntries(Object.keys(values).map((name) => [name, MASK]));
}

/** A URL without what may be secret in it: user name, password, query. Anything else as it is. */
export function maskedUrl(text: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null) return text;
  if (url.username !== "" || url.password !== "") {
    url.username = MASK;
    url.password = "";
  }
  const query = url.search === "" ? "" : `?${MASK}`;
  url.search = "";
  return `${url.href}${query}`;
}

/** `value`, or undefined when there is nothing in it. */
function filled<Value extends object>(value: Value): Value | undefined {
  return Object.values(value).some((item) => item !== undefined) ? value : undefined;
}

function durationOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatDuration(ms);
}

function sizeOf(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : formatSize(bytes);
}
