/**
 * The interface of whatever answers.
 * @module
 */
import type { RunBudget } from "./budget.ts";
import type { ReasoningStart, RunEvent } from "./event.ts";
import type { RunRequest } from "./request.ts";
import type { Clock, IdSource, Logger, Principal, TurnStore } from "./seams.ts";

/** What a run is allowed and given. */
export interface RunContext {
  /** Names the run in logs. */
  readonly runId: string;
  /** The served name the client asked for. */
  readonly modelId: string;
  /** Who is calling. */
  readonly principal: Principal;
  /** Aborted when the client leaves, a deadline passes or the server stops. */
  readonly signal: AbortSignal;
  /** The client's headers without its credentials. */
  readonly headers: Headers;
  /** Typed values for tools, made by the app's `requestContextFactory`. */
  readonly deps: unknown;
  /** Time. */
  readonly clock: Clock;
  /** Where ids come from. */
  readonly ids: IdSource;
  /** Where operators read what happened. */
  readonly logger: Logger;
  /** Where turns wait for the client's tool results. */
  readonly turns: TurnStore;
  /** Whose reasoning the client sees: a Runner may spare itself any other. @default nobody's */
  readonly reasoning?: ReasoningStart["source"];
  /** Of the run this one is inside of; what this one uses is used there. @default none */
  readonly budget?: RunBudget;
}

/** Answers a RunRequest with events. Agents, workflows, routers, adapters and guests are Runners. */
export interface Runner {
  /**
   * Answers. The events keep the grammar of `event.ts`; a failure is thrown. Nothing runs before the
   * first `next()`; `return()` and the context's signal both stop everything the run started.
   *
   * @throws {RequestError} when the caller asked for something this Runner cannot do
   * @throws {RunError} when the run failed
   */
  run(request: RunRequest, context: RunContext): AsyncIterable<RunEvent>;
  /** Acquires what the Runner needs for its lifetime. */
  start?(): Promise<void>;
  /** Releases what `start` acquired. */
  [Symbol.asyncDispose]?(): PromiseLike<void>;
}

/** Whether `value` answers by itself; a factory does not. */
export function isRunner(value: unknown): value is Runner {
  return typeof value === "object" && value !== null &&
    typeof (value as Partial<Runner>).run === "function";
}
