/**
 * A process that runs code a model wrote: without permissions, within limits, for one run.
 * @module
 */
import { Channel } from "../isolation/channel.ts";
import { requireDeno } from "../isolation/deno_path.ts";
import { ChildProcess, exitReason } from "../isolation/process.ts";
import { programUrl } from "../isolation/program_url.ts";
import type { Clock } from "../run/seams.ts";
import main from "./sandbox/main.ts" with { type: "text" };
import { type Evaluation, SandboxEvaluation } from "./sandbox_evaluation.ts";
import { readSandboxMessage, type ToSandbox } from "./sandbox_messages.ts";

/** What a sandbox is held to. */
export interface SandboxLimits {
  /** Most bytes of memory. @default 256 MiB */
  readonly maxMemoryBytes?: number;
  /** Most seconds of processor time, of all code together. @default 60 */
  readonly maxCpuS?: number;
  /** Longest one piece of code may run, the time it waits for tools aside, in milliseconds. @default 30000 */
  readonly maxRunMs?: number;
  /** Most characters that one piece of code may print. @default 10485760 */
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
  /** Does a call; what it throws is thrown where the code called. */
  readonly call: (name: string, args: unknown) => Promise<unknown>;
}

const START_MS = 10_000;
const MAX_QUEUED_BYTES = 256 * 1024 * 1024;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** Of a process of Deno's own, most of it only reserved; see `module/guest_box.ts`. */
const BASE_MEMORY_BYTES = 576 * 1024 * 1024;
const THREAD_MEMORY_BYTES = 16 * 1024 * 1024;

/** What Deno would keep for web pages, and for code that is made up at run time. */
const CLOSED = ["location_data", "gen"] as const;

/** A sandbox from its start to its end. */
export class Sandbox implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #options: SandboxOptions;
  readonly #channel: Channel;
  readonly #folder: string;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  #evaluation: SandboxEvaluation | undefined;
  #declared = new Set<string>();
  #end: string | undefined;

  private constructor(process: ChildProcess, folder: string, options: SandboxOptions) {
    this.#process = process;
    this.#folder = folder;
    this.#options = options;
    void process.stderr.cancel();
    this.#channel = new Channel(process, {
      maxMessageBytes: options.limits.maxOutputChars * 4 + 16 * 1024 * 1024,
      maxQueuedBytes: MAX_QUEUED_BYTES,
      onLine: (line) => this.#take(line),
      onBreach: (reason) => this.#kill(reason),
      clock: options.clock,
    });
    this.#ended = this.#follow();
  }

  /**
   * Starts one.
   *
   * @throws {SetupError} when there is no Deno to run it
   * @throws {Error} when it does not become ready
   */
  static async start(options: SandboxOptions): Promise<Sandbox> {
    const { limits, clock } = options;
    const command = await requireDeno("code_mode");
    const folder = await Deno.makeTempDir({ prefix: "fakellm-code-" });
    await Promise.all(CLOSED.map((name) => Deno.writeFile(`${folder}/${name}`, new Uint8Array())));
    const process = await ChildProcess.start({
      command,
      args: argumentsOf(limits),
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        DENO_DIR: folder,
        DENO_NO_UPDATE_CHECK: "1",
        NO_COLOR: "1",
      },
      cwd: folder,
      clock,
      limits: {
        memoryBytes: BASE_MEMORY_BYTES + THREAD_MEMORY_BYTES * navigator.hardwareConcurrency +
          limits.maxMemoryBytes,
        fileBytes: MAX_FILE_BYTES,
        cpuS: limits.maxCpuS,
      },
    });
    const sandbox = new Sandbox(process, folder, options);
    const cancel = clock.schedule(START_MS, () => sandbox.#kill("was not ready in time"));
    try {
      await sandbox.#ready.promise;
    } catch (error) {
      await sandbox[Symbol.asyncDispose]();
      throw error;
    } finally {
      cancel();
    }
    return sandbox;
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
    const evaluation = this.#evaluation = new SandboxEvaluation({
      limits,
      clock,
      send,
      functions: new Set(functions),
      call,
      onTooLong: () => this.#kill(`ran for more than ${limits.maxRunMs / 1000} s`),
    });
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
      evaluation.stop();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends it. Resolves when nothing of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill("was ended");
    await this.#ended;
  }

  #take(line: string): void {
    const message = readSandboxMessage(line);
    if (message.type === "ready") return this.#ready.resolve();
    if (!this.#evaluation) {
      // Code that went on after its end may still call.
      if (message.type === "call") return;
      throw new Error("spoke without being asked");
    }
    this.#evaluation.take(message);
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
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
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
    program ??= programUrl({ "./main.ts": main }, "./main.ts"),
  ];
}

let program: string | undefined;

function reasonOf(status: Deno.CommandStatus): string {
  switch (status.signal) {
    case "SIGTRAP":
    case "SIGABRT":
      return "ran out of memory or crashed";
    case "SIGXCPU":
    case "SIGKILL":
      return "used too much processor time";
    default:
      return status.code === 133 || status.code === 134
        ? "ran out of memory or crashed"
        : `ended (${exitReason(status)})`;
  }
}
