/**
 * Deps made once for each client request, however many runs it leads to.
 * @module
 */
import { untilAborted } from "../run/until_aborted.ts";
import { originOf, type RequestContext, type RequestOrigin } from "./request_context.ts";

/** A making of deps, under way or done. */
interface Entry<Output> {
  readonly origin: RequestOrigin | undefined;
  /** Whose signal ends the making. */
  readonly maker: RequestContext;
  readonly deps: Promise<Output>;
}

/** Remembers deps as long as their request is there, and never longer. Failures are not kept. */
export class DepsCache<Output> {
  readonly #make: (context: RequestContext) => Promise<Output>;
  readonly #entries = new WeakMap<object, Entry<Output>>();

  /** Takes what makes deps. */
  constructor(make: (context: RequestContext) => Promise<Output>) {
    this.#make = make;
  }

  /** The deps of the request behind `context`: those made before, or new ones. */
  async get(context: RequestContext): Promise<Output> {
    for (;;) {
      const { maker, deps } = this.#entry(context);
      try {
        return await untilAborted(deps, context.signal);
      } catch (error) {
        // Another run of this request was stopped alone, and the making with it.
        const theirs = maker !== context && maker.signal.aborted && !context.signal.aborted;
        if (!theirs) throw error;
      }
    }
  }

  #entry(context: RequestContext): Entry<Output> {
    const origin = originOf(context);
    const key = origin?.parameters ?? context;
    const found = this.#entries.get(key);
    if (found && isSame(found.origin, origin)) return found;
    const entry: Entry<Output> = { origin, maker: context, deps: this.#make(context) };
    this.#entries.set(key, entry);
    entry.deps.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return entry;
  }
}

/** Bodies are decoded anew for each request; caller and id make sure of it. */
function isSame(a: RequestOrigin | undefined, b: RequestOrigin | undefined): boolean {
  return a?.principal === b?.principal && a?.runId === b?.runId;
}
