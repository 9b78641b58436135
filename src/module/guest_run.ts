/**
 * One run in a guest, as the host sees it.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { EventGrammar } from "../run/grammar.ts";
import { readEvent } from "./checked_event.ts";
import type { HostMessage } from "./guest_messages.ts";

/** Events a guest may send before it is asked for more. */
export const CREDIT = 256;

/** Most characters of events that wait to be read. */
const MAX_WAITING_CHARS = 32 * 1024 * 1024;

type Step = IteratorResult<RunEvent, undefined>;

/** What a run is given by its process. */
export interface GuestRunOptions {
  /** Its number. */
  readonly number: number;
  /** Names the guest in errors. */
  readonly guest: string;
  /** The caller's. */
  readonly signal: AbortSignal;
  /** Tells the guest. */
  readonly send: (message: HostMessage) => void;
  /** Told when nobody wants the rest, before the guest is. */
  readonly onStopped: (run: GuestRun) => void;
}

/** A run's events, pulled by whoever answers the client. */
export class GuestRun implements AsyncIterableIterator<RunEvent> {
  /** Its number. */
  readonly number: number;
  readonly #options: GuestRunOptions;
  readonly #grammar = new EventGrammar();
  readonly #events: RunEvent[] = [];
  #taken = 0;
  #waitingChars = 0;
  /** Events that the guest may still send. */
  #credit = CREDIT;
  #waiting: PromiseWithResolvers<Step> | undefined;
  #over = false;
  #onOver: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** Listens to the caller's signal. */
  constructor(options: GuestRunOptions) {
    this.number = options.number;
    this.#options = options;
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Itself: a run can be read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next event. */
  next(): Promise<Step> {
    const event = this.#take();
    if (event) return Promise.resolve({ done: false, value: event });
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    const before = this.#waiting?.promise;
    // Whoever else waits gets the next one.
    if (before) return before.then(() => this.next(), () => this.next());
    this.#waiting = Promise.withResolvers<Step>();
    return this.#waiting.promise;
  }

  /** Calls back once nothing more will come. */
  onOver(callback: () => void): void {
    if (this.#over) callback();
    else this.#onOver = callback;
  }

  /** Stops the run. */
  return(): Promise<Step> {
    this.#events.length = this.#taken = 0;
    this.#failure = undefined;
    if (!this.#over) this.#stop();
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  /**
   * Takes what the guest sent. An event that may not come ends the run, and the guest is told.
   *
   * @param chars length of all of them as JSON
   * @throws {Error} when there are more than asked for
   */
  take(events: readonly unknown[], chars: number): void {
    this.#credit -= events.length;
    if (this.#credit < 0) throw new Error("Sent more events than it was asked for");
    if (this.#over) return;
    this.#waitingChars += chars;
    if (this.#waitingChars > MAX_WAITING_CHARS && this.#events.length > 0) {
      throw new Error("Sent more than anybody reads");
    }
    try {
      for (const value of events) {
        const event = readEvent(value);
        this.#grammar.accept(event);
        this.#events.push(event);
      }
    } catch (error) {
      this.#refuse(error);
    }
    this.#serve();
  }

  /** The guest has answered. */
  end(): void {
    if (this.#over) return;
    try {
      this.#grammar.end();
      this.#finish();
      this.#serve();
    } catch (error) {
      this.fail(this.#broken(error));
    }
  }

  /** The run has failed. What was said before is still told. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#finish();
    if (this.#waiting) {
      this.#waiting.reject(error);
      this.#waiting = undefined;
    } else this.#failure = { error };
  }

  /** The next event that is here. */
  #take(): RunEvent | undefined {
    const event = this.#events[this.#taken];
    if (!event) return undefined;
    this.#taken += 1;
    if (this.#taken === this.#events.length) {
      this.#events.length = this.#taken = this.#waitingChars = 0;
    }
    this.#askForMore();
    return event;
  }

  /** Hands the next event to whoever waits. */
  #serve(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    const event = this.#take();
    if (!event && !this.#over) return;
    this.#waiting = undefined;
    waiting.resolve(event ? { done: false, value: event } : { done: true, value: undefined });
  }

  #askForMore(): void {
    const events = CREDIT - this.#credit - (this.#events.length - this.#taken);
    if (this.#over || events < CREDIT / 2) return;
    this.#credit += events;
    this.#options.send({ type: "credit", run: this.number, events });
  }

  #refuse(error: unknown): void {
    this.#serve();
    this.fail(this.#broken(error));
    this.#tellStopped();
  }

  #broken(error: unknown): RunError {
    const reason = error instanceof Error ? error.message : String(error);
    return new RunError("internal", `Guest "${this.#options.guest}" spoils its run: ${reason}`);
  }

  readonly #onAbort = (): void => {
    const { reason } = this.#options.signal;
    this.#events.length = this.#taken = 0;
    this.fail(reason);
    this.#tellStopped();
  };

  #stop(): void {
    this.#finish();
    this.#tellStopped();
  }

  #tellStopped(): void {
    this.#options.onStopped(this);
    this.#options.send({ type: "abort", run: this.number });
  }

  #finish(): void {
    this.#over = true;
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#onOver?.();
  }
}
