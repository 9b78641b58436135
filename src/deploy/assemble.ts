/**
 * The composition root: ResolvedDeployment -> App.
 * @module
 */
import type { App } from "../hosting/app.ts";
import type { ApiKey } from "../hosting/auth/api_key.ts";
import type { Entrypoint } from "../hosting/entrypoint.ts";
import { FakeModels, type ModelSource } from "../hosting/fake_models.ts";
import type { DependencyHealth } from "../hosting/health.ts";
import { createHost } from "../hosting/host.ts";
import { SetupError } from "../run/error.ts";
import type { Logger } from "../run/seams.ts";
import { assembleAgent } from "./assemble/agents.ts";
import { assembleBackends } from "./assemble/backends.ts";
import { assembleBackgroundTasks } from "./assemble/background_tasks.ts";
import { assembleMcpContext } from "./assemble/mcp_context.ts";
import { assembleMcps } from "./assemble/mcps.ts";
import { assembleModule, type ModuleParts } from "./assemble/modules.ts";
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
  /** Absolute path that modules and their permissions start from. @default the current folder */
  readonly folder?: string;
  /** Code of modules, by their specifiers, to run instead of what lies there. @default none */
  readonly code?: ReadonlyMap<string, string>;
}

/** Builds everything a deployment names; nothing is contacted before the app starts. */
export async function assemble(
  deployment: ResolvedDeployment,
  { logger, folder = Deno.cwd(), code = new Map() }: AssembleOptions,
): Promise<App> {
  for (const path of notInForce(deployment)) {
    logger.log("warn", `Setting has no effect in this version: ${formatPath(path)}`);
  }
  const backends = await assembleBackends(deployment.backends);
  const { toolsets, managed } = await assembleMcps(deployment, { logger });
  const { limits, mcps } = deployment;
  const health: DependencyHealth[] = [];
  const shared = { backends, toolsets, mcps, folder, code, logger, health };
  return createHost({
    entrypoints: deployment.entrypoints.map((entrypoint) => assembleEntrypoint(entrypoint, shared)),
    health,
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
interface Shared extends ModuleParts {
  readonly mcps: readonly ResolvedMcp[];
  /** Filled with a check for each module. */
  readonly health: DependencyHealth[];
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

/** What answers as the model. */
function sourceOf(model: ResolvedModel, shared: Shared): ModelSource {
  const { source } = model;
  if (source.type === "module") {
    const { source: build, health } = assembleModule(model, source, shared);
    shared.health.push(health);
    return build;
  }
  const backend = shared.backends.get(source.backend);
  if (!backend) throw new SetupError(`Model "${model.id}" has a backend that is not defined`);
  const toolsets = model.mcps.flatMap((name) => shared.toolsets.get(name) ?? []);
  return () => assembleAgent(model, { backend, toolsets });
}

function apiKeyOf({ name, secret, models, expiresAtMs }: ResolvedKey): ApiKey {
  return {
    name,
    ...secret.type === "plain" ? { key: secret.key } : { keySha256: secret.hex },
    models,
    expiresAt: expiresAtMs === undefined ? undefined : new Date(expiresAtMs),
  };
}
