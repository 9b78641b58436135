/**
 * Checks of what an app depends on.
 * @module
 */
import { SetupError } from "../run/error.ts";
import type { Clock } from "../run/seams.ts";
import { errorClass } from "./dependency_error.ts";

/** Looks at a dependency: fails by throwing or by returning false. */
export type HealthCheck = (signal: AbortSignal) => unknown;

/** How a check went. */
export interface CheckOutcome {
  /** `timeout`: it took too long. */
  readonly status: "ok" | "failed" | "timeout";
  /** Time the check took. */
  readonly durationMs: number;
  /** Code or class of the failure; never its message. */
  readonly error: string | undefined;
}

/** Longest a check may take, in milliseconds. */
const TIMEOUT_MS = 5000;

/** How long an outcome is given out again: `/ready` needs no key, and must not become a lever. */
const FRESH_MS = 1000;

/** How a {@linkcode DependencyHealth} checks. */
export interface DependencyHealthOptions {
  /** Longest a check may take, in milliseconds. @default 5000 */
  readonly timeoutMs?: number;
  /** Whether the app is ready only while the check is ok; else `/ready` just tells. @default true */
  readonly required?: boolean;
}

/** A named check behind `/ready`: while it fails, the app is not ready. */
export class DependencyHealth {
  /** Shown in `/ready` to callers with a key. */
  readonly name: string;
  /** Whether the app is ready only while the check is ok. */
  readonly required: boolean;
  readonly #check: HealthCheck;
  readonly #timeoutMs: number;
  #running: Promise<CheckOutcome> | undefined;
  #last: { readonly atMs: number; readonly outcome: CheckOutcome } | undefined;

  /**
   * Names a check.
   *
   * @param check its signal is aborted when it takes too long
   * @throws {SetupError} when the name is empty
   */
  constructor(
    name: string,
    check: HealthCheck,
    options: DependencyHealthOptions = {},
  ) {
    if (name.trim() === "") throw new SetupError("Give the health check a name: it is empty");
    this.name = name;
    this.required = options.required ?? true;
    this.#check = check;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /** The check's outcome, at most a second old; many askers share one check. */
  outcome(clock: Clock): Promise<CheckOutcome> {
    if (this.#last && clock.now() - this.#last.atMs < FRESH_MS) {
      return Promise.resolve(this.#last.outcome);
    }
    return this.#running ??= this.#run(clock).then((outcome) => {
      this.#running = undefined;
      this.#last = { atMs: clock.now(), outcome };
      return outcome;
    });
  }

  #run(clock: Clock): Promise<CheckOutcome> {
    const startedMs = clock.now();
    const controller = new AbortController();
    return new Promise((resolve) => {
      const end = (status: CheckOutcome["status"], error?: string) => {
        cancel();
        resolve({ status, durationMs: clock.now() - startedMs, error });
      };
      const cancel = clock.schedule(this.#timeoutMs, () => {
        end("timeout");
        controller.abort(new DOMException("The check took too long", "TimeoutError"));
      });
      // A check that throws at once counts as one that rejects.
      new Promise((done) => done(this.#check(controller.signal))).then(
        (result) => result === false ? end("failed") : end("ok"),
        (error: unknown) => end("failed", errorClass(error)),
      );
    });
  }
}
