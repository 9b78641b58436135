/**
 * One timer for everything that waits: open streams, held answers, clients that may have left.
 * @module
 */
import type { Clock } from "../run/seams.ts";

/** Something that wants to know how long nothing happened. */
export interface Ticked {
  /** Called once every tick while watched. */
  tick(): void;
}

/** Ticks that make up the longest silence; the more, the less early a silence is broken. */
const TICKS = 20;

/** Longest silence of a stream, in milliseconds. */
export const KEEP_ALIVE_MS = 5000;

/**
 * Ticks whoever is watched. A stream that counts its ticks since its last write needs neither a timer
 * nor the time of each write: its silence is broken after at least `silenceTicks - 1` whole ticks and
 * never later than the configured time.
 */
export class SilenceTicker {
  /** Ticks after which a silence is over. */
  readonly silenceTicks: number;
  readonly #periodMs: number;
  readonly #clock: Clock;
  readonly #watched = new Set<Ticked>();
  #cancel: (() => void) | undefined;

  /**
   * Ticks nobody yet.
   *
   * @param silenceMs longest silence, at least 1
   */
  constructor(clock: Clock, silenceMs: number = KEEP_ALIVE_MS) {
    this.#clock = clock;
    this.#periodMs = Math.max(1, Math.floor(silenceMs / TICKS));
    this.silenceTicks = Math.max(1, Math.floor(silenceMs / this.#periodMs));
  }

  /** Ticks `ticked` from now on. */
  watch(ticked: Ticked): void {
    this.#watched.add(ticked);
    if (!this.#cancel) this.#schedule();
  }

  /** Ticks `ticked` no more. The timer runs on until it finds nobody: most calls end sooner. */
  unwatch(ticked: Ticked): void {
    this.#watched.delete(ticked);
  }

  /** Ends the timer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#watched.clear();
  }

  #schedule(): void {
    this.#cancel = this.#clock.schedule(this.#periodMs, () => {
      this.#cancel = undefined;
      for (const ticked of this.#watched) ticked.tick();
      if (this.#watched.size > 0 && !this.#cancel) this.#schedule();
    });
  }
}
