/**
 * A process that runs code a model wrote: without permissions, within limits, for one run.
 * @module
 */
import { Channel } from "../isolation/channel.ts";
import { denoMemoryBytes } from "../isolation/deno_memory.ts";
import { NO_GPU } from "../isolation/no_gpu.ts";
import { requireDeno } from "../isolation/deno_path.ts";
import { ChildProcess, exitReason } from "../isolation/process.ts";
import { programUrl } from "../isolation/program_url.ts";
import type { Clock } from "../run/seams.ts";
import main from "./sandbox/main.ts" with { type: "text" };
import sandboxLimits from "./sandbox/limits.ts" with { type: "text" };
import printed from "./sandbox/printed.ts" with { type: "text" };
import script from "./sandbox/script.ts" with { type: "text" };
import stack from "./sandbox/stack.ts" with { type: "text" };
import topLevel from "./sandbox/top_level.ts" with { type: "text" };
import written from "./sandbox/written.ts" with { type: "text" };
import { ENDED_TEXT, type Evaluation, SandboxEvaluation } from "./sandbox_evaluation.ts";
import { callTooLarge, readSandboxMessage, type ToSandbox } from "./sandbox_messages.ts";

/** What a sandbox is held to. */
export interface SandboxLimits {
  /** Most bytes of memory. @default 256 MiB */
  readonly maxMemoryBytes?: number;
  /** Most seconds of processor time, of all code since its last reset together. @default 60 */
  readonly maxCpuS?: number;
  /** Longest one piece of code may run, the time it waits for tools aside, in milliseconds. @default 30000 */
  readonly maxRunMs?: number;
  /** Most characters that one piece of code may print, and that its result may have. @default 10485760 */
  readonly maxOutputChars?: number;
  /** Most calls of tools by one piece of code. @default 100 */
  readonly maxCalls?: number;
  /** Most calls of tools in one run. @default 1000 */
  readonly maxRunCalls?: number;
}

/** Limits where nobody sets others. */
export const SANDBOX_LIMITS: Required<SandboxLimits> = {
  maxMemoryBytes: 256 * 1024 * 1024,
  maxCpuS: 60,
  maxRunMs: 30_000,
  maxOutputChars: 10 * 1024 * 1024,
  maxCalls: 100,
  maxRunCalls: 1000,
};

/** What sandboxes are started with. */
export interface SandboxOptions {
  readonly limits: Required<SandboxLimits>;
  readonly clock: Clock;
}

/** How code is run. */
export interface EvaluateOptions {
  /** Ends the wait, and the sandbox. */
  readonly signal: AbortSignal;
  /** Names of the functions that code can call. */
  readonly functions: readonly string[];
  /** Does a call; a `CallError` is thrown where the code called. */
  readonly call: (name: string, args: unknown) => Promise<unknown>;
}

const START_MS = 10_000;
const MAX_QUEUED_BYTES = 256 * 1024 * 1024;
/** Bytes of a message besides what it tells. */
const SPARE_BYTES = 1024 * 1024;
/** Lines that are forgiven, besides the calls that a piece of code may make. */
const SPARE_LINES = 1000;

/** Deno does without a folder of its own: nothing that code keeps, or makes up at run time, has a place. */
const NO_FOLDER = Deno.build.os === "windows" ? "NUL\\none" : "/dev/null/none";

const ENVIRONMENT = {
  DENO_DIR: NO_FOLDER,
  ...NO_GPU,
  DENO_NO_PACKAGE_JSON: "1",
  DENO_NO_UPDATE_CHECK: "1",
  NO_COLOR: "1",
};

/** The files of the program, by the names they know each other by. */
export const SANDBOX_FILES: Readonly<Record<string, string>> = {
  "./main.ts": main,
  "./limits.ts": sandboxLimits,
  "./printed.ts": printed,
  "./script.ts": script,
  "./stack.ts": stack,
  "./top_level.ts": topLevel,
  "./written.ts": written,
};

