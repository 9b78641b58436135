/**
 * Deno's own `compile` and `bundle`, and what to make of their complaints.
 * @module
 */
import { denoPath } from "../../isolation/deno_path.ts";
import { lines } from "../../isolation/lines.ts";
import { RunError, SetupError } from "../../run/error.ts";

/** Most bytes of a line that are told. */
const MAX_LINE_BYTES = 4096;

/** Systems that programs can be compiled for. */
export const TARGETS: readonly string[] = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-pc-windows-msvc",
  "aarch64-pc-windows-msvc",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
];

/** What is built. */
export interface BuildOptions {
  /** Path of the main module. */
  readonly main: string;
  /** Path of the result; with the ending `.js`, a script instead of a program. */
  readonly output: string;
  /** Flags by which imports are resolved. */
  readonly flags: readonly string[];
  /** Flags of what the program may do; a script is told them by whoever runs it. */
  readonly permissions: readonly string[];
  /** One of `TARGETS`. @default this system */
  readonly target: string | undefined;
  readonly minify: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told what Deno says, line by line. */
  readonly tell: (line: string) => void;
}

/**
 * Builds a program, or a script.
 *
 * @throws {SetupError} when the result cannot be written
 * @throws {RunError} `run-failed` when it fails otherwise
 * @throws the signal's reason
 */
export async function denoBuild(options: BuildOptions): Promise<void> {
  const { main, output, flags, permissions, target, minify, signal, tell } = options;
  signal.throwIfAborted();
  const common = [...flags, "--no-check", "--output", output];
  const args = output.endsWith(".js")
    ? ["bundle", "--quiet", "--platform=deno", ...minify ? ["--minify"] : [], ...common, main]
    : [
      "compile",
      ...common,
      ...permissions,
      ...target === undefined ? [] : ["--target", target],
      // A program that is one file starts faster; without, what is embedded can be read.
      ...minify ? ["--bundle", "--minify"] : ["--exclude-unused-npm"],
      main,
    ];
  const child = new Deno.Command(denoPath(), {
    args,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal,
  }).spawn();
  const complaint: string[] = [];
  for await (const line of lines(child.stderr, { maxBytes: MAX_LINE_BYTES, cut: true })) {
    if (complaint.length > 0 || line.startsWith("error:")) complaint.push(line);
    else tell(line);
  }
  const { success } = await child.status;
  signal.throwIfAborted();
  if (!success) throw failure(complaint.join("\n"));
}

function failure(said: string): Error {
  const [complaint = ""] = said.split(/^Stack backtrace:/m);
  const text = complaint.replace(/^error: /, "").replaceAll(/\s+/g, " ").trim().slice(0, 1000);
  if (/base binary|denort/.test(text)) {
    return new RunError(
      "run-failed",
      "Cannot compile: Deno cannot get its base binary, denort. Let it reach https://dl.deno.land, " +
        "set DENORT_BIN to the path of a denort of Deno's own version, or write a script with " +
        `--output FILE.js. Deno says: ${text}`,
    );
  }
  if (/os error|temporary file|cannot write|already exists/i.test(text)) {
    return new SetupError(`Cannot write the program: ${text}`, { path: "--output" });
  }
  return new RunError("run-failed", `Cannot compile: ${text || "Deno failed and said nothing"}`);
}
