/**
 * What belongs to one run of a workflow and ends with it.
 * @module
 */
import type { Usage } from "../run/result.ts";

/** Stops what workflow code started, and gathers what it used. */
export class RunScope {
  /** Told the tokens of each inner model call. */
  readonly report: (usage: Usage) => void;
  #controller: AbortController | undefined;
  #closed: (() => unknown) | undefined;

  /** Takes whom to tell the tokens of each inner model call. */
  constructor(report: (usage: Usage) => void) {
    this.report = report;
  }

  /** Aborted when the run ends in whatever way. Made at first use: most workflows never look. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#closed) this.#controller.abort(this.#closed());
    }
    return this.#controller.signal;
  }

  /** Ends the run; only the first reason counts, and it is made only if somebody may look. */
  close(reason: () => unknown): void {
    if (this.#closed) return;
    this.#closed = reason;
    this.#controller?.abort(reason());
  }
}
