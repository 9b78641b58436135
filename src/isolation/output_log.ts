/**
 * What a process says on standard error, in the log: with its name, and not too much of it.
 * @module
 */
import type { Clock, LogFields, Logger, LogLevel } from "../run/seams.ts";
import { lastWords } from "./last_words.ts";
import { lines } from "./lines.ts";
import type { ChildProcess } from "./process.ts";
import { Rate } from "./rate.ts";

/** Most characters of a line that are told. */
const MAX_LINE_CHARS = 2000;
/** Most lines of a second that are told. */
const MAX_LINES_A_SECOND = 50;
/** Bytes of a second that are read, and at once; what goes beyond waits in the pipe, its writer too. */
const READ_BYTES_PER_SECOND = 1024 * 1024;
const READ_BURST_BYTES = 4 * 1024 * 1024;

/** How it is told. */
export interface OutputLogOptions {
  /** Fields of each line of the log. */
  readonly fields: LogFields;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Tells lines: some of them, where there are too many. */
export class OutputLog {
  readonly #options: OutputLogOptions;
  #second = 0;
  #told = 0;
  #leftOut = 0;

  /** Nothing is told yet. */
  constructor(options: OutputLogOptions) {
    this.#options = options;
  }

  /** Tells a line, or counts it. */
  tell(level: LogLevel, message: string, line: string): void {
    const { fields, logger, clock } = this.#options;
    const second = Math.floor(clock.now() / 1000);
    if (second !== this.#second) {
      this.tellLeftOut();
      this.#second = second;
      this.#told = 0;
    }
    if (this.#told >= MAX_LINES_A_SECOND) {
      this.#leftOut += 1;
      return;
    }
    this.#told += 1;
    logger.log(level, message, { ...fields, line: line.slice(0, MAX_LINE_CHARS) });
  }

  /** Tells how many lines were left out since it was last told. */
  tellLeftOut(): void {
    const { fields, logger } = this.#options;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    if (leftOut > 0) logger.log("warn", "Guest said more than is told", { ...fields, leftOut });
  }
}

/**
 * Tells the lines that a process says on standard error until there are no more, or it has ended:
 * others whom it started may hold the stream for ever.
 *
 * @param options `intercept`: takes a line away from the log
 */
export async function logOutput(
  { stderr, ended }: Pick<ChildProcess, "stderr" | "ended">,
  options: OutputLogOptions & { readonly intercept?: (line: string) => boolean },
): Promise<void> {
  const { clock, intercept } = options;
  const log = new OutputLog(options);
  const stop = new AbortController();
  const read = async () => {
    const stream = stderr.pipeThrough(new TransformStream(), { signal: stop.signal });
    const source = ReadableStream.from(paced(stream, clock));
    for await (const line of lines(source, { maxBytes: MAX_LINE_CHARS, cut: true })) {
      if (!intercept?.(line)) log.tell("info", "Guest says", line);
    }
  };
  const reading = read();
  void ended.then(() => lastWords(reading, clock)).then(() => stop.abort());
  try {
    await reading;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  log.tellLeftOut();
}

async function* paced(
  stream: ReadableStream<Uint8Array>,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const rate = new Rate({
    perSecond: READ_BYTES_PER_SECOND,
    burst: READ_BURST_BYTES,
    clock,
  });
  for await (const chunk of stream) {
    yield chunk;
    const waitMs = rate.take(chunk.length);
    if (waitMs > 0) await new Promise<void>((resolve) => clock.schedule(waitMs, resolve));
  }
}
