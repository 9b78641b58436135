/**
 * One run that several requests take part in.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import type { EventLog } from "./event_log.ts";

/** A run that several requests share, as far as it has come. */
export type Started =
  | { readonly type: "whole"; readonly body: string }
  | {
    readonly type: "stream";
    readonly log: EventLog;
    /** Whether the run is of no use once all its clients have left for good. */
    readonly abandonable: boolean;
  };

/** What a request that takes part gets. */
export interface Outcome {
  /** The answer, or where it can be read. */
  readonly started: Started;
  /** Whether it was there before. */
  readonly replayed: boolean;
  /** Resolves when the answer is complete and nothing is left to be done. */
  readonly settled: Promise<void>;
}

/** How long a run goes on whose clients have all left: who lost the line is back within seconds. */
const GRACE_MS = 15_000;

/** Counts who takes part. */
export class SharedRun {
  /** Tells what was asked. */
  readonly fingerprint: string;
  /** Rejects when the run could not be started. */
  readonly outcome: Promise<Outcome>;
  /** Resolves when the run is over, however it went. */
  readonly over: Promise<void>;
  readonly #clock: Clock;
  readonly #abandon: () => void;
  #members = 0;
  #abandonable = true;
  #cancelGrace: (() => void) | undefined;

  /** Nobody takes part yet; `abandon` is called when all have left for good before the end. */
  constructor(
    fingerprint: string,
    { outcome, clock, abandon }: {
      readonly outcome: Promise<Outcome>;
      readonly clock: Clock;
      readonly abandon: () => void;
    },
  ) {
    this.fingerprint = fingerprint;
    this.outcome = outcome;
    this.#clock = clock;
    this.#abandon = abandon;
    this.over = outcome.then(
      ({ started, settled }) => {
        if (started.type === "stream" && !started.abandonable) this.#keep();
        return settled;
      },
      () => {},
    ).finally(() => this.#keep());
  }

  /** Somebody takes part; the returned function ends that, however often it is called. */
  enter(): () => void {
    this.#members += 1;
    this.#cancelGrace?.();
    this.#cancelGrace = undefined;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#members -= 1;
      if (this.#members > 0 || !this.#abandonable) return;
      this.#cancelGrace = this.#clock.schedule(GRACE_MS, this.#abandon);
    };
  }

  /** From now on it does not matter who takes part. */
  #keep(): void {
    this.#abandonable = false;
    this.#cancelGrace?.();
    this.#cancelGrace = undefined;
  }
}
