/**
 * Several models as one: the next takes over where one cannot be reached.
 * @module
 */
import { RunError, type RunErrorCode, SetupError } from "../run/error.ts";
import type { Model, ModelCallOptions, ModelEvent, ModelProfile, ModelRequest } from "./model.ts";

/** Settings of a FallbackBackend. */
export interface FallbackBackendOptions {
  /** For logs and error messages. @default the candidates' names, joined by ", else " */
  readonly name?: string;
}

/**
 * Codes of failures that another backend may not share, the most telling first: when all candidates
 * fail, the caller hears the first of these that occurred.
 */
const BACKEND_FAILURES: readonly RunErrorCode[] = [
  "rate-limit-exceeded",
  "backend-overloaded",
  "insufficient-quota",
  "backend-timeout",
  "backend-down",
  "model-unavailable",
];

/**
 * Asks its candidates in order until one begins to answer. After the first event there is no going
 * back: what fails then fails the call, since the client has seen part of the answer.
 *
 * @example
 * ```ts
 * import { FallbackBackend, OpenAICompatibleBackend } from "@x/fakellm";
 *
 * const backend = new FallbackBackend([
 *   new OpenAICompatibleBackend({ baseURL: "https://llm.example/v1", model: "large" }),
 *   new OpenAICompatibleBackend({ baseURL: "http://127.0.0.1:11434/v1", model: "small" }),
 * ]);
 * ```
 */
export class FallbackBackend implements Model {
  /** As given, or the candidates' names. */
  readonly name: string;
  /** What all candidates can do. */
  readonly profile: ModelProfile;
  readonly #models: readonly Model[];

  /**
   * A backend of backends.
   *
   * @param models candidates, best first
   * @throws {SetupError} when there are none
   */
  constructor(models: readonly Model[], options: FallbackBackendOptions = {}) {
    if (models.length === 0) {
      throw new SetupError("Name at least one model to fall back to, got none");
    }
    this.#models = [...models];
    this.name = options.name ?? models.map((model) => model.name).join(", else ");
    this.profile = commonProfile(models.map((model) => model.profile));
  }

  /**
   * One call of the first candidate that answers.
   *
   * @throws {RequestError} as a candidate throws it: another would refuse alike
   * @throws {RunError} with the most telling code when all fail; the cause is an AggregateError
   */
  call(
    request: ModelRequest,
    options: ModelCallOptions,
  ): AsyncIterableIterator<ModelEvent, undefined> {
    return new FallbackCall(this.#models, request, options);
  }
}

/** Hands out the promises of the candidate that answers, so that falling back costs nothing later. */
class FallbackCall implements AsyncIterableIterator<ModelEvent, undefined> {
  readonly #models: readonly Model[];
  readonly #request: ModelRequest;
  readonly #options: ModelCallOptions;
  #current: AsyncIterator<ModelEvent> | undefined;
  #state: "new" | "opening" | "open" | "over" = "new";

  constructor(models: readonly Model[], request: ModelRequest, options: ModelCallOptions) {
    this.#models = models;
    this.#request = request;
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ModelEvent, undefined>> {
    if (this.#state === "open" && this.#current) return this.#current.next();
    if (this.#state === "over") return Promise.resolve({ value: undefined, done: true });
    return this.#start();
  }

  async return(): Promise<IteratorResult<ModelEvent, undefined>> {
    this.#state = "over";
    await this.#current?.return?.();
    return { value: undefined, done: true };
  }

  async #start(): Promise<IteratorResult<ModelEvent, undefined>> {
    this.#state = "opening";
    const failures: RunError[] = [];
    for (const model of this.#models) {
      this.#current = model.call(this.#request, this.#options)[Symbol.asyncIterator]();
      try {
        const first = await this.#current.next();
        if (this.#state === "opening") this.#state = "open";
        return first;
      } catch (error) {
        const ours = error instanceof RunError && BACKEND_FAILURES.includes(error.code);
        if (!ours || this.#options.signal.aborted) {
          this.#state = "over";
          throw error;
        }
        if (this.#isOver()) return { value: undefined, done: true };
        failures.push(error);
        this.#options.logger.log("warn", "Backend failed, the next is asked", {
          backend: model.name,
          code: error.code,
          reason: error.message,
        });
      }
    }
    this.#state = "over";
    throw allFailed(failures);
  }

  /** `return()` may come while a candidate is being asked. */
  #isOver(): boolean {
    return this.#state === "over";
  }
}

function allFailed(failures: readonly RunError[]): RunError {
  const [only] = failures;
  if (only && failures.length === 1) return only;
  const code = BACKEND_FAILURES.find((code) => failures.some((failure) => failure.code === code));
  const waits = failures.flatMap(({ retryAfterMs }) =>
    retryAfterMs === undefined ? [] : [retryAfterMs]
  );
  return new RunError(
    code ?? "backend-down",
    `All ${failures.length} backends failed: ${failures.map(({ message }) => message).join("; ")}`,
    {
      cause: new AggregateError(failures, "All backends failed"),
      retryAfterMs: waits.length > 0 ? Math.min(...waits) : undefined,
      retryable: failures.some(({ retryable }) => retryable),
    },
  );
}

function commonProfile(profiles: readonly ModelProfile[]): ModelProfile {
  const outputs = profiles.map((profile) => profile.structuredOutput);
  return {
    structuredOutput: outputs.includes("none")
      ? "none"
      : outputs.includes("json-object")
      ? "json-object"
      : "json-schema",
    logprobs: profiles.every((profile) => profile.logprobs),
    audioInput: profiles.every((profile) => profile.audioInput),
    fetchUrls: profiles.every((profile) => profile.fetchUrls),
  };
}
