/**
 * What a process writes, line by line, until it has ended.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import { lastWords } from "./last_words.ts";
import { type LineOptions, lines } from "./lines.ts";

/** Reads the streams of one process. */
export class ProcessLines {
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>[] = [];

  /** Reads nothing yet. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Hands each line of a stream to `take`. Rejects when a line is too long, and resolves at the end.
   */
  read(
    stream: ReadableStream<Uint8Array>,
    take: (line: string) => void,
    options: LineOptions,
  ): Promise<void> {
    const reading = this.#read(stream, take, options);
    this.#reading.push(reading.catch(() => {}));
    return reading;
  }

  /** The process has ended. Resolves when all it said has been read, or what can be read at once. */
  async end(): Promise<void> {
    const read = Promise.all(this.#reading);
    await lastWords(read, this.#clock);
    this.#stop.abort();
    await read;
  }

  async #read(
    stream: ReadableStream<Uint8Array>,
    take: (line: string) => void,
    options: LineOptions,
  ): Promise<void> {
    const { signal } = this.#stop;
    try {
      const source = stream.pipeThrough(new TransformStream(), { signal });
      for await (const line of lines(source, options)) take(line);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
