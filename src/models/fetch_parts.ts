/**
 * The bytes of what a conversation names by URL.
 * @module
 */
import { RequestError } from "../run/error.ts";
import type { InputPart, Message } from "../run/request.ts";
import { fetchUrl, type FetchUrlOptions, MAX_FETCH_BYTES } from "./fetch_url.ts";
import type { FetchedPart } from "./openai/encode_content.ts";

/** How parts are fetched. */
export interface FetchPartsOptions extends FetchUrlOptions {
  /** Parts fetched before; what is fetched now is added. */
  readonly known: WeakMap<InputPart, FetchedPart>;
}

/** How many URLs of one conversation are fetched at a time. */
const AT_ONCE = 4;
/** Most bytes fetched for one conversation. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;

/**
 * Fetches all images and files that are URLs other than `data:`.
 *
 * @throws {RequestError} `invalid-value` when one may not be fetched, cannot be, or all are too large
 * @throws the signal's reason when it is aborted
 */
export async function fetchParts(
  messages: readonly Message[],
  options: FetchPartsOptions,
): Promise<ReadonlyMap<InputPart, FetchedPart>> {
  const fetched = new Map<InputPart, FetchedPart>();
  const missing: { part: InputPart; url: string }[] = [];
  for (const message of messages) {
    if (message.role !== "user" && message.role !== "tool") continue;
    for (const part of message.content) {
      if ((part.type !== "image" && part.type !== "file") || part.url === undefined) continue;
      if (part.url.slice(0, 5).toLowerCase() === "data:") continue;
      const known = options.known.get(part);
      if (known) fetched.set(part, known);
      else missing.push({ part, url: part.url });
    }
  }
  if (missing.length === 0) return fetched;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let restBytes = MAX_TOTAL_BYTES;
  const work = async (): Promise<void> => {
    for (let next = missing.shift(); next; next = missing.shift()) {
      const maxBytes = Math.min(options.maxBytes ?? MAX_FETCH_BYTES, restBytes);
      const { bytes, mediaType } = await fetchUrl(next.url, { ...options, signal, maxBytes });
      restBytes -= bytes.byteLength;
      if (restBytes < 0) {
        throw new RequestError("invalid-value", `Cannot fetch more than ${MAX_TOTAL_BYTES} bytes`);
      }
      const part = { data: bytes.toBase64(), mediaType };
      options.known.set(next.part, part);
      fetched.set(next.part, part);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } catch (error) {
    // The others have nothing to fetch for any more.
    stop.abort();
    throw error;
  }
  return fetched;
}
