/**
 * Calls that waited for the client's consent, when the client is back with its answer.
 *
 * What runs is what was parked; of the client's own words only the answer counts. Each call is begun
 * once, however often its answer is sent: regenerated answers and branches find its result.
 *
 * @module
 */
import type { RunEvent } from "../run/event.ts";
import type { Message } from "../run/request.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { type BatchCall, CallBatch } from "./call_batch.ts";
import { toolContext } from "./call_outcome.ts";
import { inside } from "./inner_error.ts";
import type { HiddenTool } from "./offers.ts";
import type { AnsweredApproval } from "./resume.ts";
import { deniedText, GONE_TOOL_TEXT, UNKNOWN_RESULT_TEXT } from "./retry_text.ts";
import type { RunState } from "./run_state.ts";
import { fixedHiddenTools, preparedHiddenTools, stepToolsets } from "./step_tools.ts";
import { approved } from "./tool_approval.ts";
import { runCalls } from "./tool_calls.ts";
import { inCallOrder, toolMessage } from "./tool_result.ts";

/**
 * Runs what was consented to and puts the results, and the refusals, into the history.
 *
 * @throws {RunError} as tools do
 */
export async function* resumeApprovals<Deps>(run: RunState<Deps>): AsyncGenerator<RunEvent> {
  const { answered } = run;
  if (answered.length === 0) return;
  const ctx = run.view();
  const tools = await inside(hiddenTools(run), run.signal);
  const results = new Map<AnsweredApproval, readonly Message[]>();
  const begun: { readonly awaited: AnsweredApproval; readonly entry: BatchCall<Deps> }[] = [];
  for (const awaited of answered) {
    const { call, tool, answer } = awaited;
    const known = answer.approve
      ? await inside(beginOnce(run, awaited), run.signal)
      : [toolMessage(call.id, deniedText(answer.reason))];
    const offer = tools.find((hidden) => hidden.definition.name === tool)?.offer;
    if (known) results.set(awaited, known);
    else if (offer?.type !== "hidden") {
      results.set(awaited, [toolMessage(call.id, GONE_TOOL_TEXT)]);
    } else {
      const hidden = approved({ call, offer, ctx: toolContext(run, ctx, { call, offer }) });
      begun.push({ awaited, entry: { type: "hidden", ...hidden } });
    }
  }
  const batch = new CallBatch(run, begun.map(({ entry }) => entry));
  yield* runCalls(run, batch, ctx);
  for (const { awaited, entry } of begun) {
    const outcome = batch.outcomeOf(entry.call);
    const messages = outcome ? inCallOrder([outcome.messages]) : [];
    results.set(awaited, messages);
    const { turns, principal } = run.context;
    await inside(turns.settle(principal.tenant, awaited.answer.id, messages), run.signal);
  }
  run.history = withResults(run.history, results);
}

/** Begins a call, or finds what became of it; undefined for whoever begins it. */
async function beginOnce<Deps>(
  { context, signal }: RunState<Deps>,
  { call, answer }: AnsweredApproval,
): Promise<readonly Message[] | undefined> {
  const { turns, principal } = context;
  const begun = await untilAborted(turns.begin(principal.tenant, answer.id), signal);
  return begun && (begun.messages ?? [toolMessage(call.id, UNKNOWN_RESULT_TEXT)]);
}

async function hiddenTools<Deps>(run: RunState<Deps>): Promise<readonly HiddenTool<Deps>[]> {
  const { plan } = run;
  if (plan.fixedTools) return plan.cache.hidden ??= fixedHiddenTools(plan, plan.fixedTools);
  const ctx = run.view();
  return await preparedHiddenTools(plan, await stepToolsets(run.toolsets, ctx), ctx);
}

/** Each result goes right behind the turn that its call is in. */
function withResults(
  history: readonly Message[],
  results: ReadonlyMap<AnsweredApproval, readonly Message[]>,
): readonly Message[] {
  const placed = [...history];
  const lastFirst = [...results].sort(([a], [b]) => b.index - a.index);
  for (const [{ index }, messages] of lastFirst) placed.splice(index, 0, ...messages);
  return placed;
}
