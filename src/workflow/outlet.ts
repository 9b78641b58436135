/**
 * Hands a run's events to its reader, one for each `next()`.
 * @module
 */
import type { RunEvent } from "../run/event.ts";

/** What a reader gets. */
export type Step = IteratorResult<RunEvent, undefined>;

/** The end. */
export const DONE: Step = { done: true, value: undefined };

/** Keeps events nobody has waited for yet; tells when somebody waits for one that is not there. */
export class Outlet {
  readonly #onWanted: () => void;
  #ready: RunEvent[] = [];
  #failure: { readonly error: unknown } | undefined;
  #closed = false;
  #waiting: Promise<Step> | undefined;
  #resolve: (step: Step) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  /** Takes whom to call when a reader begins to wait. */
  constructor(onWanted: () => void) {
    this.#onWanted = onWanted;
  }

  /** Whether a reader waits. */
  get wanted(): boolean {
    return this.#waiting !== undefined;
  }

  /** The next event; the failure, once, after the last; then the end. */
  next(): Promise<Step> {
    if (this.#waiting) return this.#waiting.then(() => this.next(), () => this.next());
    const event = this.#ready.shift();
    if (event) return Promise.resolve({ done: false, value: event });
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#closed) return Promise.resolve(DONE);
    const step = this.#waiting = new Promise<Step>(this.#wait);
    this.#onWanted();
    return step;
  }

  /** Hands over an event; without effect once closed. */
  emit(event: RunEvent): void {
    if (this.#closed) return;
    if (this.#waiting) {
      this.#waiting = undefined;
      this.#resolve({ done: false, value: event });
    } else {
      this.#ready.push(event);
    }
  }

  /** Closes with a failure, which comes after the events that are ready. */
  fail(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#waiting) {
      this.#waiting = undefined;
      this.#reject(error);
    } else {
      this.#failure = { error };
    }
  }

  /** Closes; events that are ready still come. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#waiting) {
      this.#waiting = undefined;
      this.#resolve(DONE);
    }
  }

  /** Forgets what nobody has read. */
  clear(): void {
    this.#ready = [];
    this.#failure = undefined;
  }

  // One function for all promises: an answer of many deltas makes many.
  readonly #wait = (resolve: (step: Step) => void, reject: (error: unknown) => void): void => {
    this.#resolve = resolve;
    this.#reject = reject;
  };
}
