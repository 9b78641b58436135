/**
 * The Runner written by hand.
 * @module
 */
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import type { WorkflowRequest } from "./request.ts";
import type { WorkflowAnswer } from "./response.ts";
import { type Answer, WorkflowRun } from "./run.ts";

/**
 * Answers one request: returns or resolves to text, a JSON value, an async iterable of text or a
 * `WorkflowResponse`. May be an async generator function that yields text.
 */
export type WorkflowFunction<Deps = unknown> = (
  request: WorkflowRequest<Deps>,
) => WorkflowAnswer | PromiseLike<WorkflowAnswer>;

/** A workflow with a lifetime. */
export interface WorkflowDefinition<Deps = unknown> {
  /** Answers one request. */
  run(request: WorkflowRequest<Deps>): WorkflowAnswer | PromiseLike<WorkflowAnswer>;
  /** Acquires what the workflow needs for its lifetime. */
  start?(): Promise<void>;
  /** Releases what `start` acquired. */
  [Symbol.asyncDispose]?(): PromiseLike<void>;
}

/**
 * Makes a function answer like a model. Long-lived and safe for concurrent runs, as far as the
 * function is.
 *
 * @example
 * ```ts
 * import { AgenticWorkflow } from "@x/fakellm";
 *
 * const shout = new AgenticWorkflow((request) => request.latestUserText().toUpperCase());
 * ```
 */
export class AgenticWorkflow<Deps = unknown> implements Runner {
  readonly #definition: Partial<WorkflowDefinition<Deps>>;
  readonly #answer: Answer<Deps>;

  /** Takes the function, or an object whose `run` is the function. */
  constructor(workflow: WorkflowFunction<Deps> | WorkflowDefinition<Deps>) {
    if (typeof workflow === "function") {
      this.#definition = {};
      this.#answer = workflow;
    } else {
      this.#definition = workflow;
      this.#answer = (request) => workflow.run(request);
    }
  }

  /**
   * Answers one request.
   *
   * @throws whatever the function throws
   * @throws {RunError} `run-failed` when its answer is not what the client asked for or offered
   */
  run(request: RunRequest, context: RunContext): AsyncIterableIterator<RunEvent> {
    return new WorkflowRun(this.#answer, request, context);
  }

  /** Starts the workflow, if it has something to start. */
  async start(): Promise<void> {
    await this.#definition.start?.();
  }

  /** Ends the workflow, if it has something to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#definition[Symbol.asyncDispose]?.();
  }
}
