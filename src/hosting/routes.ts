/**
 * The only list of routes.
 * @module
 */
import { MODEL_LIST_PATH } from "../protocols/model_list/mod.ts";
import type { Protocol } from "../protocols/protocol.ts";
import { PROTOCOLS } from "../protocols/registry.ts";
import { isStateful } from "../protocols/stateful.ts";
import type { ResponseAction } from "./responses/response_pages.ts";

/** What a path leads to. `Entry` is the entrypoint it belongs to. */
export type Route<Entry> =
  | { readonly type: "health" | "ready" | "root" }
  | { readonly type: "model-list"; readonly entry: Entry }
  | { readonly type: "model"; readonly entry: Entry; readonly id: string }
  | { readonly type: "protocol"; readonly entry: Entry; readonly protocol: Protocol }
  | {
    readonly type: "response";
    readonly entry: Entry;
    readonly id: string;
    readonly action: ResponseAction;
  };

/** The prefix whose paths are served without it too, while it is the only one. */
const BARE_PREFIX = "/v1";

const READ: readonly string[] = ["GET", "HEAD"];
const RUN: readonly string[] = ["POST"];
const RESPONSE_METHODS: Readonly<Record<ResponseAction, readonly string[]>> = {
  "read": [...READ, "DELETE"],
  "cancel": RUN,
  "input-items": READ,
};

/** What may follow the id of a response. */
const RESPONSE_TAILS: ReadonlyMap<string, ResponseAction> = new Map([
  ["", "read"],
  ["/cancel", "cancel"],
  ["/input_items", "input-items"],
]);

/** Paths to routes, made once. */
export class Routes<Entry extends { readonly prefix: string }> {
  readonly #exact = new Map<string, Route<Entry>>();
  /** What the path of a model or response begins with, up to its id. */
  readonly #heads: readonly Head<Entry>[];

  /**
   * Makes every path once.
   *
   * @param entries prefixes differ and have no slash at their end; the root is empty
   */
  constructor(entries: readonly Entry[]) {
    const heads: Head<Entry>[] = [];
    for (const entry of entries) {
      const bare = entries.length === 1 && entry.prefix === BARE_PREFIX;
      for (const prefix of bare ? [entry.prefix, ""] : [entry.prefix]) {
        this.#exact.set(prefix + MODEL_LIST_PATH, { type: "model-list", entry });
        heads.push({ type: "model", head: `${prefix}${MODEL_LIST_PATH}/`, entry });
        for (const protocol of PROTOCOLS) {
          this.#exact.set(prefix + protocol.path, { type: "protocol", entry, protocol });
          if (isStateful(protocol)) {
            heads.push({ type: "response", head: `${prefix}${protocol.path}/`, entry });
          }
        }
      }
    }
    // A longer prefix may look like a model's path of a shorter one.
    this.#heads = heads.sort((a, b) => b.head.length - a.head.length);
    this.#exact.set("/health", { type: "health" });
    this.#exact.set("/ready", { type: "ready" });
    this.#exact.set("/", { type: "root" });
  }

  /** Every path with its route; the path of a model or response stands with `{id}`. */
  get list(): readonly { readonly path: string; readonly route: Route<Entry> }[] {
    return [
      ...Array.from(this.#exact, ([path, route]) => ({ path, route })),
      ...this.#heads.flatMap(({ type, head, entry }): { path: string; route: Route<Entry> }[] => {
        const id = "{id}";
        if (type === "model") return [{ path: head + id, route: { type, entry, id } }];
        return Array.from(RESPONSE_TAILS, ([tail, action]) => ({
          path: head + id + tail,
          route: { type, entry, id, action },
        }));
      }),
    ];
  }

  /** The route of a URL's path, with or without a slash at its end. */
  find(path: string): Route<Entry> | undefined {
    const exact = this.#exact.get(path);
    if (exact) return exact;
    const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
    return this.#exact.get(trimmed) ?? this.#headed(trimmed);
  }

  #headed(path: string): Route<Entry> | undefined {
    const found = this.#heads.find(({ head }) => path.startsWith(head));
    if (!found) return undefined;
    const { type, head, entry } = found;
    const rest = path.slice(head.length);
    if (type === "model") {
      const id = decoded(rest);
      return id === undefined ? undefined : { type, entry, id };
    }
    const end = rest.indexOf("/");
    const id = decoded(end < 0 ? rest : rest.slice(0, end));
    const action = RESPONSE_TAILS.get(end < 0 ? "" : rest.slice(end));
    return id === undefined || id === "" || !action ? undefined : { type, entry, id, action };
  }
}

/** What the path of a model or response begins with. */
interface Head<Entry> {
  readonly type: "model" | "response";
  /** Up to the id. */
  readonly head: string;
  readonly entry: Entry;
}

/** The text behind its percent-encoding; undefined where it is none, and names nothing. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The methods a route takes, in upper case. */
export function methodsOf(route: Route<unknown>): readonly string[] {
  if (route.type === "response") return RESPONSE_METHODS[route.action];
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
