/**
 * A signal for one piece of work, and a way not to wait for work that ignores it.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";

/** Why a scope with a time limit ended itself. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

/** Aborted with its parent, by `abort`, or after a time. Dispose of it when the work is done. */
export class CallScope implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #cancelTimer: (() => void) | undefined;

  constructor(
    parent: AbortSignal,
    options: { readonly clock: Clock; readonly timeoutMs?: number },
  ) {
    this.#parent = parent;
    if (parent.aborted) this.#onAbort();
    else parent.addEventListener("abort", this.#onAbort, { once: true });
    const { clock, timeoutMs } = options;
    if (timeoutMs !== undefined) {
      this.#cancelTimer = clock.schedule(timeoutMs, () => this.abort(new TimedOut()));
    }
  }

  /** For the work. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops the work. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Waits for `work`, but no longer than until the abort, whose reason is then thrown. */
  async race<T>(work: () => T | Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    return await untilAborted((async () => await work())(), this.signal);
  }

  /** Lets go of the parent and the timer. */
  [Symbol.dispose](): void {
    this.#parent.removeEventListener("abort", this.#onAbort);
    this.#cancelTimer?.();
  }

  readonly #onAbort = (): void => this.#controller.abort(this.#parent.reason);
}
