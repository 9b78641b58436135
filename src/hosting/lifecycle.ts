/**
 * A served model's Runner over time: built when its lifecycle says, entered, released at the end.
 * @module
 */
import { RequestContext } from "../context/request_context.ts";
import { RunError, SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import { isRunner, type RunContext, type Runner } from "../run/runner.ts";
import { enterRunner, leaveRunner } from "../run/runner_lifetime.ts";
import type { Logger } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { causesOf } from "./cause.ts";
import { errorClass } from "./dependency_error.ts";
import type { DependencyErrorPolicy } from "./dependency_error_policy.ts";
import type { FakeModel } from "./fake_models.ts";
import type { ModelStatus } from "./model_status.ts";

/** What building a model's Runner needs. */
export interface LifecycleRunnerOptions {
  /** Told of each build and its outcome. */
  readonly status: ModelStatus;
  /** Told of failed builds. */
  readonly logger: Logger;
  /** Which failures degrade the model where it may degrade. */
  readonly dependencyErrors: DependencyErrorPolicy;
}

/** The Runner behind one model, as its lifecycle says. Running it builds what is not built yet. */
export class LifecycleRunner implements Runner {
  readonly #model: FakeModel;
  readonly #options: LifecycleRunnerOptions;
  /** Built and entered. */
  #runner: Runner | undefined;
  #building: Promise<Runner> | undefined;
  #stopped = false;

  /** Prepares the Runner; nothing is built yet. */
  constructor(model: FakeModel, options: LifecycleRunnerOptions) {
    this.#model = model;
    this.#options = options;
  }

  /** Whether there is a Runner now that answers more than one request. */
  get built(): boolean {
    return this.#runner !== undefined;
  }

  /** Builds and enters the Runner, if it is not. Rejects with what the build failed with. */
  async start(): Promise<void> {
    await this.#built();
  }

  /** Answers a request. */
  run(request: RunRequest, context: RunContext): AsyncIterable<RunEvent> {
    if (this.#model.lifecycle === "per_request") return this.#runOnce(request, context);
    return this.#runner?.run(request, context) ?? this.#runOnceBuilt(request, context);
  }

  /** Releases the Runner; afterwards nothing is built any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    // A build under way sees the flag and releases what it made.
    await this.#building?.catch(() => {});
    const runner = this.#runner;
    this.#runner = undefined;
    this.#options.status.enter("stopped");
    if (runner) await leaveRunner(runner);
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
    const { status, logger, dependencyErrors } = this.#options;
    status.enter("starting");
    try {
      const runner = await this.#make();
      await enterRunner(runner);
      if (this.#stopped) {
        await leaveRunner(runner);
        throw new RunError("model-unavailable", "The app stopped while the model was built");
      }
      this.#runner = runner;
      status.enter("up");
      return runner;
    } catch (error) {
      const degraded = this.#model.dependencyPolicy === "degrade" &&
        dependencyErrors.matches(error);
      status.enter(degraded ? "degraded" : "failed", error);
      logger.log(degraded ? "warn" : "error", "model failed to start", {
        model: this.#model.id,
        error: errorClass(error),
        detail: error instanceof Error ? error.message : String(error),
        cause: causesOf(error),
      });
      throw error;
    }
  }

  async #make(context?: RequestContext): Promise<Runner> {
    const { source, id } = this.#model;
    const runner: unknown = isRunner(source) ? source : await source(context);
    if (isRunner(runner)) return runner;
    throw new SetupError(`Cannot serve "${id}": its factory made something without \`run\``);
  }
}
