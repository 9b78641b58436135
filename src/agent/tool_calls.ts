/**
 * Runs the calls of one model answer: all arguments are checked before anything runs, hidden tools
 * run in parallel, sequential ones and output tools alone.
 * @module
 */
import type { RunEvent, Trace } from "../run/event.ts";
import type { ToolCall } from "../run/request.ts";
import type { StepContext } from "../tools/context.ts";
import { CallScope } from "./call_scope.ts";
import type { BatchCall, CallBatch } from "./call_batch.ts";
import { type CallOutcome, type HiddenCall, textOutcome } from "./call_outcome.ts";
import { inside } from "./inner_error.ts";
import { checkOutputCall } from "./output_check.ts";
import {
  FINAL_RESULT_TEXT,
  NOT_EXECUTED_TEXT,
  TOOL_LIMIT_TEXT,
  toolRetryText,
} from "./retry_text.ts";
import type { FinalOutput, RunState } from "./run_state.ts";
import { checkArguments, type CheckedArguments } from "./tool_arguments.ts";
import { executeTool } from "./tool_execution.ts";
import { tellLabel } from "./tool_label.ts";

/** The output call that won. */
export interface Winner {
  readonly call: BatchCall<never>["call"];
  readonly output: FinalOutput;
}

type Runnable<Deps> = Extract<BatchCall<Deps>, { readonly type: "hidden" | "output" }>;

/**
 * Runs a batch, yielding what is told as things happen.
 *
 * @returns the final answer, when an output tool's call gave it
 * @throws {RunError} `run-failed` when a limit or a retry budget is exceeded, before anything runs
 *   where that is known before; whatever a tool threw
 */
export async function* runCalls<Deps>(
  run: RunState<Deps>,
  batch: CallBatch<Deps>,
  ctx: StepContext<Deps>,
): AsyncGenerator<RunEvent, Winner | undefined> {
  const { budget } = run;
  const granted = Math.min(budget.wantedToolCalls, batch.of("hidden").length);
  budget.takeToolCalls(granted);
  using scope = new CallScope(run.signal, { clock: run.context.clock });
  const runner = new BatchRunner(run, batch, { ctx, scope, granted });
  const work = runner.runAll();
  let finished = false;
  try {
    yield* run.asides.during(work);
    await work;
    finished = true;
  } finally {
    if (!finished) scope.abort(new Error("Batch was given up"));
    budget.returnToolCalls(granted - runner.succeeded);
  }
  return runner.winner;
}

class BatchRunner<Deps> {
  winner: Winner | undefined;
  /** Hidden calls that came to something; those that code made among them are not counted here. */
  succeeded = 0;
  readonly #run: RunState<Deps>;
  readonly #batch: CallBatch<Deps>;
  readonly #ctx: StepContext<Deps>;
  readonly #scope: CallScope;
  /** Hidden calls that may run; the model is told to do without the others. */
  readonly #granted: number;
  /** Labels that were told. */
  readonly #told = new Set<string>();
  /** Calls whose arguments will do. */
  readonly #checked = new Map<ToolCall, Extract<CheckedArguments<Deps>, { readonly ok: true }>>();

  constructor(
    run: RunState<Deps>,
    batch: CallBatch<Deps>,
    { ctx, scope, granted }: {
      readonly ctx: StepContext<Deps>;
      readonly scope: CallScope;
      readonly granted: number;
    },
  ) {
    this.#run = run;
    this.#batch = batch;
    this.#ctx = ctx;
    this.#scope = scope;
    this.#granted = granted;
  }

