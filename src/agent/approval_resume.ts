/**
 * Calls that waited for the client's consent, when the client is back with its answer.
 *
 * What runs is what was parked; of the client's own words only the answer counts, and of several
 * answers the first. Each call is begun once, however often its answer is sent: regenerated answers
 * and branches find its result.
 *
 * @module
 */
import type { RunEvent } from "../run/event.ts";
import { ApprovalLedger } from "./approval_ledger.ts";
import { type BatchCall, CallBatch } from "./call_batch.ts";
import { toolContext } from "./call_outcome.ts";
import { codeTools } from "./code_tools.ts";
import { inside } from "./inner_error.ts";
import type { HiddenTool } from "./offers.ts";
import { GONE_TOOL_TEXT } from "./retry_text.ts";
import type { RunState } from "./run_state.ts";
import { fixedHiddenTools, preparedHiddenTools, stepToolsets } from "./step_tools.ts";
import { approved } from "./tool_approval.ts";
import { runCalls } from "./tool_calls.ts";

/**
 * Runs what was consented to and puts the results, and the refusals, into the history.
 *
 * @throws {RunError} as tools do
 */
export async function* resumeApprovals<Deps>(run: RunState<Deps>): AsyncGenerator<RunEvent> {
  const { answered } = run;
  if (answered.length === 0) return;
  const ctx = run.view();
  const offered = await inside(hiddenTools(run), run.signal);
  // The one that runs code may have been asked about, too.
  const tools = [...codeTools(run, offered, ctx), ...offered];
  const ledger = new ApprovalLedger(run.context);
  try {
    const calls: BatchCall<Deps>[] = [];
    for (const awaited of answered) {
      if (!await inside(ledger.begin(awaited), run.signal)) continue;
      const { call, tool } = awaited;
      const offer = tools.find((hidden) => hidden.definition.name === tool)?.offer;
      if (offer?.type === "hidden") {
        const hidden = approved({ call, offer, ctx: toolContext(run, ctx, { call, offer }) });
        calls.push({ type: "hidden", ...hidden });
      } else {
        ledger.end(call, GONE_TOOL_TEXT);
      }
    }
    const batch = new CallBatch(run, calls, { watcher: ledger });
    yield* runCalls(run, batch, ctx);
    batch.countRetries();
  } finally {
    await ledger.close(run.signal);
  }
  const history = [...run.history];
  // From the last to the first, so that places stay what they are.
  for (const { call, index } of answered.toReversed()) {
    history.splice(index, 0, ...ledger.resultOf(call));
  }
  run.history = history;
}

async function hiddenTools<Deps>(run: RunState<Deps>): Promise<readonly HiddenTool<Deps>[]> {
  const { plan } = run;
  if (plan.fixedTools) return plan.cache.hidden ??= fixedHiddenTools(plan, plan.fixedTools);
  const ctx = run.view();
  return await preparedHiddenTools(plan, await stepToolsets(run.toolsets, ctx), ctx);
}
