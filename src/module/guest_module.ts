/**
 * A module that runs as a guest: resolved and pinned by the host, then run in a process of its own that
 * is started again whenever it ends.
 * @module
 */
import { BackOff } from "../isolation/back_off.ts";
import { checkOwnGrants, type Grants, normalGrants } from "../isolation/grant.ts";
import { checkKnownGrants } from "../isolation/known_grants.ts";
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { AwaitedRun } from "./awaited_run.ts";
import { type GuestBox, prepareGuest } from "./guest_box.ts";
import type { GuestModel } from "./guest_messages.ts";
import { GuestProcess } from "./guest_process.ts";
import { type GuestServices, NO_SERVICES } from "./guest_services.ts";

/** Which module, and what it may do. */
export interface GuestModuleOptions {
  /** Path or URL, without the export. */
  readonly specifier: string;
  /** JavaScript to run instead of what lies there; imports nothing. @default what lies there */
  readonly code?: string;
  /** The export to take. @default the default export, `agent` or `MODELS` */
  readonly exportName?: string;
  /** Absolute path that relative ones start from. */
  readonly folder: string;
  /** What it may do. */
  readonly grants: Grants;
  /** Hash that everything it is made of must have, as `sha256-…`. @default any */
  readonly integrity?: string;
  /** Names the model it serves, in errors. @default the module alone is named */
  readonly model?: string;
  /** What it may use of its host. @default nothing */
  readonly services?: GuestServices;
  /** Most bytes of memory. @default 512 MiB */
  readonly maxMemoryBytes?: number;
  /** Longest time until it is ready, in milliseconds. @default 30000 */
  readonly startTimeoutMs?: number;
  /** Longest silence while something is asked of it, in milliseconds. @default 10000 */
  readonly hangMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAX_MEMORY_BYTES = 512 * 1024 * 1024;
const START_TIMEOUT_MS = 30_000;
const HANG_MS = 10_000;

/** Longest a request waits for a process to be started again, in milliseconds. */
const MAX_WAIT_MS = 2000;

/** A module in a process of its own. */
export class GuestModule implements AsyncDisposable {
  readonly #options: GuestModuleOptions;
  readonly #backOff: BackOff;
  readonly #stop = new AbortController();
  #box: GuestBox | undefined;
  #models: readonly GuestModel[] = [];
  #guest: GuestProcess | undefined;
  #preparing: Promise<GuestBox> | undefined;
  #starting: Promise<GuestProcess> | undefined;
  #failure: RunError | undefined;
  /** Ends a pause between two attempts. */
  #wake: (() => void) | undefined;

  /** Starts nothing yet. */
  constructor(options: GuestModuleOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.clock);
  }

