/**
 * Pauses between attempts, which grow while attempts fail.
 * @module
 */
import type { Clock } from "../run/seams.ts";

/** Wait after the second failure in a row, in milliseconds; each further one doubles it. */
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 15_000;

/** What lived this long counts as something that went well, in milliseconds. */
const STABLE_MS = 10_000;

/**
 * Counts failures. After the first one the next attempt may begin at once; what ends soon after each
 * start is not started again without a pause.
 */
export class BackOff {
  readonly #clock: Clock;
  #failures = 0;
  #startedMs = 0;
  #retryAtMs = 0;

  /** No failures yet. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the next attempt. */
  get delayMs(): number {
    return Math.max(0, this.#retryAtMs - this.#clock.now());
  }

  /** An attempt went well, so far. */
  started(): void {
    this.#startedMs = this.#clock.now();
  }

  /** What was started has ended. */
  ended(): void {
    if (this.#clock.now() - this.#startedMs >= STABLE_MS) this.#failures = 0;
    this.failed();
  }

  /** An attempt failed. */
  failed(): void {
    this.#failures += 1;
    const delayMs = this.#failures === 1
      ? 0
      : Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 2), MAX_DELAY_MS);
    this.#retryAtMs = this.#clock.now() + delayMs;
  }
}
