/**
 * `fetch` for MCP over HTTP: bounds what a server may send, and tells calls that their stream ended.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import type { CallWatch, WatchedCall } from "./call_watch.ts";
import { LineTooLong } from "./lines.ts";

/** As the SDK calls it. */
export type FetchLike = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** What a watched `fetch` is made of. */
export interface WatchedFetchOptions {
  /** Does the requests. */
  readonly fetch: FetchLike;
  /** Finds the call a request belongs to. */
  readonly watch: CallWatch;
  /** Longest message of the server, in bytes. */
  readonly maxMessageBytes: number;
  /** Gives the SDK time to read what has come. */
  readonly clock: Clock;
}

/** Makes a `fetch` for one session. */
export function watchedFetch(options: WatchedFetchOptions): FetchLike {
  const { fetch, watch } = options;
  return async (url, init = {}) => {
    const call = watch.current;
    // What follows an abort tells the server of it, and must reach it.
    const own = call !== undefined && !call.signal.aborted;
    const response = await fetch(url, own ? withCall(init, call) : init);
    const { body } = response;
    if (!body) return response;
    const { status, statusText, headers } = response;
    const stream = /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
    const watched = stream && own
      ? body.pipeThrough(bounded(options.maxMessageBytes)).pipeThrough(
        untilEnd(() => {
          // The answer may be among what was read last, and has to go through the SDK first.
          options.clock.schedule(0, () => call.streamEnded(new Error("Stream ended early")));
        }),
      )
      : body.pipeThrough(bounded(options.maxMessageBytes));
    return new Response(watched, { status, statusText, headers });
  };
}

function withCall(init: RequestInit, call: WatchedCall): RequestInit {
  const headers = new Headers(init.headers);
  for (const [name, value] of call.headers ?? []) headers.set(name, value);
  const signal = init.signal ? AbortSignal.any([init.signal, call.signal]) : call.signal;
  return { ...init, headers, signal };
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Fails once more than `maxBytes` have come without a blank line, which ends a message of a stream. */
function bounded(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let length = 0;
  let lineEmpty = false;
  return new TransformStream({
    transform(chunk, controller) {
      let start = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
        const blank = at === start || (at === start + 1 && chunk[start] === RETURN);
        if (blank && (start > 0 || lineEmpty)) length = -(at + 1);
        start = at + 1;
      }
      lineEmpty = start === chunk.length;
      length += chunk.length;
      if (length > maxBytes) throw new LineTooLong(maxBytes);
      controller.enqueue(chunk);
    },
  });
}

function untilEnd(onEnd: () => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({ flush: onEnd });
}
