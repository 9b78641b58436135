/**
 * Short commands of Deno, which run no code of anybody else.
 * @module
 */
import { RunError } from "../run/error.ts";
import { denoPath } from "./deno_path.ts";

/** What a command printed; it succeeded. */
export interface DenoOutput {
  /** Standard output. */
  readonly stdout: string;
}

/**
 * Runs Deno in this process's environment, to its end.
 *
 * @throws {RunError} `run-failed` with what it said on standard error when it fails
 * @throws {RunError} `backend-down` when there is no Deno to run
 */
export async function denoCommand(
  args: readonly string[],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<DenoOutput> {
  const path = denoPath();
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(path, {
      args: [...args],
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", DENO_NO_PROMPT: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal,
    }).output();
  } catch (cause) {
    signal?.throwIfAborted();
    const why = cause instanceof Deno.errors.NotFound ? "no such program" : messageOf(cause);
    throw new RunError("backend-down", `Cannot run "${path}": ${why}`, { cause });
  }
  signal?.throwIfAborted();
  const decoder = new TextDecoder();
  if (output.success) return { stdout: decoder.decode(output.stdout) };
  throw new RunError("run-failed", said(decoder.decode(output.stderr)));
}

/** What Deno complains of, without its progress and its place in code. */
function said(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim())
    .filter((line) =>
      line !== "" && !/^(?:Download|Check|Warning|Initialize) |^Stack backtrace:|^\d+: </.test(line)
    );
  const from = lines.findIndex((line) => line.startsWith("error:"));
  const complaint = from < 0 ? lines : lines.slice(from);
  return complaint.filter((line) => !line.startsWith("at ")).join(" ").replace(/^error: /, "")
    .slice(0, 1000) || "Deno failed and said nothing";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
