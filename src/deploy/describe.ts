/**
 * A resolved deployment in the words of the deployment file, every default written out and every
 * secret masked.
 * @module
 */
import { formatDuration } from "../run/units.ts";
import { durationOf, filled, type Mapping, maskedUrl, sizeOf } from "./describe/mapping.ts";
import { describeScope } from "./describe/served.ts";
import { describeBackend, describeMcp } from "./describe/upstream.ts";
import type { ResolvedDeployment, ResolvedStore } from "./resolved.ts";

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
