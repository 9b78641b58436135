/**
 * A run that begins when it is first asked for an event, once there is a guest to answer it.
 * @module
 */
import { deadlineError } from "../run/budget.ts";
import type { RunEvent } from "../run/event.ts";
import type { Clock } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";
import type { GuestRun } from "./guest_run.ts";

/** How a run begins, and what ends it. */
export interface AwaitedRunOptions<Guest> {
  /** What is to answer, at once where it is there. */
  readonly guest: () => Guest | Promise<Guest>;
  /** Begins the run. */
  readonly begin: (guest: Guest, signal: AbortSignal) => GuestRun;
  /** The caller's. */
  readonly signal: AbortSignal;
  /** Most seconds until the end, from the first event asked for. @default any */
  readonly maxSeconds?: number;
  readonly clock: Clock;
}

type Step = IteratorResult<RunEvent, undefined>;

const DONE: Step = { done: true, value: undefined };

/** Events of one run, whose reader need not know how they come. */
export class AwaitedRun<Guest> implements AsyncIterableIterator<RunEvent> {
  readonly #options: AwaitedRunOptions<Guest>;
  #run: GuestRun | undefined;
  #beginning: Promise<Step> | undefined;
  #over = false;

  /** Begins nothing yet. */
  constructor(options: AwaitedRunOptions<Guest>) {
    this.#options = options;
  }

  /** Itself: a run can be read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next event. */
  next(): Promise<Step> {
    if (this.#run) return this.#run.next();
    if (this.#over) return Promise.resolve(DONE);
    return this.#beginning = this.#beginning?.then(() => this.next()) ?? this.#begin();
  }

  /** Stops the run. */
  return(): Promise<Step> {
    this.#over = true;
    return this.#run?.return() ?? Promise.resolve(DONE);
  }

  async #begin(): Promise<Step> {
    const { guest, begin, maxSeconds, clock } = this.#options;
    let { signal } = this.#options;
    let cancel = () => {};
    try {
      signal.throwIfAborted();
      if (maxSeconds !== undefined) {
        const late = new AbortController();
        signal = AbortSignal.any([signal, late.signal]);
        cancel = clock.schedule(maxSeconds * 1000, () => late.abort(deadlineError(maxSeconds)));
      }
      const found = guest();
      const there = found instanceof Promise ? await untilAborted(found, signal) : found;
      if (this.#over) {
        cancel();
        return DONE;
      }
      const run = this.#run = begin(there, signal);
      run.onOver(cancel);
      return await run.next();
    } catch (error) {
      this.#over = true;
      cancel();
      throw error;
    }
  }
}
