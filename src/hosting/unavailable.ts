/**
 * Models that are registered but cannot serve.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { Runner } from "../run/runner.ts";

/** Holds a served name whose machinery is missing; every run fails with `model-unavailable`. */
export class UnavailableRunner implements Runner {
  /** Why; for operators, never for clients. */
  readonly reason: string;

  /**
   * Names the reason.
   *
   * @param reason shown in the log and to key holders in `/ready`: no secrets
   */
  constructor(reason: string) {
    this.reason = reason;
  }

  /**
   * Fails.
   *
   * @throws {RunError} `model-unavailable`, always
   */
  run(): never {
    throw new RunError("model-unavailable", this.reason, { retryable: true });
  }
}

/**
 * A source for a model that cannot serve: others do, requests to it get 503.
 *
 * @param reason shown in the log and to key holders in `/ready`: no secrets
 */
export function unavailable(reason: string): UnavailableRunner {
  return new UnavailableRunner(reason);
}
