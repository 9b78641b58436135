/**
 * Everything a streamed answer has said so far, for whoever wants to hear it from any point on.
 * @module
 */
import { frameBytes } from "./frame_bytes.ts";

/** Where frames end; no frame has an empty line inside. */
const FRAME_END = "\n\n";

/** Where a log is full. A run that says more than this in one answer has lost its way. */
const MAX_LENGTH = 32 * 1024 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The frames of one answer, in order: the only source of it, live or finished. Each reader goes at
 * its own pace and costs no more than its place in the log.
 */
export class EventLog {
  /** There is room always: a log is never behind. */
  readonly desiredSize = 1;
  /** Resolves once nothing more is said; to whether the answer is whole. */
  readonly ended: Promise<boolean>;
  readonly #maxLength: number;
  readonly #frames: string[] = [];
  readonly #readers = new Set<LogReader>();
  #end: (whole: boolean) => void;
  #closed = false;
  #length = 0;

  /**
   * Begins empty.
   *
   * @param options `maxLength`: characters it takes until it is full, 32 Mi by default
   */
  constructor(options: { readonly maxLength?: number } = {}) {
    this.#maxLength = options.maxLength ?? MAX_LENGTH;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** The log of a whole answer whose frames one after another are `text`. */
  static of(text: string): EventLog {
    const log = new EventLog({ maxLength: Infinity });
    for (let start = 0; start < text.length;) {
      const end = text.indexOf(FRAME_END, start);
      const next = end < 0 ? text.length : end + FRAME_END.length;
      log.append(text.slice(start, next));
      start = next;
    }
    log.close({ whole: true });
    return log;
  }

  /** Number of frames. */
  get size(): number {
    return this.#frames.length;
  }

  /** Whether nothing more is said. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the answer should come to its end, which is still taken. */
  get full(): boolean {
    return this.#length > this.#maxLength;
  }

  /** All frames one after another. */
  get text(): string {
    return this.#frames.join("");
  }

  /** The frame at `index`, as bytes; undefined while it has not been said. */
  frame(index: number): Bytes | undefined {
    const frame = this.#frames[index];
    return frame === undefined ? undefined : frameBytes(frame);
  }

  /** Takes the next frame. */
  append(frame: string): void {
    this.#frames.push(frame);
    this.#length += frame.length;
    for (const reader of this.#readers) reader.wake();
  }

  /** Passes bytes on to whoever waits for the next frame; they are no part of the answer. */
  enqueue(comment: Bytes): void {
    for (const reader of this.#readers) reader.comment(comment);
  }

  /** Nothing more is said. */
  close({ whole }: { readonly whole: boolean }): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.wake();
    this.#end(whole);
  }

  /**
   * The source of a response's body: the frames from number `from` on, those to come included.
   *
   * @param onEnd called once: `left` when the reader went before the end
   */
  read(from: number, onEnd: (left: boolean) => void): UnderlyingDefaultSource<Bytes> {
    const reader: LogReader = new LogReader(this, from, (left) => {
      this.#readers.delete(reader);
      onEnd(left);
    });
    this.#readers.add(reader);
    return reader;
  }
}

class LogReader implements UnderlyingDefaultSource<Bytes> {
  readonly #log: EventLog;
  readonly #onEnd: (left: boolean) => void;
  #next: number;
  #controller: ReadableStreamDefaultController<Bytes> | undefined;
  /** Ends the wait for a frame; undefined while nobody waits. */
  #wake: (() => void) | undefined;
  #left = false;

  constructor(log: EventLog, from: number, onEnd: (left: boolean) => void) {
    this.#log = log;
    this.#next = from;
    this.#onEnd = onEnd;
  }

  start(controller: ReadableStreamDefaultController<Bytes>): void {
    this.#controller = controller;
  }

  async pull(controller: ReadableStreamDefaultController<Bytes>): Promise<void> {
    for (;;) {
      const before = this.#next;
      while (controller.desiredSize! > 0) {
        const frame = this.#log.frame(this.#next);
        if (!frame) break;
        this.#next += 1;
        controller.enqueue(frame);
      }
      if (this.#log.closed && this.#next >= this.#log.size) {
        controller.close();
        return this.#onEnd(false);
      }
      if (this.#next > before) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
      if (this.#left) return;
    }
  }

  cancel(): void {
    this.#left = true;
    this.#wake?.();
    this.#onEnd(true);
  }

  wake(): void {
    this.#wake?.();
  }

  /** A reader that is behind has something to read; it needs no sign of life. */
  comment(bytes: Bytes): void {
    if (this.#wake) this.#controller?.enqueue(bytes);
  }
}
