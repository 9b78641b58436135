/**
 * A call of a hidden tool, and how it ended.
 * @module
 */
import { RunError, SetupError } from "../run/error.ts";
import type { ToolCall } from "../run/request.ts";
import type { ApprovalPrompt } from "../tools/approval.ts";
import type { StepContext, ToolContext } from "../tools/context.ts";
import type { HookedToolCall } from "../tools/hooks.ts";
import { ModelRetry, ToolFailed } from "../tools/outcome.ts";
import type { Offer } from "./offers.ts";
import { toolFailedText, toolRetryText } from "./retry_text.ts";
import type { RunState } from "./run_state.ts";
import { toolMessage, type ToolResultMessages } from "./tool_result.ts";

/** How a call ended, for the model. */
export interface SettledOutcome {
  readonly type: "ok" | "retry" | "failed" | "denied" | "skipped";
  readonly messages: ToolResultMessages;
}

/** How a call ended, or that it waits for the client's consent. */
export type CallOutcome =
  | SettledOutcome
  | { readonly type: "awaiting"; readonly prompt: ApprovalPrompt };

/** A call of a hidden tool in its batch. */
export interface HiddenCall<Deps> {
  readonly call: ToolCall;
  readonly offer: Extract<Offer<Deps>, { type: "hidden" }>;
  readonly ctx: ToolContext<Deps>;
}

/** Makes an outcome of text. */
export function textOutcome(
  type: SettledOutcome["type"],
  toolCallId: string,
  text: string,
): SettledOutcome {
  return { type, messages: { result: toolMessage(toolCallId, text), files: [] } };
}

/** What a tool is told of the call at hand. */
export function toolContext<Deps>(
  run: RunState<Deps>,
  step: StepContext<Deps>,
  { call, offer }: Pick<HiddenCall<Deps>, "call" | "offer">,
): ToolContext<Deps> {
  const retry = run.retriesOf(call.name);
  return {
    ...step,
    retry,
    maxRetries: offer.maxRetries,
    lastAttempt: retry >= offer.maxRetries,
    toolCallId: call.id,
    toolName: offer.tool.name,
    approved: false,
    report: (usage) => run.budget.addInnerUsage(usage),
  };
}

/** A call as hooks see it. */
export function hookedCall<Deps>(
  { call, offer }: HiddenCall<Deps>,
  args: unknown,
): HookedToolCall {
  const { definition, tool } = offer;
  return { call, definition, ownName: tool.ownName ?? tool.name, args };
}

/** The outcome that code meant by what it threw; undefined when it meant none. */
export function thrownOutcome(call: ToolCall, error: unknown): SettledOutcome | undefined {
  if (error instanceof ModelRetry) {
    return textOutcome("retry", call.id, toolRetryText(error.message));
  }
  if (error instanceof ToolFailed) {
    return textOutcome("failed", call.id, toolFailedText(error.message));
  }
  return undefined;
}

/**
 * What ends the run. Always a RunError of our own wording: what a tool or a hook throws could
 * otherwise tell the client something.
 */
export function fatal<Deps>(
  { offer }: HiddenCall<Deps>,
  error: unknown,
  signal: AbortSignal,
): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof SetupError) return error;
  const message = `Tool "${offer.tool.name}" failed`;
  if (!(error instanceof RunError)) return new RunError("internal", message, { cause: error });
  const { code, retryAfterMs, retryable } = error;
  return new RunError(code, message, { cause: error, retryAfterMs, retryable });
}
