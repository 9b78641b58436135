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
    const limit = new TransformStream(stream ? new MessageLimit(maxBytes) : bodyLimit(maxBytes));
    const limited = body.pipeThrough(limit);
    const watched = stream && call && !over
      ? limited.pipeThrough(new TransformStream({ flush: () => call.streamEnded(clock) }))
      : limited;
    return new Response(watched, { status, statusText, headers });
  };
}

function withCall(init: RequestInit, call: WatchedCall): RequestInit {
  const headers = new Headers(init.headers);
  for (const [name, value] of call.headers ?? []) headers.set(name, value);
  // What follows an abort tells the server of it, and must reach it.
  if (call.signal.aborted) return { ...init, headers };
  const signal = init.signal ? AbortSignal.any([init.signal, call.signal]) : call.signal;
  return { ...init, headers, signal };
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Fails once more than `maxBytes` have come. */
function bodyLimit(maxBytes: number): Transformer<Bytes, Bytes> {
  let length = 0;
  return {
    transform(chunk, controller) {
      length += chunk.length;
      if (length > maxBytes) throw new LineTooLong(maxBytes);
      controller.enqueue(chunk);
    },
  };
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Fails once more than `maxBytes` have come without a blank line, which ends a message of a stream. */
class MessageLimit implements Transformer<Bytes, Bytes> {
  readonly #maxBytes: number;
  #length = 0;
  #lineEmpty = true;
  #afterReturn = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  transform(chunk: Bytes, controller: TransformStreamDefaultController<Bytes>): void {
    let start = 0;
    for (const [at, byte] of lineEnds(chunk)) {
      if (at > start) this.#lineEmpty = this.#afterReturn = false;
      this.#add(at + 1 - start);
      start = at + 1;
      // The second half of one end.
      const paired = byte === NEWLINE && this.#afterReturn;
      this.#afterReturn = byte === RETURN;
      if (paired) continue;
      if (this.#lineEmpty) this.#length = 0;
      this.#lineEmpty = true;
    }
    if (start < chunk.length) this.#lineEmpty = this.#afterReturn = false;
    this.#add(chunk.length - start);
    controller.enqueue(chunk);
  }

  #add(bytes: number): void {
    this.#length += bytes;
    if (this.#length > this.#maxBytes) throw new LineTooLong(this.#maxBytes);
  }
}

/** Where lines end, by whichever byte. */
function* lineEnds(chunk: Bytes): Generator<readonly [at: number, byte: number]> {
  const ends = (byte: number, from: number) => {
    const at = chunk.indexOf(byte, from);
    return at < 0 ? Infinity : at;
  };
  let newline = ends(NEWLINE, 0);
  let carriage = ends(RETURN, 0);
  while (newline !== carriage) {
    if (newline < carriage) {
      yield [newline, NEWLINE];
      newline = ends(NEWLINE, newline + 1);
    } else {
      yield [carriage, RETURN];
      carriage = ends(RETURN, carriage + 1);
    }
  }
}
