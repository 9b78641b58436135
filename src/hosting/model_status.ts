/**
 * What is known of a served model's life.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import type { BackgroundTaskKind } from "./background_task/background_task.ts";
import { errorClass } from "./dependency_error.ts";
import type { DependencyPolicy, Lifecycle } from "./fake_models.ts";

/** Where a model is. `idle`: built when needed. `degraded`: answers, but a dependency failed last. */
export type ModelState = "idle" | "starting" | "up" | "degraded" | "failed" | "stopped";

/** What is known of a model's life. */
export interface LifecycleRecord {
  /** When the Runner is built. */
  readonly lifecycle: Lifecycle;
  /** What becomes of a connection-like failure. */
  readonly dependencyPolicy: DependencyPolicy;
  /** Where the model is. */
  readonly state: ModelState;
  /** When `state` began, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Code or class of the last failure. */
  readonly lastError: string | undefined;
  /** Runs begun, background tasks aside. */
  readonly runs: number;
  /** Background tasks of each kind, whoever answered them; kinds without any left out. */
  readonly backgroundTasks: Readonly<Partial<Record<BackgroundTaskKind, number>>>;
}

/** Where a model is, since when, and what failed last. */
export class ModelStatus {
  readonly #clock: Clock;
  #state: ModelState = "idle";
  #sinceMs: number;
  #lastError: string | undefined;

  /** Begins idle. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.now();
  }

  /** Where the model is. */
  get state(): ModelState {
    return this.#state;
  }

  /** When `state` began, milliseconds since 1970. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Code or class of the last failure. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /**
   * Notes where the model is now; nothing comes after `stopped`.
   *
   * @param error why, if it was a failure
   */
  enter(state: ModelState, error?: unknown): void {
    if (error !== undefined) this.#lastError = errorClass(error);
    if (this.#state === state || this.#state === "stopped") return;
    this.#state = state;
    this.#sinceMs = this.#clock.now();
  }
}
