/**
 * A process that is to run all the time.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import { BackOff } from "./back_off.ts";
import { type ChildProcess, exitReason } from "./process.ts";

/** What a supervisor is told to do. */
export interface SupervisorOptions {
  /** Starts the process. */
  readonly start: () => Promise<ChildProcess>;
  /** Told each time it ended, or could not be started, and in how many milliseconds it starts again. */
  readonly onEnd: (reason: string, retryInMs: number) => void;
  /** Time. */
  readonly clock: Clock;
}

/** Starts a process, and again whenever it ends, with growing pauses. */
export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #backOff: BackOff;
  #process: ChildProcess | undefined;
  #starting: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #stopped = false;
  #ending: string | undefined;

  /** Starts nothing yet. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.clock);
  }

  /** How the process last ended; undefined while it runs or never did. */
  get ending(): string | undefined {
    return this.#process ? undefined : this.#ending;
  }

  /** Starts the process; a failure is told and tried again like an end. */
  start(): Promise<void> {
    return this.#starting ??= this.#start().finally(() => this.#starting = undefined);
  }

  /** Ends the process for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry?.();
    await this.#starting;
    await this.#process?.stop();
  }

  async #start(): Promise<void> {
    if (this.#process || this.#stopped) return;
    try {
      const process = await this.#options.start();
      this.#backOff.started();
      this.#process = process;
      void process.ended.then((status) => {
        this.#process = undefined;
        this.#backOff.ended();
        this.#onEnd(exitReason(status));
      });
    } catch (error) {
      this.#backOff.failed();
      this.#onEnd(error instanceof Error ? error.message : String(error));
    }
  }

  #onEnd(reason: string): void {
    this.#ending = reason;
    if (this.#stopped) return;
    const { delayMs } = this.#backOff;
    this.#options.onEnd(reason, delayMs);
    this.#cancelRetry = this.#options.clock.schedule(delayMs, () => void this.start());
  }
}
