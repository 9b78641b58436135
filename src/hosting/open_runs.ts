/**
 * What is going on at the moment, so that it can be waited for and stopped.
 * @module
 */
import type { Logger } from "../run/seams.ts";

/** Something that can be told to stop. */
export interface Abortable {
  /** Stops it; `reason` is what its failure is reported as. */
  abort(reason: unknown): void;
}

/** Open runs and background work of an app. */
export class OpenRuns {
  readonly #open = new Set<Abortable>();
  readonly #background = new Set<Promise<void>>();
  readonly #logger: Logger;
  #waiting: (() => void)[] = [];

  /**
   * Nothing is open yet.
   *
   * @param logger told of background work that failed
   */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Number of runs and background promises. */
  get size(): number {
    return this.#open.size + this.#background.size;
  }

  /** A run began. */
  add(run: Abortable): void {
    this.#open.add(run);
  }

  /** A run is over. */
  delete(run: Abortable): void {
    this.#open.delete(run);
    this.#wake();
  }

  /**
   * Follows work that nobody awaits. Its failure is logged.
   *
   * @param what names the work in the log
   */
  track(work: PromiseLike<unknown> | undefined, what: string): void {
    if (!work) return;
    const followed: Promise<void> = Promise.resolve(work).then(
      () => {},
      (error: unknown) => {
        const detail = error instanceof Error ? error.message : String(error);
        this.#logger.log("warn", "background work failed", { what, detail });
      },
    ).then(() => {
      this.#background.delete(followed);
      this.#wake();
    });
    this.#background.add(followed);
  }

  /** Tells every open run to stop. */
  abortAll(reason: unknown): void {
    for (const run of this.#open) run.abort(reason);
  }

  /** Resolves once nothing is open and no background work is left. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    if (this.size > 0 || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
