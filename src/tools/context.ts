/**
 * What user code that runs inside an agent is told.
 * @module
 */
import type { RunLimits } from "../run/budget.ts";
import type { Message } from "../run/request.ts";
import type { Usage } from "../run/result.ts";
import type { RunContext } from "../run/runner.ts";

/** A run at one of its steps: for instructions, toolsets, validators and history processors. */
export interface StepContext<Deps = unknown> {
  /** Made by the app's `requestContextFactory`, or given to `generate()`. */
  readonly deps: Deps;
  /** Name of the agent's model. */
  readonly model: string;
  /** Everything used so far. */
  readonly usage: Usage;
  /** Model calls so far. */
  readonly modelCalls: number;
  /** Successful tool calls so far. */
  readonly toolCalls: number;
  /** Walls of the run. */
  readonly limits: RunLimits;
  /** The conversation so far, this run's own messages included, without instructions. */
  readonly messages: readonly Message[];
  /** What the user said last; undefined when it was no text. */
  readonly prompt: string | undefined;
  /** The model call at hand, from 1. */
  readonly step: number;
  /** The run's id, as in logs. */
  readonly runId: string;
  /** Aborted when the run stops. */
  readonly signal: AbortSignal;
  /**
   * Everything the run was given: headers, principal, clock, logger. Handed on to a run inside, as
   * `agent.generate(prompt, { context: ctx.run })`, it makes that one stop with this one and use up
   * what this one may use.
   */
  readonly run: RunContext;
}

/** A tool call, for the tool that runs it. */
export interface ToolContext<Deps = unknown> extends StepContext<Deps> {
  /** Failed steps of this tool in a row. */
  readonly retry: number;
  /** Failed steps that are forgiven. */
  readonly maxRetries: number;
  /** Whether another failure ends the run. */
  readonly lastAttempt: boolean;
  /** The call's id, as the model made it. */
  readonly toolCallId: string;
  /** The tool's own name, whatever the model calls it. */
  readonly toolName: string;
  /** Whether someone consented to this call. */
  readonly approved: boolean;
  /**
   * Counts tokens of models that the tool calls by itself, for limits and usage; runs inside, given
   * `run` as context, count by themselves.
   *
   * @throws {RunError} `run-failed` when more were used than allowed
   */
  readonly report: (usage: Usage) => void;
}
