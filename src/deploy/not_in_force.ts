/**
 * Keys of the deployment file that this version reads but does not act on.
 * @module
 */
import type {
  ResolvedDeployment,
  ResolvedEntrypoint,
  ResolvedLoadLimits,
  ResolvedModel,
} from "./resolved.ts";
import type { TreePath } from "./tree.ts";

/** Paths of the keys that are set and have no effect yet, so that nobody relies on them. */
export function notInForce(deployment: ResolvedDeployment): readonly TreePath[] {
  const { limits } = deployment;
  return [
    ...given([], {
      metrics: deployment.metrics || undefined,
      workers: deployment.workers > 1 || undefined,
    }),
    ...given(["limits"], {
      "max_image": limits.maxImageBytes,
      "max_file": limits.maxFileBytes,
      "max_seconds": limits.maxSeconds,
      "max_concurrent_runs": limits.maxConcurrentRuns,
      queue: limits.queue,
    }),
    ...deployment.entrypoints.flatMap(scopeKeys),
  ];
}

function scopeKeys({ prefix, keys, models }: ResolvedEntrypoint): TreePath[] {
  const path = ["entrypoints", prefix];
  return [
    ...keys.flatMap((key, index) => loadKeys([...path, "api_keys", index, "limits"], key.limits)),
    ...models.flatMap((model) => modelKeys([...path, "models", model.id], model)),
  ];
}

function modelKeys(path: TreePath, model: ResolvedModel): TreePath[] {
  return [
    ...given(path, {
      "on_disconnect": model.onDisconnect.type === "cancel" ? undefined : true,
    }),
    ...loadKeys([...path, "limits"], model.limits),
  ];
}

function loadKeys(path: TreePath, limits: ResolvedLoadLimits): TreePath[] {
  return given(path, {
    "max_concurrent_runs": limits.maxConcurrentRuns,
    queue: limits.queue === 0 ? undefined : limits.queue,
    "requests_per_minute": limits.requestsPerMinute,
    "tokens_per_minute": limits.tokensPerMinute,
    budget: limits.budget,
  });
}

function given(path: TreePath, values: Readonly<Record<string, unknown>>): TreePath[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [[...path, key]]
  );
}
