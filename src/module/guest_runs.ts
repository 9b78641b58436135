/**
 * The runs that go on in one guest.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import type { Clock } from "../run/seams.ts";
import { contextFor, requestFor } from "./guest_context.ts";
import type { HostMessage } from "./guest_messages.ts";
import { CREDIT, GuestRun } from "./guest_run.ts";
import { type GuestServices, RunServices } from "./guest_services.ts";

/** Most runs at once. */
const MAX_RUNS = 1000;
/** Longest a guest may take to tell that a run is over that was stopped, in milliseconds. */
const STOP_MS = 10_000;

/** What runs are given by their process. */
export interface GuestRunsOptions {
  /** Names the guest in errors. */
  readonly name: string;
  /** Absolute specifier of the module. */
  readonly specifier: string;
  /** Names what parked turns belong to, the same whenever the guest is started. @default the specifier */
  readonly owner?: string;
  /** What it may use of its host. */
  readonly services: GuestServices;
  readonly clock: Clock;
  /** Tells the guest. */
  readonly send: (message: HostMessage) => void;
  /** Told when a run is over, or nobody wants the rest of it. */
  readonly onStopped: (run: number) => void;
  /** Told how many there are. */
  readonly onCount: (runs: number) => void;
  /** Told why the guest has to go. */
  readonly onFault: (reason: string) => void;
}

/** A run, and what is its own. */
export interface OpenGuestRun {
  readonly run: GuestRun;
  readonly services: RunServices;
  /** Ends the wait for a guest that was told to stop it. */
  cancelStop: (() => void) | undefined;
}

/** Numbers runs, and keeps them while they go on. */
export class GuestRuns {
  readonly #options: GuestRunsOptions;
  readonly #open = new Map<number, OpenGuestRun>();
  #count = 0;

  /** No runs yet. */
  constructor(options: GuestRunsOptions) {
    this.#options = options;
  }

  /**
   * Begins one.
   *
   * @throws {RunError} `backend-overloaded` when too many are going on
   */
  begin(model: string | undefined, request: RunRequest, context: RunContext): GuestRun {
    const { name, specifier, owner = specifier, services, send, onCount } = this.#options;
    if (this.#open.size >= MAX_RUNS) {
      throw new RunError("backend-overloaded", `Guest "${name}" has too many runs`);
    }
    const number = ++this.#count;
    const run = new GuestRun({
      number,
      guest: name,
      signal: context.signal,
      send,
      onStopped: this.#onStopped,
    });
    this.#open.set(number, {
      run,
      services: new RunServices(services, { request, context, guest: owner }),
      cancelStop: undefined,
    });
    onCount(this.#open.size);
    send({
      type: "run",
      run: number,
      model,
      request: requestFor(request, services),
      context: contextFor(context, services),
      credit: CREDIT,
    });
    return run;
  }

  /**
   * The run of a number that the guest names.
   *
   * @throws {Error} when it does not go on
   */
  of(number: number): OpenGuestRun {
    const open = this.#open.get(number);
    if (!open) throw new Error("Spoke of a run that there is not");
    return open;
  }

  /**
   * The same; undefined when it is over.
   *
   * @throws {Error} when there never was one
   */
  formerly(number: number): OpenGuestRun | undefined {
    return number > this.#count ? this.of(number) : this.#open.get(number);
  }

  /** A run is over. */
  forget(number: number): void {
    const open = this.#open.get(number);
    if (!open) return;
    this.#open.delete(number);
    open.cancelStop?.();
    this.#options.onStopped(number);
    void open.services[Symbol.asyncDispose]();
    this.#options.onCount(this.#open.size);
  }

  /** The guest is gone, and all runs with it. */
  failAll(error: () => RunError): void {
    for (const [number, { run }] of this.#open) {
      run.fail(error());
      this.forget(number);
    }
  }

  readonly #onStopped = ({ number }: GuestRun): void => {
    const open = this.#open.get(number);
    if (!open) return;
    const { clock, onStopped, onFault } = this.#options;
    onStopped(number);
    open.cancelStop = clock.schedule(
      STOP_MS,
      () => onFault(`went on for ${STOP_MS} ms with a run that was stopped`),
    );
  };
}
