/**
 * The stream that is to bring the answer to one call.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import type { WatchedCall } from "./call_watch.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How long a server may leave a stream open after the answer, in milliseconds. */
const LINGER_MS = 1000;

/** Whose stream it is. */
export interface CallStreamOptions {
  /** Told of the end. */
  readonly call: WatchedCall;
  /** Time. */
  readonly clock: Clock;
}

/**
 * The same bytes; lets go of the server when the call is over. When nobody waits any more, it falls
 * silent: an end of any kind would make the SDK take the stream up again.
 */
export function callStream(
  source: ReadableStream<Bytes>,
  { call, clock }: CallStreamOptions,
): ReadableStream<Bytes> {
  const reader = source.getReader();
  let over = false;
  let cancelLinger: (() => void) | undefined;
  const end = () => {
    over = true;
    cancelLinger?.();
  };
  return new ReadableStream<Bytes>({
    start(controller) {
      call.onSettled(() => {
        if (over) return;
        cancelLinger = clock.schedule(LINGER_MS, () => {
          end();
          controller.close();
          reader.cancel().catch(() => {});
        });
      });
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (over) return;
        if (!done) return controller.enqueue(value);
        end();
        if (call.signal.aborted) return;
        controller.close();
        call.streamEnded(clock);
      } catch (error) {
        end();
        if (!call.signal.aborted) controller.error(error);
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
