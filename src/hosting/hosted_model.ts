/**
 * A served model: its Runner or whoever answers its background tasks, degraded where it may.
 * @module
 */
import { RunError, SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import type { Clock, Logger } from "../run/seams.ts";
import type { BackgroundTask } from "./background_task/background_task.ts";
import { BackgroundTasks } from "./background_task/background_tasks.ts";
import { causesOf } from "./cause.ts";
import { DEGRADED_MESSAGE, degradeFailures } from "./degrade.ts";
import { errorClass } from "./dependency_error.ts";
import { DependencyErrorPolicy } from "./dependency_error_policy.ts";
import type { FakeModel } from "./fake_models.ts";
import { LifecycleRunner } from "./lifecycle.ts";
import { type LifecycleRecord, ModelStatus } from "./model_status.ts";
import {
  type ReasoningPolicy,
  reasoningPolicy,
  type ResponsesReasoningConfig,
} from "./reasoning.ts";

/** What a hosted model is given. */
export interface HostedModelOptions {
  /** Dates the states. */
  readonly clock: Clock;
  /** Told of failures. */
  readonly logger: Logger;
  /** The entrypoint's setting, for models without their own. */
  readonly reasoning: ResponsesReasoningConfig | undefined;
  /** What counts as a failed dependency, and what is said of it. @default connection-like failures */
  readonly dependencyErrors?: DependencyErrorPolicy;
}

const DEFAULT_POLICY = new DependencyErrorPolicy({ message: DEGRADED_MESSAGE });

/** One served model. A Runner itself: running it builds what is not built yet. */
export class HostedModel implements Runner {
  /** The model as registered. */
  readonly model: FakeModel;
  /** Which reasoning the client sees. */
  readonly reasoning: ReasoningPolicy;
  readonly #logger: Logger;
  readonly #dependencyErrors: DependencyErrorPolicy;
  readonly #status: ModelStatus;
  readonly #runner: LifecycleRunner;
  readonly #tasks: BackgroundTasks;
  #runs = 0;

  /**
   * Prepares the model; nothing is built yet.
   *
   * @throws {SetupError} when the model's reasoning mode lacks what it needs
   */
  constructor(model: FakeModel, options: HostedModelOptions) {
    const { clock, logger, reasoning, dependencyErrors = DEFAULT_POLICY } = options;
    this.model = model;
    this.reasoning = reasoningPolicy(
      model.responsesReasoning ?? reasoning,
      model.responsesReasoning && `models.${model.id}.responsesReasoning`,
    );
    this.#logger = logger;
    this.#dependencyErrors = dependencyErrors;
    this.#status = new ModelStatus(clock);
    this.#runner = new LifecycleRunner(model, { status: this.#status, logger, dependencyErrors });
    this.#tasks = new BackgroundTasks(model, options);
  }

  /** What is known at this moment. */
  get record(): LifecycleRecord {
    const { lifecycle, dependencyPolicy } = this.model;
    const { state, sinceMs, lastError } = this.#status;
    return {
      lifecycle,
      dependencyPolicy,
      state,
      sinceMs,
      lastError,
      runs: this.#runs,
      backgroundTasks: this.#tasks.counts,
    };
  }

  /** Whether nothing is missing that has to be there for the app to be ready. */
  get ready(): boolean {
    const { state } = this.#status;
    if (this.model.dependencyPolicy === "degrade") {
      return state !== "starting" && state !== "failed";
    }
    return this.model.lifecycle !== "startup" || state === "up";
  }

  /**
   * Builds a `startup` model; others wait for requests. Under `degrade` an unreachable dependency is
   * recorded, and building is tried again by the next request.
   *
   * @throws {RunError} `model-unavailable` when the model cannot be started
   * @throws {SetupError} when it cannot be built as configured
   */
  async start(): Promise<void> {
    if (this.model.lifecycle !== "startup" || this.#runner.built) return;
    const tasks = this.#tasks.start();
    try {
      await this.#runner.start();
    } catch (error) {
      if (this.#status.state === "degraded") return;
      if (error instanceof SetupError) throw error;
      const text = error instanceof Error ? error.message : String(error);
      throw new RunError("model-unavailable", `Cannot start model "${this.model.id}": ${text}`, {
        cause: error,
      });
    } finally {
      await tasks;
    }
  }

  /**
   * Answers a request. Events are those of the model's Runner, or of whoever answers background tasks,
   * and what its reasoning mode adds.
   *
   * @param options `task`: what the request is, if a client sent it by itself
   */
  run(
    request: RunRequest,
    context: RunContext,
    { task }: { readonly task?: BackgroundTask } = {},
  ): AsyncIterable<RunEvent> {
    if (task) this.#tasks.count(task);
    else this.#runs += 1;
    const events = task && !this.#tasks.leftToModel
      ? this.#answerTask(task, request, context)
      : this.#answer(request, context);
    return this.reasoning.accompany?.(events, context) ?? events;
  }

  /** Releases everything; afterwards nothing is built any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#runner[Symbol.asyncDispose]();
    } finally {
      await this.#tasks[Symbol.asyncDispose]();
    }
  }

  #answer(request: RunRequest, context: RunContext): AsyncIterable<RunEvent> {
    if (this.model.dependencyPolicy === "fail") return this.#runner.run(request, context);
    return this.#degrading(() => this.#runner.run(request, context), { request, context });
  }

  #answerTask(
    task: BackgroundTask,
    request: RunRequest,
    context: RunContext,
  ): AsyncIterable<RunEvent> {
    const byModel = () => this.#answer(request, context);
    const start = () => this.#tasks.answer(task, { request, context, byModel });
    if (this.model.dependencyPolicy === "fail") return start();
    return this.#degrading(start, { request, context, task });
  }

  #degrading(
    start: () => AsyncIterable<RunEvent>,
    { request, context, task }: {
      readonly request: RunRequest;
      readonly context: RunContext;
      /** Answered by something else: how it goes says nothing about the model. */
      readonly task?: BackgroundTask;
    },
  ): AsyncIterable<RunEvent> {
    return degradeFailures(start, {
      request,
      signal: context.signal,
      message: this.model.degradedMessage ?? this.#dependencyErrors.message,
      isDependencyError: (error) => this.#dependencyErrors.matches(error),
      onFailure: (error) => {
        if (!task) this.#status.enter("degraded", error);
        this.#logger.log("warn", task ? "background task degraded" : "model degraded", {
          model: this.model.id,
          requestId: context.runId,
          task: task?.kind,
          error: errorClass(error),
          detail: error instanceof Error ? error.message : String(error),
          cause: causesOf(error),
        });
      },
      onSuccess: () => {
        if (!task) this.#recover();
      },
    });
  }

  #recover(): void {
    if (this.#status.state !== "degraded") return;
    this.#status.enter(this.#runner.built ? "up" : "idle");
  }
}
