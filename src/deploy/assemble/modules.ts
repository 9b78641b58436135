/**
 * Builds the models that are modules, each a guest in a process of its own.
 * @module
 */
import { systemClock } from "../../context/system.ts";
import { DependencyHealth } from "../../hosting/health.ts";
import type { ModelSource } from "../../hosting/fake_models.ts";
import type { Model } from "../../models/model.ts";
import { parseReference } from "../../module/reference.ts";
import type { GuestModule } from "../../module/guest_module.ts";
import { RunError } from "../../run/error.ts";
import type { Logger } from "../../run/seams.ts";
import type { Toolset } from "../../tools/toolset.ts";
import type { ResolvedMcp, ResolvedModel } from "../resolved.ts";

/** What modules are built with. */
export interface ModuleParts {
  /** Backends of the deployment, by name. */
  readonly backends: ReadonlyMap<string, Model>;
  /** MCP servers of the deployment, by name. */
  readonly toolsets: ReadonlyMap<string, Toolset>;
  /** MCP servers of the deployment. */
  readonly mcps: readonly ResolvedMcp[];
  /** Absolute path that relative ones start from. */
  readonly folder: string;
  /** Code of modules, by their specifiers, to run instead of what lies there. */
  readonly code: ReadonlyMap<string, string>;
  readonly logger: Logger;
}

/** A model that is a module. */
export interface AssembledModule {
  readonly source: ModelSource;
  /** Whether its process answers. */
  readonly health: DependencyHealth;
}

type ModuleSource = Extract<ResolvedModel["source"], { readonly type: "module" }>;

/** Prepares a module; nothing is loaded before the model is built. */
export function assembleModule(
  model: ResolvedModel,
  source: ModuleSource,
  { backends, toolsets, mcps, folder, code, logger }: ModuleParts,
): AssembledModule {
  const { maxSteps, maxToolCalls, maxTokens, maxSeconds, maxMemoryBytes } = model.limits;
  const { specifier, exportName } = parseReference(source.specifier);
  const services = {
    backends: named(source.backends, backends),
    mcps: named(model.mcps, toolsets),
    limits: { maxSteps, maxToolCalls, maxTokens },
    hiddenHeaders: broughtFor(mcps, "header"),
    hiddenFields: broughtFor(mcps, "extra"),
  };
  let current: GuestModule | undefined;
  const build = async () => {
    const [{ GuestModule }, { GuestRunner }] = await Promise.all([
      import("../../module/guest_module.ts"),
      import("../../module/guest_runner.ts"),
    ]);
    current = new GuestModule({
      specifier,
      code: code.get(specifier),
      exportName,
      folder,
      grants: source.permissions,
      integrity: source.integrity,
      model: model.id,
      services,
      maxMemoryBytes,
      clock: systemClock,
      logger,
    });
    return new GuestRunner(current, { servedName: model.id, maxSeconds });
  };
  const check = async (signal: AbortSignal) => {
    // A lazy one is not there before it is needed.
    if (!current && model.lifecycle === "startup") {
      throw new RunError("model-unavailable", `Module of "${model.id}" is not started`);
    }
    await current?.check(signal);
  };
  const required = model.dependencyPolicy === "fail" && model.lifecycle !== "per_request";
  return {
    source: build,
    health: new DependencyHealth(`module ${model.id}`, check, { required }),
  };
}

function named<Item>(
  names: readonly string[],
  items: ReadonlyMap<string, Item>,
): ReadonlyMap<string, Item> {
  return new Map(names.flatMap((name) => {
    const item = items.get(name);
    return item === undefined ? [] : [[name, item] as const];
  }));
}

/** What requests bring for MCP servers, whichever model they are for: it is for the servers alone. */
function broughtFor(mcps: readonly ResolvedMcp[], from: "header" | "extra"): string[] {
  return mcps.flatMap(({ connection }) =>
    connection.transport === "stdio"
      ? []
      : Object.values(connection.headers).flatMap((value) =>
        typeof value === "object" && value.from === from ? [value.name] : []
      )
  );
}
