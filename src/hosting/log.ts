/**
 * Log lines on stderr, for people or for machines.
 * @module
 */
import type { LogFields, Logger, LogLevel } from "../run/seams.ts";

/** A logger that says which lines it keeps and can be waited for. */
export interface LineLogger extends Logger {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** Resolves once everything logged so far is written. */
  flush(): Promise<void>;
}

/** How lines are written. */
export interface LineLoggerOptions {
  /** One JSON object a line, or text for people. @default "pretty" */
  readonly format?: "json" | "pretty";
  /** Lines below it are dropped. @default "info" */
  readonly level?: LogLevel;
  /** Whether `pretty` uses colours. @default whether stderr is a terminal and NO_COLOR is unset */
  readonly color?: boolean;
  /** Milliseconds since 1970. @default the runtime's */
  readonly now?: () => number;
  /** Writes some or all of the bytes, telling how many. @default to stderr */
  readonly write?: (bytes: Uint8Array) => Promise<number>;
}

const RANKS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLORS: Readonly<Record<LogLevel, string>> = {
  debug: "\x1b[90m",
  info: "\x1b[32m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};
const PLAIN = "\x1b[0m";

/** Most lines that wait for a reader of the log; what comes on top is counted, not kept. */
const MAX_WAITING = 10_000;

/** Whether a logger keeps lines of this level; one that does not say keeps all. */
export function logsLevel(logger: Logger, level: LogLevel): boolean {
  const { level: lowest } = logger as Partial<LineLogger>;
  return lowest === undefined || RANKS[level] >= RANKS[lowest];
}

/** Waits for a logger that can be waited for. */
export async function flushLogger(logger: Logger): Promise<void> {
  await (logger as Partial<LineLogger>).flush?.();
}

/** Writes one line per entry. Lines are gathered while a write is under way, so no caller waits. */
export function lineLogger(options: LineLoggerOptions = {}): LineLogger {
  const { format = "pretty", level: lowest = "info", now = Date.now } = options;
  const writer = new LineWriter(options.write ?? ((bytes) => Deno.stderr.write(bytes)));
  const color = format === "pretty" && (options.color ?? stderrShowsColor());
  return {
    level: lowest,
    log(level, message, fields = {}) {
      if (RANKS[level] < RANKS[lowest]) return;
      const time = new Date(now()).toISOString();
      writer.add(
        format === "json"
          ? jsonLine({ time, level, message, ...fields })
          : prettyLine(time, { level, message, fields, color }),
      );
    },
    flush: () => writer.flush(),
  };
}

function stderrShowsColor(): boolean {
  return !Deno.noColor && Deno.stderr.isTerminal();
}

/** A field that cannot be written must not cost the line. */
function jsonLine(entry: LogFields): string {
  try {
    return JSON.stringify(entry);
  } catch {
    const { time, level, message } = entry;
    return JSON.stringify({ time, level, message });
  }
}

function prettyLine(
  time: string,
  { level, message, fields, color }: {
    readonly level: LogLevel;
    readonly message: string;
    readonly fields: LogFields;
    readonly color: boolean;
  },
): string {
  const name = level.toUpperCase().padEnd(5);
  const { stack, ...others } = fields;
  const rest = Object.entries(others).filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${shown(value)}`).join("");
  const frames = typeof stack === "string"
    ? stack.split("\n").map((frame) => `\n    ${printable(frame.trim())}`).join("")
    : "";
  const text = printable(`${message}${rest}`);
  return `${time} ${color ? COLORS[level] + name + PLAIN : name} ${text}${frames}`;
}

/** Text from outside may hold control characters, and turn its direction; a terminal would obey. */
function printable(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex -- finding control characters is the point.
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function shown(value: unknown): string {
  if (typeof value === "string") return /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  return jsonLine({ value }).slice('{"value":'.length, -1);
}

/** Writes lines in order, many at a time, dropping some rather than holding all. */
class LineWriter {
  readonly #write: (bytes: Uint8Array) => Promise<number>;
  readonly #encoder = new TextEncoder();
  #lines: string[] = [];
  #dropped = 0;
  #writing: Promise<void> | undefined;

  constructor(write: (bytes: Uint8Array) => Promise<number>) {
    this.#write = write;
  }

  add(line: string): void {
    if (this.#lines.length >= MAX_WAITING) this.#dropped += 1;
    else this.#lines.push(line);
    this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // Lets the lines of one turn of the event loop become one write.
    await Promise.resolve();
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      this.#lines = [];
      if (this.#dropped > 0) lines.push(`(${this.#dropped} lines dropped)`);
      this.#dropped = 0;
      let bytes = this.#encoder.encode(`${lines.join("\n")}\n`);
      try {
        while (bytes.byteLength > 0) bytes = bytes.subarray(await this.#write(bytes));
      } catch {
        // Nobody can be told that the log cannot be written.
      }
    }
  }
}
