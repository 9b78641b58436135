/**
 * One running guest: its process, its runs, and what it is held to.
 * @module
 */
import { Channel } from "../isolation/channel.ts";
import { OutputLog } from "../isolation/output_log.ts";
import { type ChildProcess, exitReason } from "../isolation/process.ts";
import { Rate } from "../isolation/rate.ts";
import { RunError, SetupError } from "../run/error.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { GuestCalls } from "./guest_calls.ts";
import { type CheckedMessage, readGuestMessage } from "./guest_check.ts";
import { errorOf } from "./guest_failure.ts";
import type { GuestModel, HostMessage } from "./guest_messages.ts";
import type { GuestRun } from "./guest_run.ts";
import { GuestRuns } from "./guest_runs.ts";
import type { GuestServices } from "./guest_services.ts";
import { GuestWatch } from "./guest_watch.ts";

/** What a guest's process is started for. */
export interface GuestProcessOptions {
  /** Names it in logs and errors. */
  readonly name: string;
  /** Starts the process. */
  readonly spawn: () => Promise<ChildProcess>;
  /** Absolute specifier of the module. */
  readonly specifier: string;
  /** Names what parked turns belong to, the same whenever the guest is started. @default the specifier */
  readonly owner?: string;
  /** The export to take. */
  readonly exportName: string | undefined;
  /** What it may use of its host. */
  readonly services: GuestServices;
  /** Longest time until it is ready, in milliseconds. */
  readonly startTimeoutMs: number;
  /** Longest silence while something is asked of it, in milliseconds. */
  readonly hangMs: number;
  /** Ends it while it is not ready. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const MAX_QUEUED_BYTES = 128 * 1024 * 1024;
/** Log lines a second, and at once: many times what a guest's own program lets through. */
const LOGS = { perSecond: 1000, burst: 10_000 };

/** What a guest says before it is ready, or instead. */
const FIRST_TYPES: ReadonlySet<string> = new Set<CheckedMessage["type"]>([
  "ready",
  "failed",
  "log",
]);

type Said<Type extends CheckedMessage["type"]> = Extract<CheckedMessage, { readonly type: Type }>;

/** A guest from its start to its end. */
export class GuestProcess implements AsyncDisposable {
  /** Settles once it can answer no more, with the reason; an empty one where the host stopped it. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #options: GuestProcessOptions;
  readonly #channel: Channel;
  readonly #calls: GuestCalls;
  readonly #watch: GuestWatch;
  readonly #log: OutputLog;
  readonly #logs: Rate;
  readonly #runs: GuestRuns;
  readonly #ready = Promise.withResolvers<readonly GuestModel[]>();
  readonly #end = Promise.withResolvers<string>();
  #answered = false;
  /** Why it can answer no more. */
  #reason: string | undefined;
  #stopping = false;

