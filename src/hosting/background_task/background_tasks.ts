/**
 * Who answers a model's background tasks, and how many there were.
 * @module
 */
import type { RunEvent } from "../../run/event.ts";
import type { RunRequest } from "../../run/request.ts";
import type { RunContext, Runner } from "../../run/runner.ts";
import { enterRunner, leaveRunner } from "../../run/runner_lifetime.ts";
import type { Logger } from "../../run/seams.ts";
import { untilAborted } from "../../run/until_aborted.ts";
import { errorClass } from "../dependency_error.ts";
import type { FakeModel } from "../fake_models.ts";
import type { BackgroundTask, BackgroundTaskKind } from "./background_task.ts";
import { ruleAnswer, saying } from "./rule.ts";

/** What background tasks need of their model's host. */
export interface BackgroundTasksOptions {
  /** Told of a Runner that could not be started. */
  readonly logger: Logger;
}

/** One run of a background task. */
export interface TaskRun {
  /** What was asked. */
  readonly request: RunRequest;
  /** What the run is given. */
  readonly context: RunContext;
  /** The model's own answer, for what a rule cannot answer. */
  readonly byModel: () => AsyncIterable<RunEvent>;
}

/** The background tasks of one model. */
export class BackgroundTasks {
  readonly #model: FakeModel;
  /** Answers; undefined: the rule, or the model itself. */
  readonly #runner: Runner | undefined;
  readonly #logger: Logger;
  readonly #counts: Partial<Record<BackgroundTaskKind, number>> = {};
  /** Whether the model holds the Runner. */
  #held = false;
  #entering: Promise<void> | undefined;
  #stopped = false;

  /** None yet; nothing is started. */
  constructor(model: FakeModel, { logger }: BackgroundTasksOptions) {
    const by = model.backgroundTasks;
    this.#model = model;
    this.#runner = typeof by === "object" ? by : undefined;
    this.#logger = logger;
  }

  /** Whether the model answers them as it answers everything. */
  get leftToModel(): boolean {
    return (this.#model.backgroundTasks ?? "agent") === "agent";
  }

  /** How many there were of each kind, kinds without any left out. */
  get counts(): Readonly<Partial<Record<BackgroundTaskKind, number>>> {
    return { ...this.#counts };
  }

  /** One more. */
  count({ kind }: BackgroundTask): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
  }

  /** Starts the Runner where it lives as long as the app. A failure is logged: the rule stands in. */
  async start(): Promise<void> {
    await this.#ready().catch(() => {});
  }

  /** Answers a task that is not left to the model. */
  async *answer(task: BackgroundTask, run: TaskRun): AsyncGenerator<RunEvent> {
    const { request, context, byModel } = run;
    context.signal.throwIfAborted();
    const runner = await this.#runnerFor(context.signal);
    if (runner) {
      try {
        context.signal.throwIfAborted();
        yield* runner.run(request, context);
      } finally {
        if (this.#eachTime) await leaveRunner(runner);
      }
      return;
    }
    const text = await ruleAnswer(task, request);
    if (text === undefined) yield* byModel();
    else yield* saying(text);
  }

  /** Releases the Runner; from then on the rule answers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#entering?.catch(() => {});
    if (!this.#held) return;
    this.#held = false;
    await leaveRunner(this.#runner!);
  }

  get #eachTime(): boolean {
    return this.#model.lifecycle === "per_request";
  }

  /** The Runner, entered; undefined where there is none or it cannot be started. */
  async #runnerFor(signal: AbortSignal): Promise<Runner | undefined> {
    const runner = this.#runner;
    if (!runner || this.#stopped) return undefined;
    try {
      if (this.#eachTime) await this.#enter(runner);
      else if (!this.#held) await untilAborted(this.#ready(), signal);
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
    // The app may have stopped, and released it, meanwhile.
    return this.#eachTime || this.#held ? runner : undefined;
  }

  /** One start for all who wait; a failed one is forgotten, so that the next task tries again. */
  #ready(): Promise<void> {
    const runner = this.#runner;
    if (!runner || this.#held) return Promise.resolve();
    return this.#entering ??= this.#enter(runner).then(() => {
      this.#held = true;
    }).finally(() => this.#entering = undefined);
  }

  async #enter(runner: Runner): Promise<void> {
    try {
      await enterRunner(runner);
    } catch (error) {
      this.#logger.log("warn", "background tasks are answered by the rule", {
        model: this.#model.id,
        error: errorClass(error),
        detail: error instanceof Error ? error.message : String(error),
      });
      throw error;
    }
  }
}
