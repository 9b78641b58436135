/**
 * What clients are told when something outside fails and nobody has caught it.
 * @module
 */
import { HttpError, type PublicError, RequestError, RunError, SetupError } from "../run/error.ts";
import { isDependencyError } from "./dependency_error.ts";

/** How to make a {@linkcode DependencyErrorPolicy}. */
export interface DependencyErrorPolicyOptions {
  /** What clients are told, as it is. Also said by degraded models without words of their own. */
  readonly message: string;
  /** HTTP status, 500 to 599, of answers that have not begun. @default 503 */
  readonly status?: number;
  /**
   * Which failures are meant.
   * @default {@linkcode isDependencyError}: refused, reset, DNS, TLS, timeouts, MCP servers that are
   * gone, models that answer with 5xx
   */
  readonly isDependencyError?: (error: unknown) => boolean;
}

/**
 * Answers failures of what an app depends on in the operator's words, wherever they come from: tools,
 * models, MCP servers, request contexts. What an app's own code answers with, by `HttpError`, stays
 * as it is.
 *
 * ```ts
 * import { Agent, createApp, DemoBackend, DependencyErrorPolicy } from "@x/fakellm";
 *
 * const app = createApp(new Agent({ model: new DemoBackend() }), {
 *   dependencyErrors: new DependencyErrorPolicy({
 *     message: "The warehouse cannot be reached. Please try again in a minute.",
 *   }),
 * });
 * await app.stop();
 * ```
 */
export class DependencyErrorPolicy {
  /** What clients are told. */
  readonly message: string;
  /** HTTP status of answers that have not begun. */
  readonly status: number;
  readonly #isDependencyError: (error: unknown) => boolean;

  /**
   * Takes the words.
   *
   * @throws {SetupError} when there are none, or the status is not one of servers
   */
  constructor(options: DependencyErrorPolicyOptions) {
    const { message, status = 503 } = options;
    if (message.trim() === "") {
      throw new SetupError("Give the dependency error policy a message: it is empty");
    }
    if (!Number.isInteger(status) || status < 500 || status > 599) {
      throw new SetupError(
        `Cannot answer a failed dependency with status ${status}; accepted: 500 to 599`,
      );
    }
    this.message = message;
    this.status = status;
    this.#isDependencyError = options.isDependencyError ?? isDependencyError;
  }

  /** Whether a failure is one of those meant; never an answer of the app's own code. */
  matches(error: unknown): boolean {
    if (error instanceof RequestError || error instanceof HttpError) return false;
    if (error instanceof RunError && error.code === "cancelled") return false;
    return this.#isDependencyError(error);
  }
}

/** What a client may know of a failure that matches. */
export function publicErrorOf(
  { message, status }: DependencyErrorPolicy,
  error: unknown,
): PublicError {
  const known = error instanceof RunError ? error : undefined;
  const { retryAfterMs, retryable = true } = known ?? {};
  return { code: "backend-down", message, param: null, status, retryAfterMs, retryable };
}
