/**
 * What a guest says to its host, and what its module prints.
 * @module
 */
import process from "node:process";
import { setImmediate } from "node:timers";
import type { RunEvent } from "../../run/event.ts";
import type { GuestMessage } from "../guest_messages.ts";

/** What waits this long is written at once. */
const WRITTEN_AT_ONCE_CHARS = 4096;

/** Most log lines of a second: the host tells fewer, and ends whoever sends far too many. */
const MAX_LOGS_A_SECOND = 100;

/** Lines to the host; what is said at once is written together, as long as it is not too much. */
class Output {
  readonly #stdout = Deno.stdout;
  readonly #encoder = new TextEncoder();
  /** Lines, and events that are to be one line, by pieces. */
  #waiting: (string | string[])[] = [];
  #waitingChars = 0;
  /** Run -> where its further events go, as long as nothing else is said of it. */
  readonly #gathering = new Map<number, string[]>();
  #scheduled = false;
  #second = 0;
  #logs = 0;

  send(message: GuestMessage): void {
    if ("run" in message) this.#gathering.delete(message.run);
    const line = `${JSON.stringify(message)}\n`;
    this.#waiting.push(line);
    this.#added(line.length);
  }

  /** One of a run's events. Throws where it cannot be written down. */
  sendEvent(run: number, event: RunEvent): void {
    const json = JSON.stringify(shortened(event));
    if (json === undefined) throw new TypeError("Event is nothing that can be written down");
    const gathering = this.#gathering.get(run);
    if (gathering) gathering.push(",", json);
    else {
      const pieces = [`{"type":"events","run":${run},"events":[`, json];
      this.#gathering.set(run, pieces);
      this.#waiting.push(pieces);
    }
    this.#added(json.length);
  }

  /** A line for the operator; some are left out where there are too many. */
  log(level: Extract<GuestMessage, { readonly type: "log" }>["level"], message: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#logs = 0;
    this.#second = second;
    this.#logs += 1;
    if (this.#logs <= MAX_LOGS_A_SECOND) {
      this.send({ type: "log", level, message: message.slice(0, 2000) });
    }
  }

  #added(chars: number): void {
    this.#waitingChars += chars;
    // The host can work on it while more is being made.
    if (this.#waitingChars >= WRITTEN_AT_ONCE_CHARS) this.#write();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#write();
      });
    }
  }

  #write(): void {
    const lines = this.#waiting;
    this.#waiting = [];
    this.#waitingChars = 0;
    this.#gathering.clear();
    const texts = lines.map((line) => typeof line === "string" ? line : `${line.join("")}]}\n`);
    let bytes = this.#encoder.encode(texts.join(""));
    while (bytes.length > 0) bytes = bytes.subarray(this.#stdout.writeSync(bytes));
  }
}

/** What nearly all events are is told by its text alone: it costs a fraction to read. */
function shortened(event: RunEvent): RunEvent | string {
  return event.type === "text-delta" && event.logprobs === undefined ? event.text : event;
}

/** The way to the host. */
export const output = new Output();

/** What a module prints belongs to the log: standard output is taken. */
export function keepOutput(): void {
  const { stderr } = Deno;
  const print = (...values: readonly unknown[]) => {
    const texts = values.map((value) => typeof value === "string" ? value : Deno.inspect(value));
    stderr.writeSync(new TextEncoder().encode(`${texts.join(" ")}\n`));
  };
  for (const name of ["log", "info", "debug", "dir", "table", "trace", "warn", "error"] as const) {
    // deno-lint-ignore no-console -- whatever a module prints goes elsewhere.
    console[name] = print;
  }
  Object.defineProperty(Deno, "stdout", { value: stderr });
  Object.defineProperty(process, "stdout", { get: () => process.stderr });
  // One run's loose end must not take the others with it.
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    output.log("warn", `Unhandled rejection: ${shown(event.reason)}`);
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    output.log("warn", `Uncaught: ${event.message}`);
  });
}

/**
 * Anything can be thrown, even what cannot be made text. As in `failure.ts`, whose text would come into
 * the program once more if it were imported here, too: an argument has no room for that.
 */
function shown(value: unknown): string {
  try {
    return `${value}`;
  } catch {
    return typeof value;
  }
}
