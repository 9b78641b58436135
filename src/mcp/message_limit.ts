/**
 * Bounds what a server may send over HTTP.
 * @module
 */
import { LineTooLong } from "../isolation/lines.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Fails once more than `maxBytes` have come. */
export function bodyLimit(maxBytes: number): TransformStream<Bytes, Bytes> {
  let length = 0;
  return new TransformStream({
    transform(chunk, controller) {
      length += chunk.length;
      if (length > maxBytes) throw new LineTooLong(maxBytes);
      controller.enqueue(chunk);
    },
  });
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Fails once more than `maxBytes` have come without a blank line, which ends a message of a stream. */
export function messageLimit(maxBytes: number): TransformStream<Bytes, Bytes> {
  return new TransformStream(new MessageLimit(maxBytes));
}

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
