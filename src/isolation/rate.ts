/**
 * How fast something is taken from whoever could bring more than anybody has time for.
 * @module
 */
import type { Clock } from "../run/seams.ts";

/** How fast: bytes, lines or whatever is counted. */
export interface RateOptions {
  /** So many a second, in the long run. */
  readonly perSecond: number;
  /** So many at once. */
  readonly burst: number;
  readonly clock: Clock;
}

/** Counts what comes. */
export class Rate {
  readonly #options: RateOptions;
  #left: number;
  #countedMs: number;

  /** Nothing has come yet. */
  constructor(options: RateOptions) {
    this.#options = options;
    this.#left = options.burst;
    this.#countedMs = options.clock.now();
  }

  /** Takes what is here; milliseconds until it would not have been too fast, 0 where it is not. */
  take(count: number): number {
    const { perSecond, burst, clock } = this.#options;
    const now = clock.now();
    // A clock that was set back must not stop everything.
    const passedMs = Math.max(0, now - this.#countedMs);
    this.#left = Math.min(burst, this.#left + passedMs * perSecond / 1000) - count;
    this.#countedMs = now;
    return this.#left >= 0 ? 0 : -this.#left * 1000 / perSecond;
  }
}
