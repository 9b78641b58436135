/**
 * Bytes -> messages, one a line, from a process that is held to the form.
 * @module
 */
import { LineTooLong } from "./lines.ts";

const NEWLINE = 0x0a;

/** Splits bytes into messages. Each byte is looked at once, and kept once while its line is not whole. */
export class MessageLines {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  /** The beginning of a line, in a buffer that grows. */
  #begun = new Uint8Array();
  #length = 0;

  /** Tells `onLine` each line, without its end. */
  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  /**
   * Takes more bytes.
   *
   * @throws {LineTooLong} before a longer line is gathered
   * @throws {Error} at a line that is empty or no UTF-8
   */
  add(bytes: Uint8Array): void {
    let start = 0;
    if (this.#length > 0) {
      const end = bytes.indexOf(NEWLINE);
      if (end < 0) return this.#keep(bytes);
      this.#tell(bytes.subarray(0, end));
      start = end + 1;
    }
    const end = bytes.lastIndexOf(NEWLINE);
    if (end >= start) this.#tellAll(bytes.subarray(start, end));
    if (end + 1 < bytes.length) this.#keep(bytes.subarray(Math.max(start, end + 1)));
  }

  /** Whole lines. To decode them together costs little more than one of them. */
  #tellAll(bytes: Uint8Array): void {
    const text = bytes.length <= this.#maxBytes ? this.#decoded(bytes) : undefined;
    if (text === undefined) {
      // What comes before the line that is wrong is told.
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        this.#tell(bytes.subarray(start, end));
        start = end + 1;
      }
      return this.#tell(bytes.subarray(start));
    }
    for (const line of text.split("\n")) {
      if (line === "") throw new Error("Sent an empty line");
      this.#onLine(line);
    }
  }

  #tell(end: Uint8Array): void {
    let line = end;
    if (this.#length > 0) {
      this.#keep(end);
      line = this.#begun.subarray(0, this.#length);
      this.#begun = new Uint8Array();
      this.#length = 0;
    } else if (line.length > this.#maxBytes) throw new LineTooLong(this.#maxBytes);
    if (line.length === 0) throw new Error("Sent an empty line");
    this.#onLine(this.#decode(line));
  }

  #decode(line: Uint8Array): string {
    const text = this.#decoded(line);
    if (text === undefined) throw new Error("Sent a line that is no UTF-8");
    return text;
  }

  #decoded(bytes: Uint8Array): string | undefined {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return undefined;
    }
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#maxBytes) throw new LineTooLong(this.#maxBytes);
    if (length > this.#begun.length) {
      const larger = new Uint8Array(Math.max(length, this.#begun.length * 2, 4096));
      larger.set(this.#begun.subarray(0, this.#length));
      this.#begun = larger;
    }
    this.#begun.set(bytes, this.#length);
    this.#length = length;
  }
}
