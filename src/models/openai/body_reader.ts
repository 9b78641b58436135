/**
 * Reads the body of an answer at the least cost.
 * @module
 */

/** Bytes one read can take; backends' events are far smaller. */
const READ_BYTES = 16 * 1024;

/** The one reader of a body. */
export interface BodyReader {
  /**
   * The next bytes; reads must not overlap.
   *
   * @param spent what the previous read gave, if nobody needs it any more: its memory is filled again
   */
  read(spent?: Uint8Array<ArrayBuffer>): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>;
  /** Gives the rest up. */
  cancel(): Promise<void>;
}

/**
 * A reader that fills memory over and over where the body allows it, as a fetched one does: that
 * costs less than half of what the default reader does.
 */
export function bodyReader(body: ReadableStream<Uint8Array<ArrayBuffer>>): BodyReader {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // A response made by an injected fetch may have a stream of another kind.
    return body.getReader();
  }
  return {
    read: (spent) => reader.read(new Uint8Array(spent?.buffer ?? new ArrayBuffer(READ_BYTES))),
    cancel: () => reader.cancel(),
  };
}
