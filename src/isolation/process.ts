/**
 * Child processes that end with this one, whole trees of them.
 * @module
 */
import { SetupError } from "../run/error.ts";
import type { Clock } from "../run/seams.ts";
import { type GroupSignal, Warden } from "./warden.ts";

/** What the system holds a process to. A process that goes further fails, or is ended. */
export interface ProcessLimits {
  /**
   * Most bytes of memory of its own: allocations beyond fail. Enforced by Linux, which, where the whole
   * machine runs out of memory, ends this process before any other.
   */
  readonly memoryBytes?: number;
  /** Most bytes of any file it writes, 0 for none at all: writes beyond fail. */
  readonly fileBytes?: number;
  /** Most seconds of work of its processor, all its life. */
  readonly cpuS?: number;
}

/** What a process is started with. */
export interface ProcessOptions {
  /** Program, by path or as found on `PATH` of `env`. */
  readonly command: string;
  /** Arguments, passed on as they are; no shell reads them. @default none */
  readonly args?: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder it starts in. @default this process's */
  readonly cwd?: string;
  /** Folder that is removed when this process is gone before it has ended the program. @default none */
  readonly folder?: string;
  /** What the system holds it to, where it can: not on Windows. @default nothing */
  readonly limits?: ProcessLimits;
  /** Times `stop`. */
  readonly clock: Clock;
}

/** How long a process may take to end, in milliseconds: when its input ends, and when it is asked. */
const STOP_STEPS_MS: readonly (readonly [number, GroupSignal])[] = [[300, "TERM"], [1000, "KILL"]];

/** What a shell exits with when it cannot run a program. */
const NOT_RUN: Readonly<Record<number, string>> = {
  126: "it cannot be executed",
  127: "no such program",
};

const warden = new Warden();

/**
 * Waits for a line before it becomes the program, so that the program never runs unguarded: when
 * this process ends in between, the line does not come.
 */
const LAUNCHER = 'read -r _ || exit 0; exec "$@"';

/** Whoever may write little leaves no core behind; a write beyond the limit fails, and ends nobody. */
const SMALL_FILES = 'trap "" XFSZ; ulimit -c 0; ';

/** Where the whole machine has no memory left. */
const FIRST_TO_GO = "{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; ";

/** Words of a shell that hold it, and what it becomes, to limits. */
function limiting({ memoryBytes, fileBytes, cpuS }: ProcessLimits): string {
  return [
    // In units of 1024 bytes; of 512; in seconds.
    memoryBytes === undefined ? "" : FIRST_TO_GO + `ulimit -d ${Math.ceil(memoryBytes / 1024)}; `,
    fileBytes === undefined ? "" : SMALL_FILES + `ulimit -f ${Math.ceil(fileBytes / 512)}; `,
    cpuS === undefined ? "" : `ulimit -t ${Math.ceil(cpuS)}; `,
  ].join("");
}

/**
 * A running program. It leads a process group, and everything that stays in the group ends with it.
 * Its input, output and errors are piped: read them, or it may wait for ever.
 */
export class ChildProcess implements AsyncDisposable {
  /** Number of the process and of its group. */
  readonly pid: number;
  /** What it writes to standard output. */
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What it writes to standard error. */
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Settles when it has ended and what is left of its group has been killed. */
  readonly ended: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #clock: Clock;
  readonly #guarded: boolean;
  #over = false;

  private constructor(child: Deno.ChildProcess, clock: Clock, guarded: boolean) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#clock = clock;
    this.#guarded = guarded;
    this.pid = child.pid;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.ended = this.#follow();
  }

  /**
   * Starts a program.
   *
   * @throws {SetupError} when it cannot be started: no such folder, or no permission to run it. A
   *   program that is not there ends at once; `exitReason` tells it.
   */
  static async start(options: ProcessOptions): Promise<ChildProcess> {
    const { command, args = [], clock, limits = {} } = options;
    // Windows has neither groups nor a shell to guard them.
    const guarded = Deno.build.os !== "windows";
    const child = guarded
      ? spawn("sh", ["-c", limiting(limits) + LAUNCHER, "sh", command, ...args], options)
      : spawn(command, args, options);
    const process = new ChildProcess(child, clock, guarded);
    if (!guarded) return process;
    try {
      await warden.guard(child.pid, options.folder);
      await process.write(new TextEncoder().encode("\n"));
    } catch (error) {
      await process.kill();
      throw error;
    }
    return process;
  }

  /** Writes to standard input; rejects when nobody reads it any more. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#input.write(bytes);
  }

  /**
   * Ends the process: its input ends, then it is asked, then made to, within 1.3 seconds.
   */
  async stop(): Promise<void> {
    this.#input.close().catch(() => {});
    for (const [ms, signal] of STOP_STEPS_MS) {
      if (await this.#endsWithin(ms)) return;
      await this.#signal(signal);
    }
    await this.ended;
  }

  /** Ends the process and its group at once. */
  async kill(): Promise<void> {
    await this.#signal("KILL");
    this.#input.abort().catch(() => {});
    await this.ended;
  }

  /** Stops the process. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #follow(): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    this.#over = true;
    this.#input.close().catch(() => {});
    if (this.#guarded) await warden.release(this.pid);
    return status;
  }

  async #signal(signal: GroupSignal): Promise<void> {
    if (this.#over) return;
    if (this.#guarded) return await warden.signal(this.pid, signal);
    try {
      this.#child.kill(`SIG${signal}`);
    } catch {
      // It has ended by itself.
    }
  }

  #endsWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(ms, () => resolve(false));
      this.ended.then(() => {
        cancel();
        resolve(true);
      });
    });
  }
}

function spawn(command: string, args: readonly string[], options: ProcessOptions) {
  try {
    return new Deno.Command(command, {
      args: [...args],
      clearEnv: true,
      env: { ...options.env },
      cwd: options.cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: Deno.build.os !== "windows",
    }).spawn();
  } catch (cause) {
    throw new SetupError(`Cannot start "${options.command}": ${reasonOf(cause, options)}`, {
      cause,
    });
  }
}

function reasonOf(cause: unknown, { cwd }: ProcessOptions): string {
  if (cause instanceof Deno.errors.NotCapable) return `it needs --allow-run (${cause.message})`;
  if (cause instanceof Deno.errors.NotFound) {
    return cwd === undefined ? "no such program" : `no such program, or no folder "${cwd}"`;
  }
  return cause instanceof Error ? cause.message : "unknown reason";
}

/** How a process ended, for people. */
export function exitReason({ code, signal }: Deno.CommandStatus): string {
  if (signal !== null) return `ended by ${signal}`;
  return NOT_RUN[code] ?? `exit code ${code}`;
}
