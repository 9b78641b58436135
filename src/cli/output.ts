/**
 * The command line's way out: results on standard output, everything else on standard error.
 * @module
 */
import type { SetupError } from "../run/error.ts";

/** What commands see of the outside. */
export interface Terminal {
  /** Writes one line of a result to standard output. */
  out(line: string): void;
  /** Writes one line to standard error. */
  err(line: string): void;
  /** A variable of the environment. */
  env(name: string): string | undefined;
  /** Whether standard error may be coloured. */
  readonly colour: boolean;
}

/** The process's own output and environment. */
export function systemTerminal(): Terminal {
  return {
    out: (line) => writeAll(Deno.stdout, line),
    err: (line) => writeAll(Deno.stderr, line),
    env: (name) => Deno.env.get(name),
    colour: !Deno.noColor && Deno.stderr.isTerminal(),
  };
}

const encoder = new TextEncoder();

function writeAll(stream: typeof Deno.stdout | typeof Deno.stderr, line: string): void {
  let bytes = encoder.encode(`${line}\n`);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    // The reader left, as `head` does: nobody is there to be told.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Prints every problem of `error`, one a line. */
export function printProblems(terminal: Terminal, error: SetupError): void {
  for (const { path, message } of error.problems) {
    const line = path === "" ? message : `${path}: ${message}`;
    terminal.err(line.replaceAll(/\s*\n\s*/g, " "));
  }
}
