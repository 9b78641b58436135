/**
 * Several inner runs at the same time.
 * @module
 */
import type { RunLimits } from "../run/budget.ts";
import { RunError } from "../run/error.ts";
import type { Message } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import type { InnerResult, InnerRunOptions } from "./inner_run.ts";

/** One of several inner runs. */
export interface InnerRun {
  /** What answers. */
  readonly runner: Runner;
  /** A user's text, or messages. @default the conversation */
  readonly prompt?: string | readonly Message[];
  /** What this run is given besides; its own `signal` ends it alone. */
  readonly options?: InnerRunOptions;
}

/** How several inner runs go together. */
export interface RunAllOptions {
  /** Ends all of them besides the workflow's own signal, as `AbortSignal.timeout(5_000)`. */
  readonly signal?: AbortSignal;
  /** Walls of all of them together, as `{ maxTokens: 50_000 }`. @default none */
  readonly limits?: RunLimits;
  /** Whether each is told apart: a failure then ends only itself. @default false */
  readonly settle?: boolean;
}

/** What each inner run came to, in the order they were given. */
export type InnerResults<Runs extends readonly InnerRun[]> = {
  readonly [Index in keyof Runs]: InnerResult;
};

/** How each inner run ended, in the order they were given. */
export type SettledResults<Runs extends readonly InnerRun[]> = {
  readonly [Index in keyof Runs]: PromiseSettledResult<InnerResult>;
};

/** Begins one inner run in a context. */
export type StartRun = (run: InnerRun, context: RunContext) => Promise<InnerResult>;

/** Where inner runs begin. */
export interface FanOut {
  readonly start: StartRun;
  /** Of all of them; its signal ends all. */
  readonly context: RunContext;
}

/** Runs all and waits for the end of each, whether it goes well or not. */
export async function settleAll(
  runs: readonly InnerRun[],
  { start, context }: FanOut,
): Promise<readonly PromiseSettledResult<InnerResult>[]> {
  return await Promise.allSettled(runs.map((run) => start(run, context)));
}

/**
 * Runs all; the first failure stops the others.
 *
 * @throws what failed first, once all have ended
 */
export async function runTogether(
  runs: readonly InnerRun[],
  { start, context }: FanOut,
): Promise<readonly InnerResult[]> {
  const stop = new AbortController();
  const shared = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
  let failure: { readonly error: unknown } | undefined;
  const results = await Promise.allSettled(runs.map(async (run) => {
    try {
      return await start(run, shared);
    } catch (error) {
      if (!failure) {
        failure = { error };
        const options = { cause: error };
        stop.abort(new RunError("cancelled", "Another run of the same group failed", options));
      }
      throw error;
    }
  }));
  if (failure) throw failure.error;
  return results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
}
