/**
 * `fetch` for MCP over HTTP: bounds what a server may send, and tells calls that their stream ended.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import { callStream } from "./call_stream.ts";
import type { CallWatch, WatchedCall } from "./call_watch.ts";
import { bodyLimit, messageLimit } from "./message_limit.ts";

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
  const { fetch, watch, clock, maxMessageBytes: maxBytes } = options;
  return async (url, init = {}) => {
    const call = watch.current;
    const over = call?.signal.aborted ?? false;
    // Nobody reads what a stream that is taken up again would bring.
    if (call && over && (init.method ?? "GET") === "GET") throw call.signal.reason;
    const response = await fetch(url, call ? withCall(init, call) : init);
    const { body } = response;
    if (!body) return response;
    const { status, statusText, headers } = response;
    const stream = /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
    const limited = body.pipeThrough(stream ? messageLimit(maxBytes) : bodyLimit(maxBytes));
    const watched = stream && call && !over ? callStream(limited, { call, clock }) : limited;
    return new Response(watched, { status, statusText, headers });
  };
}

function withCall(init: RequestInit, call: WatchedCall): RequestInit {
  const headers = new Headers(init.headers);
  for (const [name, value] of call.headers ?? []) headers.set(name, value);
  // What follows an abort tells the server of it, and must reach it.
  if (call.signal.aborted) return { ...init, headers };
  const signal = init.signal ? AbortSignal.any([init.signal, call.signal]) : call.signal;
  return { ...init, headers, signal, body: readOnce(init.body) };
}

/**
 * A body as a stream. What it has in memory, Deno's `fetch` sends again by itself when a connection
 * breaks that others have used before: a tool would run twice, and nobody would know.
 */
function readOnce(body: RequestInit["body"]): RequestInit["body"] {
  return typeof body === "string" ? new Blob([body]).stream() : body;
}
