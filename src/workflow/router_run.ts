/**
 * One run of a router: chooses a route, then hands its events on.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { DONE, type Step } from "./outlet.ts";
import type { Route } from "./route.ts";
import type { RouteChooser } from "./route_chooser.ts";
import { recallRoute, rememberRoute } from "./route_memory.ts";
import type { RouteRunners } from "./route_runners.ts";
import { RouteTurns } from "./route_turns.ts";

/** A router's options, worked out once for all runs. */
export interface RouterPlan {
  /** By id. */
  readonly routes: ReadonlyMap<string, Route>;
  /** The route where there is no choice. */
  readonly only: Route | undefined;
  readonly fallback: Route | undefined;
  readonly chooser: RouteChooser;
  readonly runners: RouteRunners;
}

/** A route, and what led to it. */
interface Choice {
  readonly route: Route;
  /** `calls`: the client brings results of its calls. */
  readonly by: "only" | "calls" | "model" | "fallback";
}

/** The events of one run. Work begins with the first `next()`. */
export class RouterRun implements AsyncIterableIterator<RunEvent, undefined, void> {
  readonly #plan: RouterPlan;
  readonly #request: RunRequest;
  readonly #outer: RunContext;
  readonly #events: AsyncGenerator<RunEvent, undefined, void>;
  readonly #controller = new AbortController();
  #returned = false;

  /** Prepares a run; nothing runs yet. */
  constructor(plan: RouterPlan, request: RunRequest, context: RunContext) {
    this.#plan = plan;
    this.#request = request;
    this.#outer = context;
    this.#events = this.#run();
  }

  /** Itself: a run can be read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next event; rejects with what went wrong, or with the signal's reason. */
  next(): Promise<Step> {
    return this.#events.next();
  }

  /** Stops the choice or the route, also while somebody waits for an event of it. */
  async return(): Promise<Step> {
    this.#returned = true;
    // First, so that a route that waits for its reader is closed rather than aborted.
    const closed = this.#events.return(undefined);
    this.#controller.abort(new RunError("cancelled", "The run's reader has stopped reading"));
    await closed;
    return DONE;
  }

  async *#run(): AsyncGenerator<RunEvent, undefined, void> {
    const { signal } = this.#outer;
    signal.throwIfAborted();
    signal.addEventListener("abort", this.#onAbort, { once: true });
    try {
      const context = { ...this.#outer, signal: this.#controller.signal };
      const before: RunEvent[] = [];
      let route: Route;
      try {
        route = await this.#choose(context, before);
      } catch (error) {
        yield* before;
        throw error;
      }
      yield* before;
      const runner = await untilAborted(
        Promise.resolve(this.#plan.runners.get(route)),
        context.signal,
      );
      const callIds: string[] = [];
      for await (const event of runner.run(this.#request, this.#contextOf(route, context))) {
        if (event.type === "tool-call-start" || event.type === "approval-request") {
          callIds.push(event.id);
        } // Before the client can know that the answer is complete, and come back with results.
        else if (event.type === "finish") await this.#remember(callIds, route);
        yield event;
      }
      return undefined;
    } catch (error) {
      if (this.#returned) return undefined;
      throw error;
    } finally {
      signal.removeEventListener("abort", this.#onAbort);
    }
  }

  readonly #onAbort = (): void => this.#controller.abort(this.#outer.signal.reason);

  #contextOf(route: Route, context: RunContext): RunContext {
    return this.#plan.only ? context : { ...context, turns: new RouteTurns(context.turns, route) };
  }

  /** Finds the route; what is to be told before its events goes into `before`. */
  async #choose(context: RunContext, before: RunEvent[]): Promise<Route> {
    const { clock, logger, runId } = context;
    const startedMs = clock.now();
    const { route, by } = await this.#choice(context, before);
    const durationMs = clock.now() - startedMs;
    before.push({
      type: "trace",
      trace: { kind: "span", label: `route ${route.id}`, durationMs },
    });
    logger.log("debug", "route chosen", { requestId: runId, route: route.id, by, durationMs });
    // An answer that goes on after results was introduced when it began.
    if (route.label && by !== "calls" && context.reasoning === "progress") {
      before.push(
        { type: "reasoning-start", source: "progress" },
        { type: "reasoning-delta", text: route.label },
        { type: "reasoning-end" },
      );
    }
    return route;
  }

  async #choice(context: RunContext, before: RunEvent[]): Promise<Choice> {
    const { only, chooser, fallback } = this.#plan;
    if (only) return { route: only, by: "only" };
    const recalled = await this.#recall(context);
    if (recalled) return { route: recalled, by: "calls" };
    try {
      const choice = chooser.choose(this.#request, {
        context,
        report: (usage) => before.push(usage),
      });
      return { route: await untilAborted(choice, context.signal), by: "model" };
    } catch (error) {
      if (context.signal.aborted || !fallback) throw error;
      context.logger.log("warn", "Router's model chose no route, the fallback answers", {
        requestId: context.runId,
        route: fallback.id,
        error: errorClass(error),
        detail: error instanceof Error ? error.message : String(error),
      });
      return { route: fallback, by: "fallback" };
    }
  }

  async #recall(context: RunContext): Promise<Route | undefined> {
    try {
      const { routes } = this.#plan;
      const found = recallRoute(this.#request, { routes, context });
      return await untilAborted(found, context.signal);
    } catch {
      context.signal.throwIfAborted();
      // As after its expiry: the route is chosen anew.
      context.logger.log("warn", "Route of earlier calls could not be looked up", {
        requestId: context.runId,
      });
      return undefined;
    }
  }

  async #remember(callIds: readonly string[], route: Route): Promise<void> {
    if (callIds.length === 0 || this.#plan.only) return;
    const { signal } = this.#controller;
    try {
      await untilAborted(rememberRoute(callIds, { route, context: this.#outer }), signal);
    } catch {
      signal.throwIfAborted();
      this.#outer.logger.log("warn", "Route of calls could not be kept", {
        requestId: this.#outer.runId,
      });
    }
  }
}

function errorClass(error: unknown): string {
  if (error instanceof RunError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
