/**
 * Walls around runs inside a workflow's.
 * @module
 */
import { deadlineError, RunBudget, type RunLimits } from "../run/budget.ts";
import type { RunContext } from "../run/runner.ts";

/**
 * Does work in a context with walls of its own, within those it has.
 *
 * @param limits for everything that runs in the context together; undefined: no further ones
 */
export async function withinLimits<Result>(
  context: RunContext,
  limits: RunLimits | undefined,
  work: (context: RunContext) => Promise<Result>,
): Promise<Result> {
  if (!limits) return await work(context);
  const budget = new RunBudget(limits, { parent: context.budget });
  const { maxSeconds } = limits;
  if (maxSeconds === undefined) return await work({ ...context, budget });
  const late = new AbortController();
  const cancel = context.clock.schedule(
    maxSeconds * 1000,
    () => late.abort(deadlineError(maxSeconds)),
  );
  try {
    const signal = AbortSignal.any([context.signal, late.signal]);
    return await work({ ...context, budget, signal });
  } finally {
    cancel();
  }
}
