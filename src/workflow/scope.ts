/**
 * What belongs to one run of a workflow and ends with it.
 * @module
 */
import { RunBudget } from "../run/budget.ts";
import type { RunEvent, UsageReport } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import { ReasoningWriter } from "./reasoning.ts";
import type { WorkflowSpan } from "./span.ts";

/** Stops what workflow code started, and passes on what it uses, tells and measures. */
export class RunScope {
  /** Takes what workflow code tells; undefined where no client would see it. */
  readonly reasoning: ReasoningWriter | undefined;
  /** What inner runs may use together; undefined: as much as each may by itself. */
  readonly budget: RunBudget | undefined;
  readonly #context: RunContext;
  readonly #emit: (event: RunEvent) => void;
  #controller: AbortController | undefined;
  #closed: (() => unknown) | undefined;

  /** Takes the run's request and context, and where its events go. */
  constructor(request: RunRequest, context: RunContext, emit: (event: RunEvent) => void) {
    const { maxToolCalls: wantedToolCalls } = request;
    this.budget = wantedToolCalls === undefined
      ? context.budget
      : new RunBudget({}, { parent: context.budget, wantedToolCalls });
    this.#context = context;
    this.#emit = emit;
    if (context.reasoning) this.reasoning = new ReasoningWriter(context.reasoning, emit);
  }

  /** Aborted when the run ends in whatever way. Made at first use: most workflows never look. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#closed) this.#controller.abort(this.#closed());
    }
    return this.#controller.signal;
  }

  /** Told the tokens of each inner model call. Bound. */
  readonly report = (usage: UsageReport): void => {
    this.#emit(usage);
  };

  /** Told that a span is over. Bound. */
  readonly onSpanEnd = ({ label, elapsedMs: durationMs }: WorkflowSpan): void => {
    this.#emit({ type: "trace", trace: { kind: "span", label, durationMs } });
    const { logger, runId } = this.#context;
    logger.log("debug", "workflow span", { requestId: runId, label, durationMs });
  };

  /** Ends the run; only the first reason counts, and it is made only if somebody may look. */
  close(reason: () => unknown): void {
    if (this.#closed) return;
    this.#closed = reason;
    this.#controller?.abort(reason());
  }
}
