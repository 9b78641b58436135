/**
 * The composition root: ResolvedDeployment -> App.
 * @module
 */
import type { App } from "../hosting/app.ts";
import type { ApiKey } from "../hosting/auth/api_key.ts";
import type { Entrypoint } from "../hosting/entrypoint.ts";
import { FakeModels, type ModelSource } from "../hosting/fake_models.ts";
import { createHost } from "../hosting/host.ts";
import { unavailable } from "../hosting/unavailable.ts";
import type { Model } from "../models/model.ts";
import type { Logger } from "../run/seams.ts";
import type { Toolset } from "../tools/toolset.ts";
import { assembleAgent } from "./assemble/agents.ts";
import { assembleBackends } from "./assemble/backends.ts";
import { assembleBackgroundTasks } from "./assemble/background_tasks.ts";
import { assembleMcpContext } from "./assemble/mcp_context.ts";
import { assembleMcps } from "./assemble/mcps.ts";
import { assembleStore } from "./assemble/store.ts";
import { notInForce } from "./not_in_force.ts";
import type {
  ResolvedDeployment,
  ResolvedEntrypoint,
  ResolvedKey,
  ResolvedMcp,
  ResolvedModel,
} from "./resolved.ts";
import { formatPath } from "./tree.ts";

/** What the app gets besides the deployment. */
export interface AssembleOptions {
  readonly logger: Logger;
}

/** Builds everything a deployment names; nothing is contacted before the app starts. */
export async function assemble(
  deployment: ResolvedDeployment,
  { logger }: AssembleOptions,
): Promise<App> {
  for (const path of notInForce(deployment)) {
    logger.log("warn", `Setting has no effect in this version: ${formatPath(path)}`);
  }
  const backends = await assembleBackends(deployment.backends);
  const { toolsets, managed } = await assembleMcps(deployment, { logger });
  const { limits, mcps } = deployment;
  return createHost({
    entrypoints: deployment.entrypoints.map((entrypoint) =>
      assembleEntrypoint(entrypoint, { backends, toolsets, mcps })
    ),
    managedMcp: managed,
    store: assembleStore(deployment.store),
    logger,
    insecure: deployment.insecure,
    corsOrigins: deployment.corsOrigins,
    shutdownGraceMs: deployment.shutdownGraceMs,
    keepAliveMs: limits.keepAliveMs,
    limits: {
      maxBodyBytes: limits.maxBodyBytes,
      maxNesting: limits.maxNesting,
      maxMessages: limits.maxMessages,
    },
  });
}

/** What entrypoints share. */
interface Shared {
  readonly backends: ReadonlyMap<string, Model>;
  readonly toolsets: ReadonlyMap<string, Toolset>;
  readonly mcps: readonly ResolvedMcp[];
}

function assembleEntrypoint(entrypoint: ResolvedEntrypoint, shared: Shared): Entrypoint {
  const models = new FakeModels();
  for (const model of entrypoint.models) {
    const source = sourceOf(model, shared);
    models.add(model.id, source, {
      lifecycle: typeof source === "function" ? model.lifecycle : "startup",
      dependencyPolicy: model.dependencyPolicy,
      description: model.description,
      responsesReasoning: model.responsesReasoning,
      backgroundTasks: assembleBackgroundTasks(model, shared.backends),
    });
  }
  const { prefix, keys } = entrypoint;
  return {
    prefix,
    models,
    apiKeys: keys.length === 0 ? undefined : keys.map(apiKeyOf),
    requestContextFactory: assembleMcpContext(entrypoint.models, shared.mcps),
  };
}

/** What answers as the model; a placeholder where this version lacks what it needs. */
function sourceOf(model: ResolvedModel, { backends, toolsets }: Shared): ModelSource {
  const missing = missingMachinery(model);
  if (missing !== undefined) return unavailable(missing);
  const backend = model.source.type === "backend" ? backends.get(model.source.backend) : undefined;
  if (!backend) return unavailable("its backend is not defined");
  const own = model.mcps.flatMap((name) => toolsets.get(name) ?? []);
  return () => assembleAgent(model, { backend, toolsets: own });
}

/** Why a model cannot serve in this version. */
function missingMachinery(model: ResolvedModel): string | undefined {
  if (model.source.type === "module") return "models with a module cannot run in this version";
  if (model.codeMode) return "models with code_mode cannot run in this version";
  return undefined;
}

function apiKeyOf({ name, secret, models, expiresAtMs }: ResolvedKey): ApiKey {
  return {
    name,
    ...secret.type === "plain" ? { key: secret.key } : { keySha256: secret.hex },
    models,
    expiresAt: expiresAtMs === undefined ? undefined : new Date(expiresAtMs),
  };
}