  async runAll(): Promise<void> {
    this.#batch.settleUnknown();
    await this.#checkArguments();
    const early = this.#run.plan.endStrategy === "early";
    if (early) {
      for (const entry of this.#batch.of("output")) await this.#runOutput(entry);
    }
    if (early && this.winner) {
      for (const { call } of this.#batch.of("hidden")) {
        this.#batch.mark(call, "skipped", NOT_EXECUTED_TEXT);
      }
      return;
    }
    for (const group of this.#groups(!early)) {
      await this.#runGroup(group);
    }
  }

  async #checkArguments(): Promise<void> {
    for (const [index, entry] of this.#batch.of("hidden").entries()) {
      const { call, offer } = entry;
      this.#trace({ kind: "tool-call", id: call.id, name: offer.tool.name });
      if (index >= this.#granted) {
        this.#settleHidden(entry, textOutcome("retry", call.id, TOOL_LIMIT_TEXT), 0);
        continue;
      }
      const checked = await checkArguments(this.#run, entry, this.#scope);
      if (checked.ok) this.#checked.set(call, checked);
      else this.#settleHidden(entry, checked.outcome, 0);
    }
  }

  /** What runs together: hidden calls side by side, sequential ones and outputs by themselves. */
  #groups(withOutputs: boolean): Runnable<Deps>[][] {
    const groups: Runnable<Deps>[][] = [];
    let together: Runnable<Deps>[] | undefined;
    for (const entry of this.#batch.calls) {
      if (entry.type !== "output" && entry.type !== "hidden") continue;
      const runs = entry.type === "output" ? withOutputs : this.#checked.has(entry.call);
      if (!runs) continue;
      if (entry.type === "output" || entry.offer.tool.sequential) {
        groups.push([entry]);
        together = undefined;
      } else if (together) {
        together.push(entry);
      } else {
        groups.push(together = [entry]);
      }
    }
    return groups;
  }

  async #runGroup(group: readonly Runnable<Deps>[]): Promise<void> {
    const work = group.map((entry) =>
      entry.type === "output" ? this.#runOutput(entry) : this.#runHidden(entry)
    );
    try {
      await Promise.all(work);
    } catch (error) {
      // The others are told to stop, and have stopped before the run ends.
      this.#scope.abort(error);
      await Promise.allSettled(work);
      throw error;
    }
  }

  async #runHidden(entry: HiddenCall<Deps>): Promise<void> {
    const { clock } = this.#run.context;
    const startedAt = clock.now();
    const { hidden, args } = this.#checked.get(entry.call)!;
    const outcome = await executeTool(this.#run, hidden, {
      args,
      parent: this.#scope,
      onBegin: () => {
        this.#batch.watcher?.onBegin(entry.call);
        tellLabel(this.#run, entry.offer.tool.label, this.#told);
      },
    });
    if (outcome.type === "ok") {
      this.succeeded += 1;
      this.#run.toolCalls += 1;
    }
    this.#settleHidden(entry, outcome, clock.now() - startedAt);
  }

  async #runOutput({ call, offer }: Extract<BatchCall<Deps>, { type: "output" }>): Promise<void> {
    if (this.winner && this.#run.plan.endStrategy !== "exhaustive") {
      this.#batch.mark(call, "skipped", NOT_EXECUTED_TEXT);
      return;
    }
    const outcome = await inside(
      checkOutputCall(this.#run.pipeline, offer.tool, { args: call.arguments, ctx: this.#ctx }),
      this.#scope.signal,
    );
    if (outcome.ok) {
      this.#batch.mark(call, "ok", FINAL_RESULT_TEXT);
      this.winner ??= { call, output: outcome };
    } else if (this.winner) {
      this.#batch.mark(call, "skipped", toolRetryText(outcome.feedback));
    } else {
      const retry = textOutcome("retry", call.id, toolRetryText(outcome.feedback));
      this.#batch.settle(call, retry, offer.maxRetries);
    }
  }

  #settleHidden(
    { call, offer }: HiddenCall<Deps>,
    outcome: CallOutcome,
    durationMs: number,
  ): void {
    if (outcome.type !== "skipped" && outcome.type !== "awaiting") {
      this.#trace({
        kind: "tool-result",
        id: call.id,
        name: offer.tool.name,
        outcome: outcome.type,
        durationMs,
      });
    }
    this.#batch.settle(call, outcome, offer.maxRetries);
  }

  #trace(trace: Trace["trace"]): void {
    this.#run.asides.push({ type: "trace", trace });
  }
}
