/**
 * The only list of routes.
 * @module
 */
import { MODEL_LIST_PATH } from "../protocols/model_list/mod.ts";
import type { Protocol } from "../protocols/protocol.ts";
import { PROTOCOLS } from "../protocols/registry.ts";

/** What a path leads to. `Entry` is the entrypoint it belongs to. */
export type Route<Entry> =
  | { readonly type: "health" | "ready" | "root" }
  | { readonly type: "model-list"; readonly entry: Entry }
  | { readonly type: "model"; readonly entry: Entry; readonly id: string }
  | { readonly type: "protocol"; readonly entry: Entry; readonly protocol: Protocol };

/** The prefix whose paths are served without it too, while it is the only one. */
const BARE_PREFIX = "/v1";

const READ: readonly string[] = ["GET", "HEAD"];
const RUN: readonly string[] = ["POST"];

/** Paths to routes, made once. */
export class Routes<Entry extends { readonly prefix: string }> {
  readonly #exact = new Map<string, Route<Entry>>();
  /** What a model's path begins with, up to its id. */
  readonly #models: readonly { readonly head: string; readonly entry: Entry }[];

  /**
   * Makes every path once.
   *
   * @param entries prefixes differ and have no slash at their end; the root is empty
   */
  constructor(entries: readonly Entry[]) {
    const models: { head: string; entry: Entry }[] = [];
    for (const entry of entries) {
      const bare = entries.length === 1 && entry.prefix === BARE_PREFIX;
      for (const prefix of bare ? [entry.prefix, ""] : [entry.prefix]) {
        this.#exact.set(prefix + MODEL_LIST_PATH, { type: "model-list", entry });
        models.push({ head: `${prefix}${MODEL_LIST_PATH}/`, entry });
        for (const protocol of PROTOCOLS) {
          this.#exact.set(prefix + protocol.path, { type: "protocol", entry, protocol });
        }
      }
    }
    // A longer prefix may look like a model's path of a shorter one.
    this.#models = models.sort((a, b) => b.head.length - a.head.length);
    this.#exact.set("/health", { type: "health" });
    this.#exact.set("/ready", { type: "ready" });
    this.#exact.set("/", { type: "root" });
  }

  /** Every path with its route; a model's path stands with `{id}`. */
  get list(): readonly { readonly path: string; readonly route: Route<Entry> }[] {
    return [
      ...Array.from(this.#exact, ([path, route]) => ({ path, route })),
      ...this.#models.map(({ head, entry }) => ({
        path: `${head}{id}`,
        route: { type: "model" as const, entry, id: "{id}" },
      })),
    ];
  }

  /** The route of a URL's path, with or without a slash at its end. */
  find(path: string): Route<Entry> | undefined {
    const exact = this.#exact.get(path);
    if (exact) return exact;
    const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
    return this.#exact.get(trimmed) ?? this.#model(trimmed);
  }

  #model(path: string): Route<Entry> | undefined {
    const found = this.#models.find(({ head }) => path.startsWith(head));
    if (!found) return undefined;
    try {
      const id = decodeURIComponent(path.slice(found.head.length));
      return { type: "model", entry: found.entry, id };
    } catch {
      // Not percent-encoded text: no model is called that.
      return undefined;
    }
  }
}

/** The methods a route takes, in upper case. */
export function methodsOf(route: Route<unknown>): readonly string[] {
  return route.type === "protocol" ? RUN : READ;
}

/** The path of an absolute URL, without what `new URL` costs. */
export function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "/";
  const query = url.indexOf("?", start);
  const fragment = url.indexOf("#", start);
  const end = query < 0 || (fragment >= 0 && fragment < query) ? fragment : query;
  return end < 0 ? url.slice(start) : url.slice(start, end);
}
