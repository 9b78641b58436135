/**
 * Messages to and from a process that nobody trusts: lines of JSON on its input and output.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import { lastWords } from "./last_words.ts";
import { LineTooLong } from "./lines.ts";
import { MessageLines } from "./message_lines.ts";
import type { ChildProcess } from "./process.ts";
import { Rate } from "./rate.ts";

/** What a channel is held to. */
export interface ChannelOptions {
  /** Most bytes of one message of the process. */
  readonly maxMessageBytes: number;
  /** Most bytes that wait for the process to read them. */
  readonly maxQueuedBytes: number;
  /** Told each line, as text. What it throws ends the process, with its message as the reason. */
  readonly onLine: (line: string) => void;
  /** Told once why the process breaks the rules; it is being ended. */
  readonly onBreach: (reason: string) => void;
  /** Times pauses of reading. */
  readonly clock: Clock;
}

/**
 * Bytes of a second that are read, and at once: enough for any work, and too little to keep this
 * process from its other work. What goes beyond waits in the pipe, and its writer with it.
 */
const READ_BYTES_PER_SECOND = 16 * 1024 * 1024;
const READ_BURST_BYTES = 64 * 1024 * 1024;

/** Most bytes of one read. */
const READ_BYTES = 64 * 1024;

/** One process's messages. */
export class Channel {
  readonly #process: ChildProcess;
  readonly #options: ChannelOptions;
  readonly #encoder = new TextEncoder();
  #waiting: string[] = [];
  #queuedChars = 0;
  #writing = false;
  #broken = false;
  /** Ends a pause of reading. */
  #wake: (() => void) | undefined;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #drained: Promise<void>;

  /** Begins to read. */
  constructor(process: ChildProcess, options: ChannelOptions) {
    this.#process = process;
    this.#options = options;
    this.#reader = process.stdout.getReader({ mode: "byob" });
    this.#drained = this.#read();
  }

  /** Sends a message; what waits is written together. After a breach nothing is sent. */
  send(message: object): void {
    if (this.#broken) return;
    const line = `${JSON.stringify(message)}\n`;
    this.#queuedChars += line.length;
    if (this.#queuedChars > this.#options.maxQueuedBytes) {
      return this.#breach("Does not read what it is told");
    }
    this.#waiting.push(line);
    if (!this.#writing) this.#write();
  }

  /** Reads nothing more: the process is being ended. */
  close(): void {
    this.#broken = true;
    this.#waiting = [];
    this.#wake?.();
    this.#reader.cancel().catch(() => {});
  }

  /** The process has ended. Resolves when all it said has been read, or what can be read at once. */
  async end(): Promise<void> {
    await lastWords(this.#drained, this.#options.clock);
    this.close();
    await this.#drained;
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#waiting.length > 0) {
        const text = this.#waiting.join("");
        this.#waiting = [];
        await this.#process.write(this.#encoder.encode(text));
        this.#queuedChars -= text.length;
      }
    } catch {
      // It has ended, which is told elsewhere.
      this.#waiting = [];
    }
    this.#writing = false;
  }

  async #read(): Promise<void> {
    const { maxMessageBytes, onLine, clock } = this.#options;
    const rate = new Rate({ perSecond: READ_BYTES_PER_SECOND, burst: READ_BURST_BYTES, clock });
    const lines = new MessageLines(maxMessageBytes, onLine);
    // One buffer for all that is read: a new one each time would cost more than what is in it.
    let buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const { done, value } = await this.#reader.read(buffer);
        if (done || this.#broken) break;
        lines.add(value);
        buffer = new Uint8Array(value.buffer);
        const waitMs = rate.take(value.length);
        if (waitMs > 0 && !this.#broken) await this.#pause(clock, waitMs);
      }
    } catch (error) {
      this.#breach(
        error instanceof LineTooLong
          ? `Sent a message of more than ${maxMessageBytes} bytes`
          : error instanceof Error
          ? error.message
          : String(error),
      );
    }
    // Whoever still writes must not wait for a reader.
    await this.#reader.cancel().catch(() => {});
  }

  #pause(clock: Clock, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.schedule(ms, resolve);
      this.#wake = () => (cancel(), resolve());
    });
  }

  #breach(reason: string): void {
    if (this.#broken) return;
    this.close();
    this.#options.onBreach(reason);
  }
}