  /** What it exports; known once it has started. */
  get models(): readonly GuestModel[] {
    return this.#models;
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /**
   * Resolves the module, pins it, and starts its process.
   *
   * @throws {SetupError} when the module, its integrity or its grants are wrong
   * @throws {RunError} `model-unavailable` when its process does not become ready
   */
  async start(): Promise<void> {
    const { folder, grants, clock, logger } = this.#options;
    const normal = normalGrants(grants, folder);
    await checkOwnGrants(normal);
    await checkKnownGrants(normal, clock);
    this.#preparing = prepareGuest({
      ...this.#options,
      grants: normal,
      maxMemoryBytes: this.#options.maxMemoryBytes ?? MAX_MEMORY_BYTES,
      signal: this.#stop.signal,
    });
    const box = this.#box = await this.#preparing;
    logger.log("info", "Guest may do this and nothing else", { module: box.name, ...box.sheet });
    try {
      await this.#startNext();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Answers a request; waits for a process that is being started again.
   *
   * @param options `maxSeconds`: most seconds until the end, by default any
   */
  run(
    model: string | undefined,
    request: RunRequest,
    context: RunContext,
    options: { readonly maxSeconds?: number } = {},
  ): AsyncIterableIterator<RunEvent> {
    const { signal, clock } = context;
    return new AwaitedRun<GuestProcess>({
      guest: () => this.#guest?.alive ? this.#guest : this.#nextGuest(),
      begin: (guest, own) =>
        guest.run(model, request, own === signal ? context : { ...context, signal: own }),
      signal,
      clock,
      ...options,
    });
  }

  /**
   * Looks whether it answers.
   *
   * @throws {RunError} `model-unavailable` when there is no process
   */
  async check(signal: AbortSignal): Promise<void> {
    if (!this.#guest?.alive) throw this.#failure ?? this.#unavailable("is not started");
    await this.#guest.check(signal);
  }

  /** Ends its process, and forgets what it is made of. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(this.#unavailable("is stopped"));
    this.#wake?.();
    await this.#preparing?.catch(() => {});
    await this.#starting?.catch(() => {});
    const [guest, box] = [this.#guest, this.#box];
    this.#guest = undefined;
    this.#box = undefined;
    await guest?.[Symbol.asyncDispose]();
    await box?.[Symbol.asyncDispose]();
  }

  /** The process that is being started, where it will not take too long. */
  async #nextGuest(): Promise<GuestProcess> {
    // One that has just ended is started again before anything else happens.
    await this.#guest?.ended;
    const { delayMs } = this.#backOff;
    if (this.#starting && delayMs <= MAX_WAIT_MS) return await this.#starting;
    const { message } = this.#failure ?? this.#unavailable("is not started");
    throw new RunError("model-unavailable", message, { retryAfterMs: delayMs });
  }

  /** Starts a process as soon as it may be, and again when it ends. */
  #startNext(): Promise<GuestProcess> {
    const starting = this.#starting = this.#startOnce();
    starting.then((guest) => {
      this.#starting = undefined;
      void guest.ended.then((reason) => this.#onEnd(guest, reason));
    }, (error: unknown) => {
      this.#starting = undefined;
      this.#onFailedStart(error);
    });
    return starting;
  }

  async #startOnce(): Promise<GuestProcess> {
    await this.#pause();
    const box = this.#box;
    if (this.#stopped || !box) throw this.#unavailable("is stopped");
    const { services = NO_SERVICES, startTimeoutMs, hangMs } = this.#options;
    const { exportName, clock, logger } = this.#options;
    const { guest, models } = await GuestProcess.start({
      name: box.name,
      spawn: () => box.spawn(),
      specifier: box.specifier,
      // Code without a place of its own lies elsewhere each time.
      owner: this.#options.code === undefined ? undefined : this.#options.specifier,
      exportName,
      services,
      startTimeoutMs: startTimeoutMs ?? START_TIMEOUT_MS,
      hangMs: hangMs ?? HANG_MS,
      signal: this.#stop.signal,
      clock,
      logger,
    });
    this.#backOff.started();
    this.#models = models;
    this.#failure = undefined;
    return this.#guest = guest;
  }

  /** Waits until the next attempt may be made, or nobody wants it. */
  #pause(): Promise<void> {
    const { delayMs } = this.#backOff;
    if (delayMs === 0 || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(delayMs, resolve);
      this.#wake = () => (cancel(), resolve());
    });
  }

  #onEnd(guest: GuestProcess, reason: string): void {
    if (this.#guest !== guest || this.#stopped) return;
    this.#backOff.ended();
    this.#failure = this.#unavailable(reason);
    this.#log("Guest ended", reason);
    this.#startNext();
  }

  #onFailedStart(error: unknown): void {
    if (this.#stopped || this.#models.length === 0) return;
    this.#backOff.failed();
    this.#failure = unavailable(error);
    this.#log("Guest cannot start", this.#failure.message);
    this.#startNext();
  }

  #log(message: string, detail: string): void {
    const { delayMs: retryInMs } = this.#backOff;
    this.#options.logger.log("error", message, { module: this.#box?.name, detail, retryInMs });
  }

  #unavailable(reason: string): RunError {
    const name = this.#box?.name ?? this.#options.specifier;
    return new RunError("model-unavailable", `Guest "${name}" ${reason}`);
  }
}

function unavailable(error: unknown): RunError {
  if (error instanceof RunError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RunError("model-unavailable", message, { cause: error });
}
