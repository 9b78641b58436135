/**
 * A served model over time: built when its lifecycle says, degraded or failed, closed at the end.
 * @module
 */
import { RequestContext } from "../context/request_context.ts";
import { RunError, SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { enterRunner, leaveRunner } from "../run/runner_lifetime.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";
import type { BackgroundTask, BackgroundTaskKind } from "./background_task/background_task.ts";
import { BackgroundTasks } from "./background_task/background_tasks.ts";
import { causesOf } from "./cause.ts";
import { DEGRADED_MESSAGE, degradeFailures } from "./degrade.ts";
import { errorClass } from "./dependency_error.ts";
import { DependencyErrorPolicy } from "./dependency_error_policy.ts";
import { type DependencyPolicy, type FakeModel, isRunner, type Lifecycle } from "./fake_models.ts";
import {
  type ReasoningPolicy,
  reasoningPolicy,
  type ResponsesReasoningConfig,
} from "./reasoning.ts";
import { UnavailableRunner } from "./unavailable.ts";

/**
 * Where a model is. `idle`: built when needed. `degraded`: answers, but a dependency failed last.
 * `unavailable`: registered without the machinery to serve it.
 */
export type ModelState =
  | "idle"
  | "starting"
  | "up"
  | "degraded"
  | "failed"
  | "unavailable"
  | "stopped";

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
  /** Why the model is unavailable. */
  readonly reason: string | undefined;
  /** Runs begun, background tasks aside. */
  readonly runs: number;
  /** Background tasks of each kind, whoever answered them; kinds without any left out. */
  readonly backgroundTasks: Readonly<Partial<Record<BackgroundTaskKind, number>>>;
}

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
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #dependencyErrors: DependencyErrorPolicy;
  readonly #tasks: BackgroundTasks;
  #runs = 0;
  /** Built and entered. */
  #runner: Runner | undefined;
  #building: Promise<Runner> | undefined;
  #stopped = false;
  #state: ModelState = "idle";
  #sinceMs: number;
  #lastError: string | undefined;
  #reason: string | undefined;

  /**
   * Prepares the model; nothing is built yet.
   *
   * @throws {SetupError} when the model's reasoning mode lacks what it needs
   */
  constructor(model: FakeModel, options: HostedModelOptions) {
    this.model = model;
    this.reasoning = reasoningPolicy(
      model.responsesReasoning ?? options.reasoning,
      model.responsesReasoning && `models.${model.id}.responsesReasoning`,
    );
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#dependencyErrors = options.dependencyErrors ?? DEFAULT_POLICY;
    this.#tasks = new BackgroundTasks(model, options);
    this.#sinceMs = options.clock.now();
    if (model.source instanceof UnavailableRunner) this.#markUnavailable(model.source);
  }

  /** What is known at this moment. */
  get record(): LifecycleRecord {
    return {
      lifecycle: this.model.lifecycle,
      dependencyPolicy: this.model.dependencyPolicy,
      state: this.#state,
      sinceMs: this.#sinceMs,
      lastError: this.#lastError,
      reason: this.#reason,
      runs: this.#runs,
      backgroundTasks: this.#tasks.counts,
    };
  }

  /** Whether nothing is missing that has to be there for the app to be ready. */
  get ready(): boolean {
    if (this.model.dependencyPolicy === "degrade") {
      return this.#state !== "starting" && this.#state !== "failed";
    }
    if (this.#state === "unavailable") return false;
    return this.model.lifecycle !== "startup" || this.#state === "up";
  }

  /**
   * Builds a `startup` model; others wait for requests. Under `degrade` an unreachable dependency is
   * recorded, and building is tried again by the next request.
   */
  async start(): Promise<void> {
    if (this.#reason !== undefined) {
      this.#logger.log("warn", "model unavailable", { model: this.model.id, reason: this.#reason });
    }
    if (this.model.lifecycle !== "startup" || this.#runner) return;
    const tasks = this.#tasks.start();
    try {
      await this.#built();
    } catch (error) {
      if (this.#state === "degraded") return;
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

  #answer(request: RunRequest, context: RunContext): AsyncIterable<RunEvent> {
    if (this.model.dependencyPolicy === "fail") return this.#run(request, context);
    return this.#degrading(() => this.#run(request, context), { request, context });
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
        if (!task) this.#enterState("degraded", error);
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

  /** Releases the Runner; afterwards nothing is built any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    // A build under way sees the flag and releases what it made.
    await this.#building?.catch(() => {});
    const runner = this.#runner;
    this.#runner = undefined;
    this.#enterState("stopped");
    try {
      if (runner) await leaveRunner(runner);
    } finally {
      await this.#tasks[Symbol.asyncDispose]();
    }
  }

  #run(request: RunRequest, context: RunContext): AsyncIterable<RunEvent> {
    if (this.model.lifecycle === "per_request") return this.#runOnce(request, context);
    return this.#runner?.run(request, context) ?? this.#runOnceBuilt(request, context);
  }

  async *#runOnceBuilt(request: RunRequest, context: RunContext): AsyncGenerator<RunEvent> {
    const runner = await untilAborted(this.#built(), context.signal);
    yield* runner.run(request, context);
  }

  async *#runOnce(request: RunRequest, context: RunContext): AsyncGenerator<RunEvent> {
    const runner = await this.#make(new RequestContext(request, context));
    await enterRunner(runner);
    try {
      context.signal.throwIfAborted();
      yield* runner.run(request, context);
    } finally {
      await leaveRunner(runner);
    }
  }

  /** One build for all who wait; a failed one is forgotten, so that the next request tries again. */
  #built(): Promise<Runner> {
    if (this.#runner) return Promise.resolve(this.#runner);
    return this.#building ??= this.#build().finally(() => this.#building = undefined);
  }

  async #build(): Promise<Runner> {
    if (this.#stopped) throw new RunError("model-unavailable", "The app is stopped");
    this.#enterState("starting");
    try {
      const runner = await this.#make();
      await enterRunner(runner);
      if (this.#stopped) {
        await leaveRunner(runner);
        throw new RunError("model-unavailable", "The app stopped while the model was built");
      }
      this.#runner = runner;
      if (runner instanceof UnavailableRunner) this.#markUnavailable(runner);
      else this.#enterState("up");
      return runner;
    } catch (error) {
      const degraded = this.model.dependencyPolicy === "degrade" &&
        this.#dependencyErrors.matches(error);
      this.#enterState(degraded ? "degraded" : "failed", error);
      this.#logger.log(degraded ? "warn" : "error", "model failed to start", {
        model: this.model.id,
        error: errorClass(error),
        detail: error instanceof Error ? error.message : String(error),
        cause: causesOf(error),
      });
      throw error;
    }
  }

  async #make(context?: RequestContext): Promise<Runner> {
    const { source, id } = this.model;
    const runner: unknown = isRunner(source) ? source : await source(context);
    if (isRunner(runner)) return runner;
    throw new SetupError(`Cannot serve "${id}": its factory made something without \`run\``);
  }

  #markUnavailable(runner: UnavailableRunner): void {
    this.#reason = runner.reason;
    this.#enterState("unavailable");
  }

  #recover(): void {
    if (this.#state === "degraded") this.#enterState(this.#runner ? "up" : "idle");
  }

  #enterState(state: ModelState, error?: unknown): void {
    if (error !== undefined) this.#lastError = errorClass(error);
    if (this.#state === state) return;
    if (this.#state === "stopped") return;
    this.#state = state;
    this.#sinceMs = this.#clock.now();
  }
}
