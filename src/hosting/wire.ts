// deno-lint-ignore-file camelcase -- this file is what the JSON of the status pages looks like.
/**
 * Exact JSON of the pages that are ours and nobody else's format.
 * @module
 */
import type { CheckOutcome } from "./health.ts";
import type { LifecycleRecord } from "./model_status.ts";

/** State of the whole app. */
export type AppState = "ready" | "not_ready" | "starting" | "stopping";

/** One model in `/ready`. */
export interface ModelRecordWire {
  /** Where the model is. */
  readonly state: LifecycleRecord["state"];
  /** When it is built. */
  readonly lifecycle: LifecycleRecord["lifecycle"];
  /** What becomes of a connection-like failure. */
  readonly dependency_policy: LifecycleRecord["dependencyPolicy"];
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Code or class of the last failure. */
  readonly last_error: string | null;
  /** Runs begun, background tasks aside. */
  readonly runs: number;
  /** Background tasks of each kind, kinds without any left out. */
  readonly background_tasks: LifecycleRecord["backgroundTasks"];
}

/** One check in `/ready`. */
export interface CheckWire {
  /** `timeout`: it took too long. */
  readonly status: "ok" | "failed" | "timeout";
  /** Time the check took, in milliseconds. */
  readonly duration_ms: number;
  /** Code or class of the failure. */
  readonly error: string | null;
}

/** Body of `/ready`; callers without a key see `status` alone. */
export interface ReadyWire {
  /** How the app as a whole is. */
  readonly status: AppState;
  /** Prefix to served name to record. */
  readonly entrypoints?: Readonly<Record<string, Readonly<Record<string, ModelRecordWire>>>>;
  /** Name to outcome. */
  readonly checks?: Readonly<Record<string, CheckWire>>;
}

/** A model's record as `/ready` shows it. */
export function encodeRecord(record: LifecycleRecord): ModelRecordWire {
  const { state, lifecycle, dependencyPolicy, sinceMs, lastError, runs } = record;
  return {
    state,
    lifecycle,
    dependency_policy: dependencyPolicy,
    since: new Date(sinceMs).toISOString(),
    last_error: lastError ?? null,
    runs,
    background_tasks: record.backgroundTasks,
  };
}

/** A check's outcome as `/ready` shows it. */
export function encodeCheck({ status, durationMs, error }: CheckOutcome): CheckWire {
  return { status, duration_ms: durationMs, error: error ?? null };
}
