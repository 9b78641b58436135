/**
 * What the deployment serves: keys and models of an entrypoint.
 * @module
 */
import { GRANT_KINDS, type Grants } from "../../isolation/grant.ts";
import { formatDuration } from "../../run/units.ts";
import type {
  ResolvedApproval,
  ResolvedEntrypoint,
  ResolvedKey,
  ResolvedLoadLimits,
  ResolvedModel,
} from "../resolved.ts";
import type { Writable } from "../yaml_text.ts";
import { durationOf, filled, type Mapping, MASK, masked, maskedUrl, sizeOf } from "./mapping.ts";

/** An entrypoint as a file would tell it. */
export function describeScope({ keys, models }: ResolvedEntrypoint): Mapping {
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

function describeModel(model: ResolvedModel): Mapping {
  const { source, settings, limits } = model;
  return {
    ...source.type === "backend" ? { backend: source.backend } : {
      module: maskedUrl(source.specifier),
      permissions: filled(describePermissions(source.permissions)),
      integrity: source.integrity,
      backends: filled(source.backends),
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
      "max_memory": sizeOf(limits.maxMemoryBytes),
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
    approval: describeApproval(model.approval),
  };
}

function describeApproval({ tools, ask, prompt, prompts }: ResolvedApproval): Writable | undefined {
  if (ask === "nobody") return tools === "all" ? true : filled(tools);
  return {
    tools: tools === "all" ? undefined : tools,
    ask,
    label: prompt?.label,
    text: prompt?.text,
    prompts: filled(
      Object.fromEntries(Object.entries(prompts).map(([tool, words]) => [tool, { ...words }])),
    ),
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

function describePermissions(permissions: Grants): Mapping {
  return Object.fromEntries(GRANT_KINDS.map((kind) => {
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
