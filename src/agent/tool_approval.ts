/**
 * Consent to calls of hidden tools.
 * @module
 */
import type { HiddenCall } from "./call_outcome.ts";
import type { CallScope } from "./call_scope.ts";
import type { RunState } from "./run_state.ts";

/** Asks for consent to a call; without anyone to ask there is none. */
export async function approve<Deps>(
  run: RunState<Deps>,
  { call, ctx }: HiddenCall<Deps>,
  scope: CallScope,
): Promise<boolean> {
  const ask = run.plan.approve;
  return ask ? await scope.race(() => ask(call, ctx)) : false;
}

/** The same call with someone's consent. */
export function approved<Deps>(hidden: HiddenCall<Deps>): HiddenCall<Deps> {
  return { ...hidden, ctx: { ...hidden.ctx, approved: true } };
}