  private constructor(process: ChildProcess, options: GuestProcessOptions) {
    const { name, clock, logger, hangMs } = options;
    this.#process = process;
    this.#options = options;
    this.#log = new OutputLog({ fields: { module: name }, logger, clock });
    this.#logs = new Rate({ ...LOGS, clock });
    this.#channel = new Channel(process, {
      maxMessageBytes: MAX_MESSAGE_BYTES,
      maxQueuedBytes: MAX_QUEUED_BYTES,
      onLine: (line) => this.#take(readGuestMessage(line), line.length),
      onBreach: (reason) => this.#kill(`${reason[0]!.toLowerCase()}${reason.slice(1)}`),
      clock,
    });
    this.#calls = new GuestCalls({
      send: this.#send,
      onFailure: (service, error) =>
        logger.log("warn", "Service of a guest failed", {
          module: name,
          service,
          detail: error instanceof Error ? error.message : String(error),
        }),
      clock,
    });
    this.#watch = new GuestWatch({
      pid: process.pid,
      clock,
      hangMs,
      ping: (ping) => this.#send({ type: "ping", ping }),
      onFault: (reason) => this.#kill(reason),
    });
    this.#runs = new GuestRuns({
      ...options,
      send: this.#send,
      onStopped: (run) => this.#calls.cancelRun(run),
      onCount: (runs) => this.#watch.busy(runs),
      onFault: (reason) => this.#kill(reason),
    });
    this.ended = this.#end.promise;
    void this.#follow();
  }

  /**
   * Starts a guest and waits until its module is loaded.
   *
   * @throws {SetupError} when the module cannot be served
   * @throws {RunError} `model-unavailable` when it ends or takes too long before
   * @throws the signal's reason
   */
  static async start(
    options: GuestProcessOptions,
  ): Promise<{ readonly guest: GuestProcess; readonly models: readonly GuestModel[] }> {
    const { clock, signal, startTimeoutMs } = options;
    const guest = new GuestProcess(await options.spawn(), options);
    const cancel = clock.schedule(
      startTimeoutMs,
      () => guest.#kill(`was not ready within ${startTimeoutMs} ms`),
    );
    try {
      return { guest, models: await untilAborted(guest.#hello(), signal) };
    } catch (error) {
      guest.#kill("did not start");
      await guest.#process.ended;
      await guest.#channel.end();
      throw error;
    } finally {
      cancel();
    }
  }

  /** Whether it can answer. */
  get alive(): boolean {
    return this.#reason === undefined && !this.#stopping;
  }

  /**
   * Answers a request.
   *
   * @throws {RunError} `model-unavailable` when it can answer no more, `backend-overloaded` when too
   *   many runs are going on
   */
  run(model: string | undefined, request: RunRequest, context: RunContext): GuestRun {
    context.signal.throwIfAborted();
    if (!this.alive) throw this.#unavailable(this.#reason || "is stopped");
    return this.#runs.begin(model, request, context);
  }

  /** Looks whether it answers. */
  async check(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#watch.pong(), signal);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#send({ type: "stop" });
    await this.#process.stop();
    await this.ended;
    await this.#channel.end();
  }

  async #hello(): Promise<readonly GuestModel[]> {
    const { specifier, exportName, services } = this.#options;
    const backends = Object.fromEntries(
      Array.from(services.backends, ([name, { profile }]) => [name, profile]),
    );
    const mcps = [...services.mcps.keys()];
    this.#send({ type: "start", protocol: 1, specifier, exportName, backends, mcps });
    const gone = this.ended.then((reason) => {
      throw this.#unavailable(reason);
    });
    return await Promise.race([this.#ready.promise, gone]);
  }

  readonly #send = (message: HostMessage): void => this.#channel.send(message);

  #take(message: CheckedMessage, chars: number): void {
    if (this.#reason !== undefined) return;
    if (!this.#answered && !FIRST_TYPES.has(message.type)) {
      throw new Error("Spoke before it was ready");
    }
    switch (message.type) {
      case "ready":
      case "failed":
        return this.#onStart(message);
      case "events":
        return this.#runs.of(message.run).run.take(message.events, chars);
      case "done":
        this.#runs.of(message.run).run.end();
        return this.#runs.forget(message.run);
      case "error":
        this.#runs.of(message.run).run.fail(errorOf(message.error));
        return this.#runs.forget(message.run);
      case "pong":
        return this.#watch.onPong(message.ping);
      case "call":
        return this.#calls.begin(message, this.#runs.formerly(message.run)?.services);
      case "taken":
        return this.#calls.taken(message);
      case "cancel":
        return this.#calls.cancel(message);
      case "log":
        if (this.#logs.take(1) > 0) throw new Error("Told far too much");
        return this.#log.tell(message.level, "Guest tells", message.message);
      default:
        return message satisfies never;
    }
  }

  #onStart(message: Said<"ready"> | Said<"failed">): void {
    if (this.#answered) throw new Error("Started twice");
    this.#answered = true;
    if (message.type === "ready") return this.#ready.resolve(message.models);
    const { name } = this.#options;
    this.#ready.reject(new SetupError(`Cannot serve module "${name}": ${message.message}`));
  }

  #kill(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#over(reason);
    this.#process.kill().catch(() => {});
  }

  async #follow(): Promise<void> {
    const status = await this.#process.ended;
    // What it wrote last may be the end of a run.
    await this.#channel.end();
    if (this.#reason === undefined) this.#over(this.#stopping ? "" : endOf(status));
  }

  /** Whoever waits need not wait for the process to be gone. */
  #over(reason: string): void {
    this.#reason = reason;
    this.#channel.close();
    this.#watch.stop();
    this.#log.tellLeftOut();
    this.#runs.failAll(() => this.#unavailable(reason || "is stopped"));
    this.#end.resolve(reason);
  }

  #unavailable(reason: string): RunError {
    return new RunError("model-unavailable", `Guest "${this.#options.name}" ${reason}`);
  }
}

/** How V8 ends a process that has no memory left. */
const OUT_OF_MEMORY = new Set([133, 134]);

function endOf(status: Deno.CommandStatus): string {
  if (
    OUT_OF_MEMORY.has(status.code) || status.signal === "SIGTRAP" || status.signal === "SIGABRT"
  ) {
    return `ran out of memory or crashed (${exitReason(status)})`;
  }
  return `ended: ${exitReason(status)}`;
}
