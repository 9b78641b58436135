/**
 * Requests and contexts for tests: a clock that stands still, ids that count, a log to read.
 * @module
 */
import { plainRequest } from "../run/plain_request.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import type {
  BegunCall,
  LogFields,
  Logger,
  LogLevel,
  ParkedTurn,
  TurnStore,
} from "../run/seams.ts";
import { ManualClock } from "./manual_clock.ts";
import { SequentialIds } from "./sequential_ids.ts";

/** One line of a `CollectingLogger`. */
export interface LogEntry {
  /** How loud it is. */
  readonly level: LogLevel;
  /** What happened. */
  readonly message: string;
  /** Its details; empty when there are none. */
  readonly fields: LogFields;
}

/** Keeps what is logged. */
export class CollectingLogger implements Logger {
  /** Every line, oldest first. */
  readonly entries: LogEntry[] = [];

  /** Keeps one line. */
  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.entries.push({ level, message, fields });
  }
}

/** A RunContext whose doubles are visible as what they are. */
export interface TestContext extends RunContext {
  /** Stands still until `advance`. */
  readonly clock: ManualClock;
  /** Has everything the run logged. */
  readonly logger: CollectingLogger;
}

/**
 * A context for one run: `ManualClock`, `SequentialIds`, `CollectingLogger`, a turn store of its
 * own, no principal and a signal nobody aborts; `overrides` replace any field.
 */
export function testContext<Overrides extends Partial<RunContext> = Record<never, never>>(
  overrides: Overrides = {} as Overrides,
): Omit<TestContext, keyof Overrides> & Overrides {
  const ids = overrides.ids ?? new SequentialIds();
  return {
    runId: ids.mint("run_"),
    modelId: "test-model",
    principal: { name: undefined, tenant: "" },
    signal: new AbortController().signal,
    headers: new Headers(),
    deps: undefined,
    clock: new ManualClock(),
    ids,
    logger: new CollectingLogger(),
    turns: turnsInMemory(),
    ...overrides,
  };
}

/** A request of `text`, or of the user's "Hello" with `overrides` in any field. */
export function testRequest(overrides: string | Partial<RunRequest> = {}): RunRequest {
  return typeof overrides === "string" ? plainRequest(overrides) : plainRequest("Hello", overrides);
}

/** Unbounded: a test's store ends with the test. */
function turnsInMemory(): TurnStore {
  const turns = new Map<string, ParkedTurn>();
  const begun = new Map<string, BegunCall>();
  const keyOf = (tenant: string, callId: string) => JSON.stringify([tenant, callId]);
  return {
    park(tenant, turn) {
      const ids = [...Object.keys(turn.callIds), ...Object.keys(turn.approvals ?? {})];
      for (const id of ids) turns.set(keyOf(tenant, id), turn);
      return Promise.resolve();
    },
    find: (tenant, id) => Promise.resolve(turns.get(keyOf(tenant, id))),
    begin(tenant, id, messages) {
      const known = begun.get(keyOf(tenant, id));
      if (!known) begun.set(keyOf(tenant, id), messages ? { messages } : {});
      return Promise.resolve(known);
    },
    settle(tenant, id, messages) {
      begun.set(keyOf(tenant, id), { messages });
      return Promise.resolve();
    },
  };
}
