/**
 * A clock that moves when told to.
 * @module
 */
import type { Clock } from "../run/seams.ts";

/** Time stands still until `advance`. */
export class ManualClock implements Clock {
  #now: number;
  #timers: { at: number; callback: () => void }[] = [];

  /**
   * A clock that stands at `startMs`.
   *
   * @param startMs milliseconds since 1970
   */
  constructor(startMs = 1_700_000_000_000) {
    this.#now = startMs;
  }

  /** Number of callbacks that are still to come. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#now;
  }

  /** Calls back once time has moved on by `delayMs`. */
  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on by `ms`, calling what falls due in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }
}
