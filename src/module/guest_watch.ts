/**
 * Whether a guest is alive: it must answer while something is asked of it, and rest while nothing is.
 * @module
 */
import { cpuSeconds as systemCpuSeconds } from "../isolation/cpu_time.ts";
import type { Clock } from "../run/seams.ts";

/** What is watched. */
export interface GuestWatchOptions {
  readonly pid: number;
  readonly clock: Clock;
  /** Longest silence while something is asked of it, in milliseconds. */
  readonly hangMs: number;
  /** Asks for a sign of life. */
  readonly ping: (number: number) => void;
  /** Told why the guest has to go. */
  readonly onFault: (reason: string) => void;
  /** Seconds of processor time that it has used. @default as the system counts them */
  readonly cpuSeconds?: (pid: number) => Promise<number | undefined>;
}

/** Pause between two looks, in milliseconds: at most so long, and a part of the longest silence. */
const LOOK_MS = 1000;
const LOOKS_OF_SILENCE = 4;
/** Pause between two looks at a guest of which nothing is asked, in milliseconds. */
const IDLE_LOOK_MS = 5000;
/** Part of a processor's time that nobody asked for, and how many looks in a row it is forgiven. */
const IDLE_LOAD = 0.5;
const IDLE_LOOKS = 3;

/** Watches one guest. */
export class GuestWatch {
  readonly #options: GuestWatchOptions;
  readonly #lookMs: number;
  /** Pings without an answer, and who waits for it. */
  readonly #pings = new Map<number, PromiseWithResolvers<void>>();
  #pingCount = 0;
  #cancel: (() => void) | undefined;
  #asked = 0;
  /** Looks in a row that found a ping without an answer. */
  #silentLooks = 0;
  #idleLooks = 0;
  #workedS: number | undefined;
  #stopped = false;

  /** Begins to watch. */
  constructor(options: GuestWatchOptions) {
    this.#options = options;
    this.#lookMs = Math.min(LOOK_MS, options.hangMs / LOOKS_OF_SILENCE);
    this.#schedule();
  }

  /** How much is asked of the guest. */
  busy(runs: number): void {
    const began = runs > 0 && this.#asked === 0;
    this.#asked = runs;
    if (!began) return;
    this.#idleLooks = this.#silentLooks = 0;
    this.#cancel?.();
    this.#schedule();
  }

  /** Resolves with the next sign of life that is asked for; rejects when the watch ends before. */
  pong(): Promise<void> {
    return this.#ping();
  }

  /**
   * The guest gave a sign of life.
   *
   * @throws {Error} when nobody had asked for it
   */
  onPong(ping: number): void {
    const pinged = this.#pings.get(ping);
    if (!pinged) throw new Error("Answered a ping that there was not");
    this.#pings.delete(ping);
    pinged.resolve();
  }

  /** Watches no longer. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    for (const { reject } of this.#pings.values()) reject(new Error("Guest has ended"));
    this.#pings.clear();
  }

  #ping(): Promise<void> {
    const ping = ++this.#pingCount;
    const pinged = Promise.withResolvers<void>();
    pinged.promise.catch(() => {});
    if (this.#stopped) {
      pinged.reject(new Error("Guest has ended"));
      return pinged.promise;
    }
    this.#pings.set(ping, pinged);
    this.#options.ping(ping);
    return pinged.promise;
  }

  #schedule(): void {
    if (this.#stopped) return;
    const delayMs = this.#asked > 0 ? this.#lookMs : IDLE_LOOK_MS;
    this.#cancel = this.#options.clock.schedule(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#asked > 0) this.#lookForLife();
    else await this.#lookAtLoad();
    this.#schedule();
  }

  /** Looks are counted, and not the time: a machine that slept in between proves nothing. */
  #lookForLife(): void {
    const { hangMs, onFault } = this.#options;
    this.#workedS = undefined;
    this.#silentLooks = this.#pings.size > 0 ? this.#silentLooks + 1 : 0;
    if (this.#silentLooks * this.#lookMs >= hangMs) return onFault(`hung for ${hangMs} ms`);
    if (this.#pings.size === 0) void this.#ping();
  }

  /** Timers that a run left behind, or worse. */
  async #lookAtLoad(): Promise<void> {
    const before = this.#workedS;
    const { pid, cpuSeconds = systemCpuSeconds } = this.#options;
    const workedS = this.#workedS = await cpuSeconds(pid);
    if (before === undefined || workedS === undefined || this.#asked > 0) return;
    const load = (workedS - before) / (IDLE_LOOK_MS / 1000);
    this.#idleLooks = load > IDLE_LOAD ? this.#idleLooks + 1 : 0;
    if (this.#idleLooks >= IDLE_LOOKS) {
      this.#options.onFault("kept a processor busy although nothing was asked of it");
    }
  }
}
