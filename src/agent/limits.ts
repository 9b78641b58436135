/**
 * Walls of a run.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { RunRequest } from "../run/request.ts";
import type { Usage } from "../run/result.ts";
import type { RunLimits } from "../tools/context.ts";

/** Model calls of a run whose agent sets no limit. */
export const DEFAULT_MAX_STEPS = 50;

/**
 * Before a model call is paid for.
 *
 * @throws {RunError} `run-failed` when `modelCalls` have used up the limit
 */
export function checkModelCalls(limits: RunLimits, modelCalls: number): void {
  const max = limits.maxSteps ?? DEFAULT_MAX_STEPS;
  if (modelCalls >= max) exceed("maxSteps", max, modelCalls + 1);
}

/**
 * Before any call of a batch begins.
 *
 * @throws {RunError} `run-failed` when the batch would go beyond the limit
 */
export function checkToolCalls(limits: RunLimits, toolCalls: number, batchSize: number): void {
  const max = limits.maxToolCalls;
  if (max !== undefined && batchSize > 0 && toolCalls + batchSize > max) {
    exceed("maxToolCalls", max, toolCalls + batchSize);
  }
}

/** Tool calls that may still run before the client has what it asked for at most. */
export function toolCallsLeft({ maxToolCalls }: RunRequest, toolCalls: number): number {
  return maxToolCalls === undefined ? Infinity : Math.max(0, maxToolCalls - toolCalls);
}

/**
 * After a model call.
 *
 * @throws {RunError} `run-failed` when more tokens were used than allowed
 */
export function checkTokens(limits: RunLimits, usage: Usage): void {
  const { maxInputTokens, maxOutputTokens, maxTokens } = limits;
  const { inputTokens, outputTokens } = usage;
  if (maxInputTokens !== undefined && inputTokens > maxInputTokens) {
    exceed("maxInputTokens", maxInputTokens, inputTokens);
  }
  if (maxOutputTokens !== undefined && outputTokens > maxOutputTokens) {
    exceed("maxOutputTokens", maxOutputTokens, outputTokens);
  }
  if (maxTokens !== undefined && inputTokens + outputTokens > maxTokens) {
    exceed("maxTokens", maxTokens, inputTokens + outputTokens);
  }
}

/** What ends a run at its deadline. */
export function deadlineError(maxSeconds: number): RunError {
  return new RunError("run-failed", `Run exceeded its limit: maxSeconds is ${maxSeconds}`);
}

function exceed(limit: keyof RunLimits, max: number, wanted: number): never {
  throw new RunError(
    "run-failed",
    `Run exceeded its limit: ${limit} is ${max}, wanted ${wanted}`,
  );
}
