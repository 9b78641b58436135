/**
 * Events that hooks make, which may come late, get stuck, or know of no abort.
 * @module
 */
import { untilAborted } from "../run/until_aborted.ts";

/** Events that are there once `make` has been waited for. */
export async function* eventsOf<Event>(
  make: () => AsyncIterable<Event> | Promise<AsyncIterable<Event>>,
): AsyncGenerator<Event> {
  yield* await make();
}

/** Passes events on, but no longer than until the signal's abort, whose reason is then thrown. */
export async function* eventsUntilAborted<Event>(
  events: AsyncIterable<Event>,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const iterator = events[Symbol.asyncIterator]();
  const stop = async () => await iterator.return?.();
  let over = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await untilAborted(iterator.next(), signal);
      if (next.done) break;
      yield next.value;
    }
    over = true;
  } catch (error) {
    over = true;
    // Code that is stuck hears of it once it is not, and nobody waits for that.
    if (signal.aborted) stop().catch(() => {});
    throw error;
  } finally {
    if (!over) await stop();
  }
}
