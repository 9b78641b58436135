/**
 * Builds the backends of a deployment, each once, however many models use it.
 * @module
 */
import type { Model } from "../../models/model.ts";
import type { ResolvedBackend } from "../resolved.ts";

/** Every backend by name, with what it falls back to. The code of unused kinds is not loaded. */
export async function assembleBackends(
  backends: readonly ResolvedBackend[],
): Promise<ReadonlyMap<string, Model>> {
  const make = await makerOf(backends);
  const { FallbackBackend } = await import("../../models/fallback.ts");
  const bare = new Map(backends.map((backend) => [backend.name, make(backend)]));
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  const built = new Map<string, Model>();

  function build({ name, fallback }: ResolvedBackend): Model {
    const known = built.get(name);
    if (known) return known;
    const chain = [
      bare.get(name)!,
      ...fallback.flatMap((other) => {
        const next = byName.get(other);
        return next ? [build(next)] : [];
      }),
    ];
    const model = chain.length === 1 ? chain[0]! : new FallbackBackend(chain, { name });
    built.set(name, model);
    return model;
  }

  for (const backend of backends) build(backend);
  return built;
}

async function makerOf(
  backends: readonly ResolvedBackend[],
): Promise<(backend: ResolvedBackend) => Model> {
  const kinds = new Set(backends.map(({ type }) => type));
  const [endpoint, demo] = await Promise.all([
    kinds.has("openai-compatible") ? import("../../models/openai_compatible.ts") : undefined,
    kinds.has("demo") ? import("../../models/demo.ts") : undefined,
  ]);
  return (backend) => {
    switch (backend.type) {
      case "openai-compatible": {
        const { name, baseUrl, apiKey, model, headers, timeoutMs, maxRetries, fetchUrls } = backend;
        return new endpoint!.OpenAICompatibleBackend({
          name,
          baseURL: baseUrl,
          apiKey,
          model,
          headers,
          timeoutMs,
          maxRetries,
          fetchUrls,
        });
      }
      case "demo":
        return new demo!.DemoBackend({ name: backend.name });
      default:
        return backend satisfies never;
    }
  };
}
