/**
 * Consent to calls of hidden tools.
 * @module
 */
import type { ApprovalPrompt } from "../tools/approval.ts";
import { type CallOutcome, type HiddenCall, textOutcome } from "./call_outcome.ts";
import type { CallScope } from "./call_scope.ts";
import { DENIED_TEXT, NOBODY_TO_ASK_TEXT } from "./retry_text.ts";
import type { RunState } from "./run_state.ts";

/** Asked where neither tool nor agent has words of its own. */
const DEFAULT_PROMPT: ApprovalPrompt = {
  label: "Approval",
  text: "The assistant asks for your consent to go on.",
};

/** The outcome of asking for consent; undefined when it was given. */
export type Refusal = CallOutcome | undefined;

/**
 * Asks whoever there is to ask.
 *
 * @param options `prompt`: what is asked, where the call itself says it
 * @returns what becomes of the call without consent: it is denied, or waits for the client
 */
export async function askConsent<Deps>(
  run: RunState<Deps>,
  { call, ctx, offer: { tool } }: HiddenCall<Deps>,
  { scope, prompt }: { readonly scope: CallScope; readonly prompt?: ApprovalPrompt },
): Promise<Refusal> {
  const { approve, approval, approvalPrompt } = run.plan;
  if (approve) {
    const consents = await scope.race(() => approve(call, ctx));
    return consents ? undefined : textOutcome("denied", call.id, DENIED_TEXT);
  }
  if (approval === "client" && run.request.approvals) {
    return {
      type: "awaiting",
      prompt: prompt ?? tool.approvalPrompt ?? approvalPrompt ?? DEFAULT_PROMPT,
    };
  }
  return textOutcome("denied", call.id, NOBODY_TO_ASK_TEXT);
}

/** The same call with someone's consent. */
export function approved<Deps>(hidden: HiddenCall<Deps>): HiddenCall<Deps> {
  return { ...hidden, ctx: { ...hidden.ctx, approved: true } };
}
