/**
 * Defaults of what the deployment serves: keys and models.
 * @module
 */
import { GRANT_KINDS, type Grants } from "../../isolation/grant.ts";
import type { ModelSettings } from "../../run/request.ts";
import { parseDuration, parseSize } from "../../run/units.ts";
import type {
  ResolvedApproval,
  ResolvedKey,
  ResolvedLoadLimits,
  ResolvedModel,
  ResolvedReasoning,
} from "../resolved.ts";
import type { DeploymentFile } from "../schema.ts";
import { listOf } from "./upstream.ts";

/** A key as the file describes it. */
export type KeyFile = NonNullable<DeploymentFile["api_keys"]>[number];

/** A model as the file describes it. */
export type ModelFile = Exclude<NonNullable<DeploymentFile["models"]>, readonly unknown[]>[string];

/** A key with its defaults. */
export function resolveKey(key: KeyFile): ResolvedKey {
  return {
    name: key.name,
    secret: key.key !== undefined
      ? { type: "plain", key: key.key }
      : { type: "sha256", hex: (key.key_sha256 ?? "").toLowerCase() },
    models: key.model_id === undefined ? key.models : [key.model_id],
    expiresAtMs: key.expires_at === undefined ? undefined : Date.parse(key.expires_at),
    limits: resolveLoadLimits(key.limits),
  };
}

/**
 * A model with its defaults.
 *
 * @param options `defaultMcps`: MCP servers of its entrypoint
 */
export function resolveModel(
  id: string,
  model: ModelFile,
  { defaultMcps }: { readonly defaultMcps: readonly string[] },
): ResolvedModel {
  return {
    id,
    source: model.module === undefined ? { type: "backend", backend: model.backend ?? "" } : {
      type: "module",
      specifier: model.module,
      permissions: resolvePermissions(model.permissions),
      integrity: model.integrity,
      backends: listOf(model.backends),
    },
    description: model.description,
    instructions: model.instructions,
    mcps: model.mcps === undefined
      ? model.module === undefined ? defaultMcps : []
      : listOf(model.mcps),
    codeMode: model.code_mode ?? false,
    settings: resolveSettings(model.settings),
    limits: {
      ...resolveLoadLimits(model.limits),
      maxSteps: model.limits?.max_steps,
      maxToolCalls: model.limits?.max_tool_calls,
      maxTokens: model.limits?.max_tokens,
      maxSeconds: model.limits?.max_seconds,
      maxMemoryBytes: model.limits?.max_memory === undefined
        ? undefined
        : parseSize(model.limits.max_memory),
    },
    lifecycle: model.lifecycle ?? "startup",
    dependencyPolicy: model.dependency_policy ?? "fail",
    responsesReasoning: resolveReasoning(model.responses_reasoning),
    clientTools: model.client_tools ?? "allow",
    backgroundTasks: typeof model.background_tasks === "object"
      ? { type: "backend", backend: model.background_tasks.backend }
      : { type: model.background_tasks ?? "agent" },
    onDisconnect: resolveDisconnect(model.on_disconnect ?? "cancel"),
    approval: resolveApproval(model.approval),
  };
}

function resolveApproval(approval: ModelFile["approval"] = []): ResolvedApproval {
  const none = { prompt: undefined, prompts: {} };
  if (approval === true) return { tools: "all", ask: "nobody", ...none };
  if (approval === "client") return { tools: "all", ask: "client", ...none };
  if (Array.isArray(approval)) return { tools: approval, ask: "nobody", ...none };
  const { tools, ask = "nobody", label, text, prompts = {} } = approval as Exclude<
    typeof approval,
    readonly string[]
  >;
  const prompt = label === undefined || text === undefined ? undefined : { label, text };
  return { tools: tools ?? "all", ask, prompt, prompts };
}

function resolveSettings(settings: ModelFile["settings"] = {}): ModelSettings {
  const all: ModelSettings = {
    maxTokens: settings.max_tokens,
    temperature: settings.temperature,
    topP: settings.top_p,
    stop: settings.stop === undefined ? undefined : listOf(settings.stop),
    seed: settings.seed,
    presencePenalty: settings.presence_penalty,
    frequencyPenalty: settings.frequency_penalty,
    reasoningEffort: settings.reasoning_effort,
    extraBody: settings.extra_body,
  };
  // A key that is there with `undefined` would hide what the client asks for when settings merge.
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function resolvePermissions(permissions: ModelFile["permissions"] = {}): Grants {
  return Object.fromEntries(GRANT_KINDS.map((kind) => {
    const granted = permissions[kind];
    return [kind, granted === true ? "all" : granted ?? []];
  })) as Grants;
}

function resolveReasoning(reasoning: ModelFile["responses_reasoning"]): ResolvedReasoning {
  if (typeof reasoning !== "object") return { mode: reasoning ?? "disabled" };
  const { mode, chunks, interval } = reasoning;
  if (mode !== "premade") return { mode };
  return {
    mode,
    chunks: chunks ?? [],
    intervalMs: interval === undefined ? undefined : parseDuration(interval),
  };
}

function resolveDisconnect(text: string): ResolvedModel["onDisconnect"] {
  const grace = /^grace\((.*)\)$/.exec(text)?.[1];
  if (grace !== undefined) return { type: "grace", graceMs: parseDuration(grace) ?? 0 };
  return { type: text === "detach" ? "detach" : "cancel" };
}

function resolveLoadLimits(limits: KeyFile["limits"] = {}): ResolvedLoadLimits {
  const { budget } = limits;
  return {
    maxConcurrentRuns: limits.max_concurrent_runs,
    queue: limits.queue ?? 0,
    requestsPerMinute: limits.requests_per_minute,
    tokensPerMinute: limits.tokens_per_minute,
    budget: budget && {
      tokens: budget.tokens,
      toolCalls: budget.tool_calls,
      seconds: budget.seconds,
      money: budget.money,
      per: budget.per ?? "day",
    },
  };
}
