/**
 * A network that delivers bytes in whatever pieces it likes.
 * @module
 */
import type { Random } from "../secrecy/random.ts";

/** Longest piece, in bytes: shorter than any frame. */
const MAX_PIECE_BYTES = 60;

/** `fetch` whose answers are torn at random places, also within characters. */
export function tornFetch(fetch: typeof globalThis.fetch, random: Random): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (!response.body) return response;
    const body = response.body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(bytes, controller) {
          for (let begin = 0; begin < bytes.length;) {
            const end = begin + 1 + random.below(MAX_PIECE_BYTES);
            controller.enqueue(bytes.subarray(begin, end));
            begin = end;
          }
        },
      }),
    );
    return new Response(body, response);
  };
}
