/**
 * The arguments of one call of a hidden tool, before anything runs.
 * @module
 */
import type { ApprovalPrompt } from "../tools/approval.ts";
import { SchemaMismatch } from "../tools/schema.ts";
import { ApprovalRequired } from "../tools/outcome.ts";
import {
  type CallOutcome,
  fatal,
  type HiddenCall,
  hookedCall,
  textOutcome,
  thrownOutcome,
} from "./call_outcome.ts";
import type { CallScope } from "./call_scope.ts";
import { DENIED_TEXT, issuesText, toolRetryText } from "./retry_text.ts";
import type { RunState } from "./run_state.ts";
import { approved, askConsent, type Refusal } from "./tool_approval.ts";

/** Checked arguments, or the outcome of arguments that will not do. */
export type CheckedArguments<Deps> =
  | { readonly ok: true; readonly hidden: HiddenCall<Deps>; readonly args: unknown }
  | { readonly ok: false; readonly outcome: CallOutcome };

/**
 * Checks the arguments of a call against schema and validator, with all hooks around that.
 *
 * @returns on success the call to go on with, which may have got consent on the way
 * @throws {RunError} `internal` when validator or hooks fail
 */
export async function checkArguments<Deps>(
  run: RunState<Deps>,
  hidden: HiddenCall<Deps>,
  scope: CallScope,
): Promise<CheckedArguments<Deps>> {
  const { call, ctx } = hidden;
  let raw: unknown;
  try {
    raw = call.arguments === "" ? {} : JSON.parse(call.arguments);
  } catch {
    return refused(hidden, new SchemaMismatch([{ path: "", message: "Invalid JSON" }]));
  }
  const { toolValidate } = run.plan.hooks;
  try {
    const args = toolValidate
      ? await scope.race(() =>
        toolValidate(
          { ...ctx, signal: scope.signal },
          hookedCall(hidden, raw),
          (changed) => check(hidden, changed, scope),
        )
      )
      : await check(hidden, raw, scope);
    return { ok: true, hidden, args };
  } catch (error) {
    if (error instanceof SchemaMismatch) return refused(hidden, error);
    if (error instanceof ApprovalRequired) {
      return await askAndCheck(run, hidden, { scope, prompt: error.prompt });
    }
    const outcome = thrownOutcome(call, error);
    if (outcome) return { ok: false, outcome };
    throw fatal(hidden, error, scope.signal);
  }
}

async function check<Deps>(
  { offer: { tool }, ctx }: HiddenCall<Deps>,
  args: unknown,
  scope: CallScope,
): Promise<unknown> {
  const result = tool.parse(args);
  const parsed = result instanceof Promise ? await scope.race(() => result) : result;
  if (!parsed.ok) throw new SchemaMismatch(parsed.issues);
  if (tool.validate) await scope.race(() => tool.validate!(parsed.value, ctx));
  return parsed.value;
}

/** A call that its validator or a hook wants consent to is checked again once it has it. */
async function askAndCheck<Deps>(
  run: RunState<Deps>,
  hidden: HiddenCall<Deps>,
  question: { readonly scope: CallScope; readonly prompt: ApprovalPrompt | undefined },
): Promise<CheckedArguments<Deps>> {
  const { scope } = question;
  if (hidden.ctx.approved) {
    return { ok: false, outcome: textOutcome("denied", hidden.call.id, DENIED_TEXT) };
  }
  let refusal: Refusal;
  try {
    refusal = await askConsent(run, hidden, question);
  } catch (error) {
    throw fatal(hidden, error, scope.signal);
  }
  if (refusal) return { ok: false, outcome: refusal };
  return await checkArguments(run, approved(hidden), scope);
}

function refused<Deps>(
  { call }: HiddenCall<Deps>,
  { issues }: SchemaMismatch,
): CheckedArguments<Deps> {
  const text = toolRetryText(issuesText(issues));
  return { ok: false, outcome: textOutcome("retry", call.id, text) };
}
