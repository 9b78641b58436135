/**
 * A stretch of a workflow's work, with its duration.
 * @module
 */
import type { Clock } from "../run/seams.ts";

/**
 * Measures a stretch of work from its making to its disposal.
 *
 * @example
 * ```ts
 * import { AgenticWorkflow } from "@x/fakellm";
 *
 * const workflow = new AgenticWorkflow(async (request) => {
 *   await using _span = request.span("Reading the archive");
 *   return await Promise.resolve("Nothing found");
 * });
 * ```
 */
export class WorkflowSpan implements AsyncDisposable, Disposable {
  /** What the work is, as the author calls it. */
  readonly label: string;
  readonly #clock: Clock;
  readonly #onEnd: (span: WorkflowSpan) => void;
  readonly #startedMs: number;
  #endedMs: number | undefined;

  /**
   * Begins now.
   *
   * @param options `clock`: what measures; `onEnd`: told once that the work is over
   */
  constructor(
    label: string,
    options: { readonly clock: Clock; readonly onEnd: (span: WorkflowSpan) => void },
  ) {
    this.label = label;
    this.#clock = options.clock;
    this.#onEnd = options.onEnd;
    this.#startedMs = options.clock.now();
  }

  /** Milliseconds the work took, or has taken so far. */
  get elapsedMs(): number {
    return (this.#endedMs ?? this.#clock.now()) - this.#startedMs;
  }

  /** The work is over. Idempotent. */
  [Symbol.dispose](): void {
    if (this.#endedMs !== undefined) return;
    this.#endedMs = this.#clock.now();
    this.#onEnd(this);
  }

  /** The work is over. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }
}
