/**
 * What is told beside a run's answer, on its way from work that runs in parallel, or deep inside, to
 * the one that yields the run's events.
 * @module
 */
import type { RunEvent } from "../run/event.ts";

/** A queue with one reader; events that go together are pushed together. */
export class AsideQueue {
  #events: RunEvent[] = [];
  #wake: (() => void) | undefined;

  /** Adds events, which come out next to each other. */
  push(...events: readonly RunEvent[]): void {
    this.#events.push(...events);
    this.#wake?.();
  }

  /** Takes what is there. */
  drain(): readonly RunEvent[] {
    if (this.#events.length === 0) return this.#events;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Everything that is told until `work` is over, as it is told. Does not tell how the work ended. */
  async *during(work: Promise<unknown>): AsyncGenerator<RunEvent> {
    let over = false;
    const end = () => {
      over = true;
      this.#wake?.();
    };
    work.then(end, end);
    for (;;) {
      // More may come while a slow reader takes what is there.
      while (this.#events.length > 0) yield* this.drain();
      if (over) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }
}
