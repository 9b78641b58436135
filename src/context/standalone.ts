/**
 * A RunContext for runs started by code instead of an HTTP request.
 * @module
 */
import type { RunContext } from "../run/runner.ts";
import { noTurns, silentLogger, systemClock, systemIds } from "./system.ts";

/** A context with the real clock and ids, no principal and no log; `overrides` replace any field. */
export function standaloneContext(overrides: Partial<RunContext> = {}): RunContext {
  const ids = overrides.ids ?? systemIds;
  return {
    runId: overrides.runId ?? ids.mint("run_"),
    modelId: "",
    principal: { name: undefined, tenant: "" },
    signal: overrides.signal ?? new AbortController().signal,
    headers: overrides.headers ?? new Headers(),
    deps: undefined,
    clock: systemClock,
    logger: silentLogger,
    turns: noTurns,
    ...overrides,
    ids,
  };
}
