/**
 * One suite for everything that answers: what every Runner keeps, whatever is behind it.
 *
 * @example
 * ```ts ignore
 * runnerConformance("MyRunner", (scenario) => new MyRunner(scenario));
 * ```
 *
 * @module
 */
import type { Usage } from "../run/result.ts";
import type { Runner } from "../run/runner.ts";
import { CONFORMANCE_CHECKS } from "./conformance_checks.ts";

/** What the Runner under test is to do. */
export type ConformanceScenario =
  /** Says the text of the last user message again, in several deltas if it can. */
  | { readonly type: "echo" }
  /** Says `text` and is cut there: finishes with reason `length`. */
  | { readonly type: "cut"; readonly text: string }
  /**
   * Calls the first tool the client offers with `arguments`, unless the last message is a tool's
   * result: then it says that result's text.
   */
  | { readonly type: "client-call"; readonly arguments: Readonly<Record<string, unknown>> }
  /** Reports `usage` once and says something. */
  | { readonly type: "usage"; readonly usage: Usage }
  /** Throws `error`, before or after it has said something. */
  | { readonly type: "fail"; readonly error: Error }
  /** Calls `started`, then says nothing until it is stopped, then calls `stopped`. */
  | { readonly type: "silent"; readonly started: () => void; readonly stopped: () => void }
  /** Calls `started`, then says something again and again until it is stopped, then calls `stopped`. */
  | { readonly type: "endless"; readonly started: () => void; readonly stopped: () => void };

/** Registers one test; `Deno.test` is one. */
export type TestRegistrar = (
  test: { readonly name: string; readonly ignore: boolean; readonly fn: () => Promise<void> },
) => void;

/** How the suite is run. */
export interface ConformanceOptions {
  /** Scenarios the Runner cannot be brought into, each with the reason; their tests are ignored. */
  readonly skip?: Partial<Readonly<Record<ConformanceScenario["type"], string>>>;
  /**
   * Where the tests go.
   *
   * @default Deno.test
   */
  readonly test?: TestRegistrar;
}

/** Makes the Runner under test do what the scenario says. */
export type ConformanceFactory = (scenario: ConformanceScenario) => Runner;

/** Registers one test for each thing a Runner must keep, as `name: what it keeps`. */
export function runnerConformance(
  name: string,
  makeRunner: ConformanceFactory,
  options: ConformanceOptions = {},
): void {
  const register: TestRegistrar = options.test ?? Deno.test;
  for (const { scenario, title, check } of CONFORMANCE_CHECKS) {
    const reason = options.skip?.[scenario];
    register({
      name: `${name}: ${title}${reason === undefined ? "" : ` (skipped: ${reason})`}`,
      ignore: reason !== undefined,
      fn: () => check(makeRunner),
    });
  }
}
