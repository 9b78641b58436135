/**
 * One call of a hidden tool: run it, say how it ended.
 * @module
 */
import type { ApprovalPrompt } from "../tools/approval.ts";
import type { ToolContext } from "../tools/context.ts";
import { ApprovalRequired } from "../tools/outcome.ts";
import {
  type CallOutcome,
  fatal,
  type HiddenCall,
  hookedCall,
  textOutcome,
  thrownOutcome,
} from "./call_outcome.ts";
import { CallScope, TimedOut } from "./call_scope.ts";
import { DENIED_TEXT, timeoutText, toolRetryText } from "./retry_text.ts";
import type { RunState } from "./run_state.ts";
import { approved, askConsent, type Refusal } from "./tool_approval.ts";
import { toResultMessages } from "./tool_result.ts";

/** What a call is run with. */
interface Execution {
  /** Checked arguments. */
  readonly args: unknown;
  readonly parent: CallScope;
  /** Called whenever the tool begins. */
  readonly onBegin: () => void;
}

/** What a tool returned, before it is told to the model. */
export interface ToolReturn {
  readonly type: "value";
  readonly value: unknown;
}

/**
 * Runs a call whose arguments are checked, with all hooks around that.
 *
 * @throws {RunError} when the tool or a hook throws anything but what is meant for the model
 */
export async function executeTool<Deps>(
  run: RunState<Deps>,
  hidden: HiddenCall<Deps>,
  execution: Execution,
): Promise<CallOutcome> {
  const result = await callTool(run, hidden, execution);
  if (result.type !== "value") return result;
  const { profile } = run.plan.model;
  return { type: "ok", messages: toResultMessages(hidden.call.id, result.value, { profile }) };
}

/**
 * The same, for whoever has use for the value itself.
 *
 * @throws {RunError} as `executeTool` does
 */
export async function callTool<Deps>(
  run: RunState<Deps>,
  hidden: HiddenCall<Deps>,
  execution: Execution,
): Promise<CallOutcome | ToolReturn> {
  const { args, parent } = execution;
  const { call, ctx, offer: { tool, timeoutMs } } = hidden;
  let over = false;
  try {
    if (tool.requiresApproval && !ctx.approved) {
      const refusal = await askConsent(run, hidden, { scope: parent });
      if (refusal) return refusal;
    }
    const consented = tool.requiresApproval === true || ctx.approved;
    const { toolExecute } = run.plan.hooks;
    const value = toolExecute
      ? await parent.race(() =>
        toolExecute(
          { ...ctx, approved: consented, signal: parent.signal },
          hookedCall(hidden, args),
          async (changed) => {
            const result = await runTool(run, hidden, { ...execution, args: changed, consented });
            over = true;
            return result;
          },
        )
      )
      : await runTool(run, hidden, { ...execution, consented });
    return { type: "value", value };
  } catch (error) {
    const outcome = thrownOutcome(call, error);
    if (outcome) return outcome;
    if (error instanceof TimedOut && timeoutMs !== undefined) {
      return textOutcome("retry", call.id, toolRetryText(timeoutText(timeoutMs)));
    }
    // Once the tool has run, consent comes too late, and must not make it run again.
    if (error instanceof ApprovalRequired && !over) {
      return await approveLate(run, hidden, { ...execution, prompt: error.prompt });
    }
    throw fatal(hidden, error, parent.signal);
  }
}

async function runTool<Deps>(
  run: RunState<Deps>,
  { ctx, offer: { tool, timeoutMs } }: HiddenCall<Deps>,
  { args, parent, onBegin, consented }: Execution & { readonly consented: boolean },
): Promise<unknown> {
  using scope = new CallScope(parent.signal, { clock: run.context.clock, timeoutMs });
  const { signal } = scope;
  const callCtx: ToolContext<Deps> = {
    ...ctx,
    approved: consented,
    signal,
    // What the call starts inside ends with it.
    get run() {
      return { ...ctx.run, signal };
    },
  };
  return await scope.race(() => {
    onBegin();
    return tool.execute!(args, callCtx);
  });
}

/** A tool or hook that asks for consent while it runs is run again once it has it. */
async function approveLate<Deps>(
  run: RunState<Deps>,
  hidden: HiddenCall<Deps>,
  { prompt, ...execution }: Execution & { readonly prompt: ApprovalPrompt | undefined },
): Promise<CallOutcome | ToolReturn> {
  const { call, offer, ctx } = hidden;
  if (ctx.approved || offer.tool.requiresApproval) {
    return textOutcome("denied", call.id, DENIED_TEXT);
  }
  const scope = execution.parent;
  let refusal: Refusal;
  try {
    refusal = await askConsent(run, hidden, { scope, prompt });
  } catch (error) {
    throw fatal(hidden, error, scope.signal);
  }
  return refusal ?? await callTool(run, approved(hidden), execution);
}
