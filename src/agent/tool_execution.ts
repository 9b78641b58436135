/**
 * One call of a hidden tool: check its arguments, run it, say how it ended.
 * @module
 */
import { RunError, SetupError } from "../run/error.ts";
import type { ToolCall } from "../run/request.ts";
import type { StepContext, ToolContext } from "../tools/context.ts";
import { ApprovalRequired, ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { CallScope, TimedOut } from "./call_scope.ts";
import type { Offer } from "./offers.ts";
import {
  DENIED_TEXT,
  issuesText,
  timeoutText,
  toolFailedText,
  toolRetryText,
} from "./retry_text.ts";
import type { RunState } from "./run_state.ts";
import { toolMessage, type ToolResultMessages, toResultMessages } from "./tool_result.ts";

/** How a call ended. */
export interface CallOutcome {
  readonly type: "ok" | "retry" | "failed" | "denied" | "skipped";
  readonly messages: ToolResultMessages;
}

/** A call of a hidden tool in its batch. */
export interface HiddenCall<Deps> {
  readonly call: ToolCall;
  readonly offer: Extract<Offer<Deps>, { type: "hidden" }>;
  readonly ctx: ToolContext<Deps>;
}

/** Checked arguments, or the outcome of arguments that will not do. */
export type CheckedArguments =
  | { readonly ok: true; readonly args: unknown }
  | { readonly ok: false; readonly outcome: CallOutcome };

/** Makes an outcome of text. */
export function textOutcome(
  type: CallOutcome["type"],
  toolCallId: string,
  text: string,
): CallOutcome {
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
  };
}

/**
 * Checks the arguments of a call against schema and validator.
 *
 * @throws {RunError} `internal` when the validator fails
 */
export async function checkArguments<Deps>(
  hidden: HiddenCall<Deps>,
  scope: CallScope,
): Promise<CheckedArguments> {
  const { call, offer: { tool }, ctx } = hidden;
  let raw: unknown;
  try {
    raw = call.arguments === "" ? {} : JSON.parse(call.arguments);
  } catch {
    return refused(call, issuesText([{ path: "", message: "Invalid JSON" }]));
  }
  try {
    const parsed = await tool.parse(raw);
    if (!parsed.ok) return refused(call, issuesText(parsed.issues));
    if (tool.validate) await scope.race(() => tool.validate!(parsed.value, ctx));
    return { ok: true, args: parsed.value };
  } catch (error) {
    if (error instanceof ModelRetry) return refused(call, error.message);
    throw fatal(hidden, error, scope.signal);
  }
}

/**
 * Runs a call whose arguments are checked.
 *
 * @throws {RunError} when the tool throws anything but what is meant for the model
 */
export async function executeTool<Deps>(
  run: RunState<Deps>,
  hidden: HiddenCall<Deps>,
  { args, parent }: { readonly args: unknown; readonly parent: CallScope },
): Promise<CallOutcome> {
  const { call, offer: { tool, timeoutMs } } = hidden;
  const { clock } = run.context;
  try {
    const approved = tool.requiresApproval
      ? await approve(run, hidden, parent)
      : hidden.ctx.approved;
    if (tool.requiresApproval && !approved) return textOutcome("denied", call.id, DENIED_TEXT);
    using scope = new CallScope(parent.signal, { clock, timeoutMs });
    const ctx = { ...hidden.ctx, approved, signal: scope.signal };
    const value = await scope.race(() => tool.execute!(args, ctx));
    return { type: "ok", messages: toResultMessages(call.id, value) };
  } catch (error) {
    if (error instanceof ModelRetry) {
      return textOutcome("retry", call.id, toolRetryText(error.message));
    }
    if (error instanceof TimedOut && timeoutMs !== undefined) {
      return textOutcome("retry", call.id, toolRetryText(timeoutText(timeoutMs)));
    }
    if (error instanceof ToolFailed) {
      return textOutcome("failed", call.id, toolFailedText(error.message));
    }
    if (error instanceof ApprovalRequired) {
      return await approveLate(run, hidden, { args, parent });
    }
    throw fatal(hidden, error, parent.signal);
  }
}

/** A tool that asks for consent while it runs is run again once it has it. */
async function approveLate<Deps>(
  run: RunState<Deps>,
  hidden: HiddenCall<Deps>,
  options: { readonly args: unknown; readonly parent: CallScope },
): Promise<CallOutcome> {
  const { call, offer, ctx } = hidden;
  const denied = textOutcome("denied", call.id, DENIED_TEXT);
  if (ctx.approved || offer.tool.requiresApproval) return denied;
  try {
    if (!await approve(run, hidden, options.parent)) return denied;
  } catch (error) {
    throw fatal(hidden, error, options.parent.signal);
  }
  return await executeTool(run, { ...hidden, ctx: { ...ctx, approved: true } }, options);
}

async function approve<Deps>(
  run: RunState<Deps>,
  { call, ctx }: HiddenCall<Deps>,
  parent: CallScope,
): Promise<boolean> {
  const ask = run.plan.approve;
  return ask ? await parent.race(() => ask(call, ctx)) : false;
}

function refused(call: ToolCall, message: string): CheckedArguments {
  return { ok: false, outcome: textOutcome("retry", call.id, toolRetryText(message)) };
}

/**
 * What ends the run. Always a RunError of our own wording: what a tool throws could otherwise tell
 * the client something.
 */
function fatal<Deps>({ offer }: HiddenCall<Deps>, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof SetupError) return error;
  const message = `Tool "${offer.tool.name}" failed`;
  if (!(error instanceof RunError)) return new RunError("internal", message, { cause: error });
  const { code, retryAfterMs, retryable } = error;
  return new RunError(code, message, { cause: error, retryAfterMs, retryable });
}