/** A sandbox from its start to its end. */
export class Sandbox implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #options: SandboxOptions;
  readonly #channel: Channel;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  #evaluation: SandboxEvaluation | undefined;
  #declared = new Set<string>();
  #isReady = false;
  /** Since the last piece of code began. */
  #lines = 0;
  #end: string | undefined;

  private constructor(process: ChildProcess, options: SandboxOptions) {
    this.#process = process;
    this.#options = options;
    void process.stderr.cancel();
    this.#channel = new Channel(process, {
      maxMessageBytes: options.limits.maxOutputChars * 4 + SPARE_BYTES,
      maxQueuedBytes: MAX_QUEUED_BYTES,
      onLine: (line) => this.#take(line),
      onBreach: (reason) => this.#kill(reason.charAt(0).toLowerCase() + reason.slice(1)),
      clock: options.clock,
    });
    this.#ended = this.#follow();
  }

  /**
   * Starts one.
   *
   * @param signal ends the start
   * @throws {SetupError} when there is no Deno to run it
   * @throws {Error} when it does not become ready
   */
  static async start(options: SandboxOptions, signal?: AbortSignal): Promise<Sandbox> {
    const sandbox = await Sandbox.#spawn(options);
    const cancel = options.clock.schedule(START_MS, () => sandbox.#kill("was not ready in time"));
    const onAbort = () => sandbox.#kill("was stopped");
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    try {
      await sandbox.#ready.promise;
    } catch (error) {
      await sandbox[Symbol.asyncDispose]();
      throw error;
    } finally {
      cancel();
      signal?.removeEventListener("abort", onAbort);
    }
    return sandbox;
  }

  static async #spawn(options: SandboxOptions): Promise<Sandbox> {
    const { limits, clock } = options;
    const command = await requireDeno("code_mode");
    const process = await ChildProcess.start({
      command,
      args: argumentsOf(limits),
      // The shell that starts it may have to find it.
      env: { ...ENVIRONMENT, PATH: Deno.env.get("PATH") ?? "" },
      cwd: "/",
      clock,
      limits: {
        memoryBytes: denoMemoryBytes(limits.maxMemoryBytes),
        fileBytes: 0,
        cpuS: limits.maxCpuS,
      },
    });
    return new Sandbox(process, options);
  }

  /** Whether it can run code. */
  get alive(): boolean {
    return this.#end === undefined;
  }

  /** Runs code. One piece at a time; later ones find what earlier ones declared. */
  async evaluate(code: string, options: EvaluateOptions): Promise<Evaluation> {
    const { signal, functions, call } = options;
    signal.throwIfAborted();
    if (this.#evaluation) throw new Error("Sandbox runs code already");
    const { limits, clock } = this.#options;
    const send = (message: ToSandbox) => this.#channel.send(message);
    const evaluation = new SandboxEvaluation({
      limits,
      clock,
      send,
      functions: new Set(functions),
      call,
      onTooLong: () => this.#kill(`ran for more than ${limits.maxRunMs / 1000} s`),
    });
    this.#evaluation = evaluation;
    this.#lines = 0;
    const onAbort = () => this.#kill("was stopped");
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (this.#end !== undefined) evaluation.crash(this.#end);
      const names = functions.filter((name) => !this.#declared.has(name));
      for (const name of names) this.#declared.add(name);
      if (names.length > 0) send({ type: "functions", names });
      send({ type: "evaluate", code, maxOutputChars: limits.maxOutputChars });
      return await evaluation.result;
    } finally {
      this.#evaluation = undefined;
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends it. Resolves when nothing of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill("was ended");
    await this.#ended;
  }

  #take(line: string): void {
    this.#lines += 1;
    if (this.#lines > this.#options.limits.maxCalls + SPARE_LINES) {
      throw new Error("called without end");
    }
    const message = readSandboxMessage(line);
    if (message.type === "ready") return this.#onReady();
    if (message.type === "call") {
      const refusal = this.#evaluation ? callTooLarge(line) : ENDED_TEXT;
      if (refusal !== undefined) {
        return this.#channel.send({ type: "error", call: message.call, message: refusal });
      }
    }
    if (!this.#evaluation) throw new Error("spoke without being asked");
    this.#evaluation.take(message);
  }

  #onReady(): void {
    if (this.#isReady) throw new Error("was ready twice");
    this.#isReady = true;
    this.#ready.resolve();
  }

  #kill(reason: string): void {
    if (this.#end !== undefined) return;
    this.#over(reason);
    void this.#process.kill();
  }

  #over(reason: string): void {
    this.#end = reason;
    this.#ready.reject(new Error(`Sandbox ${reason}`));
    this.#ready.promise.catch(() => {});
    this.#evaluation?.crash(reason);
  }

  async #follow(): Promise<void> {
    const status = await this.#process.ended;
    await this.#channel.end();
    if (this.#end === undefined) this.#over(reasonOf(status));
  }
}

function argumentsOf({ maxMemoryBytes }: Required<SandboxLimits>): string[] {
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--no-code-cache",
    "--deny-import",
    "--ignore-env",
    // The inspector runs the code; it is opened first, and the permission given back.
    "--allow-sys",
    `--v8-flags=--max-old-space-size=${Math.ceil(maxMemoryBytes / 1024 / 1024)}`,
    program ??= programUrl(SANDBOX_FILES, "./main.ts"),
  ];
}

let program: string | undefined;

function reasonOf(status: Deno.CommandStatus): string {
  switch (status.signal) {
    case "SIGTRAP":
    case "SIGABRT":
    case "SIGSEGV":
      return CRASHED;
    case "SIGXCPU":
    case "SIGKILL":
      return "used too much processor time or memory";
    default:
      return [132, 133, 134, 139].includes(status.code) ? CRASHED : `ended (${exitReason(status)})`;
  }
}

/** Deno itself falls over when its process is left from within the inspector. */
const CRASHED = "ran out of memory, or left its process";
