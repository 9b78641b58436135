/**
 * Traces on their way from work that runs in parallel to the one that yields them.
 * @module
 */
import type { Trace } from "../run/event.ts";

/** A queue with one reader. */
export class TraceQueue {
  readonly #items: Trace[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  /** Adds a trace. */
  push(trace: Trace["trace"]): void {
    this.#items.push({ type: "trace", trace });
    this.#wake?.();
  }

  /** Says that no more will come. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** The next trace; undefined after the last one. */
  async take(): Promise<Trace | undefined> {
    while (this.#items.length === 0 && !this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    return this.#items.shift();
  }
}
