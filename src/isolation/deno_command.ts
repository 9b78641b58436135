/**
 * Short commands of Deno, which run no code of anybody else.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { Clock } from "../run/seams.ts";
import { denoMemoryBytes } from "./deno_memory.ts";
import { denoPath } from "./deno_path.ts";
import { ChildProcess, exitReason } from "./process.ts";

/** What a command printed; it succeeded. */
export interface DenoOutput {
  /** Standard output. */
  readonly stdout: string;
}

/** How a command is run. */
export interface DenoCommandOptions {
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Longest it may take, in milliseconds. @default 60000 */
  readonly deadlineMs?: number;
  /** Times it. */
  readonly clock: Clock;
}

/** Longest a command may take, in milliseconds. */
const DEADLINE_MS = 60_000;

/** Most bytes that are read of what a command says. */
const MAX_STDOUT_BYTES = 64 * 1024 * 1024;
const MAX_STDERR_BYTES = 1024 * 1024;

/** Most bytes of memory for what it downloads and reads. */
const MEMORY_BYTES = 4 * 1024 * 1024 * 1024;

/**
 * Runs Deno in this process's environment, to its end. It ends with this process, too.
 *
 * @throws {RunError} `run-failed` with what it said on standard error when it fails, or when that is too
 *   much
 * @throws {RunError} `backend-timeout` when it takes too long
 * @throws {RunError} `backend-down` when there is no Deno to run
 */
export async function denoCommand(
  args: readonly string[],
  { signal, deadlineMs = DEADLINE_MS, clock }: DenoCommandOptions,
): Promise<DenoOutput> {
  signal?.throwIfAborted();
  const path = denoPath();
  const child = await start(path, { args, clock });
  let failure: RunError | undefined;
  const end = (error?: RunError) => {
    failure ??= error;
    void child.kill();
  };
  const abort = () => end();
  const cancel = clock.schedule(
    deadlineMs,
    () => end(new RunError("backend-timeout", `it took longer than ${deadlineMs / 1000} s`)),
  );
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  try {
    const tooMuch = () => end(new RunError("run-failed", "Deno said too much"));
    const [stdout, stderr, status] = await Promise.all([
      textOf(child.stdout, { maxBytes: MAX_STDOUT_BYTES, tooMuch }),
      // Of complaints the first ones matter.
      textOf(child.stderr, { maxBytes: MAX_STDERR_BYTES }),
      child.ended,
    ]);
    signal?.throwIfAborted();
    if (failure) throw failure;
    if (status.success) return { stdout };
    if (status.code === 126 || status.code === 127) {
      throw new RunError("backend-down", `Cannot run "${path}": ${exitReason(status)}`);
    }
    throw new RunError("run-failed", said(stderr));
  } finally {
    cancel();
    signal?.removeEventListener("abort", abort);
  }
}

async function start(
  path: string,
  { args, clock }: { readonly args: readonly string[]; readonly clock: Clock },
): Promise<ChildProcess> {
  try {
    return await ChildProcess.start({
      command: path,
      args,
      env: {
        ...Deno.env.toObject(),
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
        DENO_NO_PROMPT: "1",
      },
      limits: { memoryBytes: denoMemoryBytes(MEMORY_BYTES) },
      clock,
    });
  } catch (cause) {
    throw new RunError("backend-down", `Cannot run "${path}": ${messageOf(cause)}`, { cause });
  }
}

/** Reads to the end; what comes after the first bytes is dropped. */
async function textOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  { maxBytes, tooMuch }: { readonly maxBytes: number; readonly tooMuch?: () => void },
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes <= maxBytes) text += decoder.decode(chunk, { stream: true });
    else tooMuch?.();
  }
  return text + decoder.decode();
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
