/**
 * The events of a run as a stream pulls them, and the wait for the first of them.
 * @module
 */
import type { RunEvent } from "../run/event.ts";
import { GrammarError } from "../run/grammar.ts";

type Next = Promise<IteratorResult<RunEvent>>;

/** One run, begun by the wait for its first sign or by its first `next`. */
export class PulledRun {
  readonly #start: () => AsyncIterable<RunEvent>;
  #events: AsyncIterator<RunEvent> | undefined;
  /** Ends the wait for the first sign; undefined while nobody waits. */
  #release: (() => void) | undefined;
  /** The first sign, until it is taken. */
  #first: RunEvent | undefined;
  /** A `next()` that the wait left behind. */
  #pending: Next | undefined;

  /**
   * Prepares the run.
   *
   * @param start begins it; called once
   */
  constructor(start: () => AsyncIterable<RunEvent>) {
    this.#start = start;
  }

  /** Whether somebody waits for the first sign. */
  get waiting(): boolean {
    return this.#release !== undefined;
  }

  /**
   * Begins the run and waits for its first sign of an answer, or until `release`. Rejects with what
   * the run throws by then.
   *
   * @throws {GrammarError} when the run ends without an answer
   */
  async firstSign(): Promise<void> {
    try {
      const events = this.#begun();
      for (;;) {
        const next = events.next();
        const result = await this.#held(next);
        if (result === undefined) {
          this.#pending = next;
          return;
        }
        if (result.done) throw new GrammarError("Events ended without finish");
        const event = result.value;
        // A trace tells that the model is asked, not that it answers.
        if (event.type === "trace") continue;
        this.#first = event;
        return;
      }
    } finally {
      this.#release = undefined;
    }
  }

  /** Ends the wait for the first sign, which has been long enough. */
  release(): void {
    this.#release?.();
  }

  /** Lets the next `next` reject with `error`. */
  failNext(error: unknown): void {
    this.#pending = Promise.reject(error);
    // Whoever pulls hears of it; until then nobody listens.
    this.#pending.catch(() => {});
  }

  /** What was waited for, once; undefined when it did not come. */
  takeFirst(): RunEvent | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  /** The next event. */
  next(): Next {
    const pending = this.#pending;
    if (pending === undefined) return this.#begun().next();
    this.#pending = undefined;
    return pending;
  }

  /** Ends the run; undefined where there is nothing to wait for. */
  leave(): PromiseLike<unknown> | undefined {
    return this.#events?.return?.();
  }

  #begun(): AsyncIterator<RunEvent> {
    return this.#events ??= this.#start()[Symbol.asyncIterator]();
  }

  /** The outcome of `next`, or undefined when the wait has been long enough. */
  #held(next: Next): Promise<IteratorResult<RunEvent> | undefined> {
    return new Promise((resolve, reject) => {
      this.#release = () => resolve(undefined);
      next.then(resolve, reject);
    });
  }
}
