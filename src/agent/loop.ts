/**
 * The run loop.
 * @module
 */
import type { RunEvent } from "../run/event.ts";
import { NO_USAGE } from "../run/result.ts";
import { resumeApprovals } from "./approval_resume.ts";
import { HookedModelCall } from "./hooked_model_call.ts";
import { inside, insideError } from "./inner_error.ts";
import { nextStep } from "./model_call.ts";
import { ModelReader } from "./model_reader.ts";
import { prepareRun } from "./prepare_run.ts";
import type { RunState } from "./run_state.ts";
import { settleAnswer, settleCalls } from "./settle.ts";

/**
 * Calls the model, runs what it calls, and again, until there is an answer.
 *
 * @param start makes the run at the first `next()`; before that nothing happens
 * @throws {RequestError} when the caller asked for what cannot be done, before anything is paid for
 * @throws {RunError} when the run failed
 */
export async function* runLoop<Deps>(start: () => RunState<Deps>): AsyncGenerator<RunEvent> {
  const run = start();
  const { plan, context, signal } = run;
  try {
    await prepareRun(run);
    yield* resumeApprovals(run);
    for (;;) {
      const made = await inside(nextStep(run), signal);
      yield* run.asides.drain();
      yield {
        type: "trace",
        trace: { kind: "model-call", step: run.modelCalls + 1, model: plan.model.name },
      };
      const reader = new ModelReader(run.textMode === "pass");
      const { modelRequest } = plan.hooks;
      const hooked = modelRequest && new HookedModelCall(run, modelRequest, { step: made, reader });
      for await (
        const event of hooked ??
          plan.model.call(made.request, { signal, logger: context.logger })
      ) {
        // The common case passes without another look: one event in, the same event out.
        if (event.type === "text-delta" && reader.textOpen) {
          reader.text += event.text;
          yield event;
          continue;
        }
        for (const out of reader.take(event)) yield out;
      }
      // Some backends end their stream without a word when it is aborted.
      signal.throwIfAborted();
      if (!reader.usage) yield { type: "usage", usage: NO_USAGE };
      run.countModelCall(reader.usageOrNone);
      const step = hooked?.step ?? made;
      if (hooked && await hooked.isRefused()) {
        yield* reader.closeText("interim");
      } else if (reader.toolCalls.length > 0) {
        if (yield* settleCalls(run, step, reader)) return;
      } else {
        const last = await inside(settleAnswer(run, step, reader), signal);
        yield* run.asides.drain();
        if (last) {
          yield* last;
          return;
        }
      }
      signal.throwIfAborted();
    }
  } catch (error) {
    // What was used inside was used, whatever came of it.
    for (const event of run.asides.drain()) if (event.type === "usage") yield event;
    // A model may refuse what a client sent it, but not aloud what a hidden tool made.
    throw run.hasHiddenContent ? insideError(error) : error;
  } finally {
    if (!run.keptOpen) await run.close();
  }
}
