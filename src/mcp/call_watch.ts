/**
 * Ties what happens on the network to the call it happens for.
 *
 * Over HTTP the SDK tells of a stream that broke, but not to whom it matters: the call would wait
 * until its timeout. Whatever a call causes, its requests, their streams, attempts to resume them,
 * runs in its asynchronous context, and finds it there.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../run/seams.ts";
import { failureOf } from "./failure.ts";

/** One call on its way. */
export class WatchedCall {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Sent with this call's requests only. */
  readonly headers: Headers | undefined;
  /** Rejects when no answer can come any more. */
  readonly lost: Promise<never>;
  /** Whether the server can be asked again for what a broken stream did not bring. */
  resumable = false;
  #settled = false;
  readonly #onSettled: (() => void)[] = [];
  #cancelEnd: (() => void) | undefined;
  #lose: (error: unknown) => void;

  /** Begins to watch. */
  constructor(signal: AbortSignal, headers?: Headers) {
    this.signal = signal;
    this.headers = headers;
    const { promise, reject } = Promise.withResolvers<never>();
    // Whether anybody waits is up to the call.
    promise.catch(() => {});
    this.lost = promise;
    this.#lose = reject;
  }

  /** The answer has come, or nobody waits for it: whatever happens now does not matter. */
  settle(): void {
    this.#settled = true;
    this.#cancelEnd?.();
    for (const callback of this.#onSettled.splice(0)) callback();
  }

  /** Calls back once it is settled. */
  onSettled(callback: () => void): void {
    if (this.#settled) callback();
    else this.#onSettled.push(callback);
  }

  /** The answer cannot come any more. */
  lose(cause: unknown): void {
    if (!this.#settled) this.#lose(failureOf(cause));
  }

  /** A stream that could have brought the answer has broken. */
  streamBroke(cause: unknown): void {
    if (!this.resumable) this.lose(cause);
  }

  /** A stream has ended that could have brought the answer. */
  streamEnded(clock: Clock): void {
    if (this.#settled) return;
    // The answer may be among what was read last, and has to go through the SDK first.
    this.#cancelEnd = clock.schedule(0, () => this.streamBroke(new Error("Stream ended early")));
  }
}

/** The calls of one session. */
export class CallWatch {
  readonly #calls = new AsyncLocalStorage<WatchedCall>();

  /** The call that what happens now happens for. */
  get current(): WatchedCall | undefined {
    return this.#calls.getStore();
  }

  /** Does the work of a call. */
  run<Result>(call: WatchedCall, work: () => Result): Result {
    return this.#calls.run(call, work);
  }
}
