/**
 * Bytes -> lines, each within a limit.
 * @module
 */

/** A line is longer than it may be. */
export class LineTooLong extends Error {
  /** Tells it from other errors. */
  override readonly name = "LineTooLong";

  /** Names the limit. */
  constructor(maxBytes: number) {
    super(`Line is longer than ${maxBytes} bytes`);
  }
}

/** How long lines may be, and what becomes of longer ones. */
export interface LineOptions {
  /** Most bytes of a line. */
  readonly maxBytes: number;
  /** Whether the end of a longer line is left out instead of failing. @default false */
  readonly cut?: boolean;
}

const NEWLINE = 0x0a;

/**
 * The lines of a stream, without their ends and without empty ones. Each byte is looked at once,
 * however long a line is. What follows the last newline is no line.
 *
 * @throws {LineTooLong} before a line of more than `maxBytes` is gathered
 */
export async function* lines(
  source: ReadableStream<Uint8Array>,
  options: LineOptions,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const line = new LineBytes(options);
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      line.add(chunk.subarray(start, end));
      start = end + 1;
      const text = decoder.decode(line.take()).trimEnd();
      if (text !== "") yield text;
    }
    line.add(chunk.subarray(start));
  }
}

/** The bytes of the line at hand. */
class LineBytes {
  readonly #maxBytes: number;
  readonly #cut: boolean;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor({ maxBytes, cut = false }: LineOptions) {
    this.#maxBytes = maxBytes;
    this.#cut = cut;
  }

  add(bytes: Uint8Array): void {
    const room = this.#maxBytes - this.#length;
    if (bytes.length > room && !this.#cut) throw new LineTooLong(this.#maxBytes);
    const piece = bytes.subarray(0, room);
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  take(): Uint8Array {
    const pieces = this.#pieces;
    const whole = pieces.length === 1 ? pieces[0]! : new Uint8Array(this.#length);
    let at = 0;
    for (const piece of pieces.length === 1 ? [] : pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#length = 0;
    return whole;
  }
}
