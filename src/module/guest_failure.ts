/**
 * Failures on their way between host and guest.
 * @module
 */
import {
  HttpError,
  RequestError,
  type RequestErrorCode,
  RunError,
  type RunErrorCode,
} from "../run/error.ts";
import { ModelRetry, ToolFailed } from "../tools/outcome.ts";
import type { CheckedFailure } from "./guest_check.ts";
import type { GuestFailure } from "./guest_messages.ts";

/** Codes a guest may tell its clients. */
const REQUEST_CODES: ReadonlySet<string> = new Set<RequestErrorCode>([
  "missing-parameter",
  "invalid-type",
  "invalid-value",
  "empty-array",
  "unsupported-parameter",
  "unsupported-value",
  "context-length-exceeded",
]);

/** Codes of failed runs that a guest may name; whether it was cancelled, its host knows. */
const RUN_CODES: ReadonlySet<string> = new Set<RunErrorCode>([
  "run-failed",
  "context-length-exceeded",
  "rate-limit-exceeded",
  "insufficient-quota",
  "backend-down",
  "backend-overloaded",
  "backend-timeout",
  "model-unavailable",
]);

/** Statuses by which clients take their own key to be wrong: no guest knows of it. */
const CREDENTIAL_STATUSES: ReadonlySet<number> = new Set([401, 407]);

/** Longest a guest can have its clients wait before they try again. */
const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;

/** What a guest's run failed with, as an error of the host's. */
export function errorOf(failure: CheckedFailure): Error {
  switch (failure.family) {
    case "request": {
      const { code, message, param } = failure;
      if (REQUEST_CODES.has(code)) {
        return new RequestError(code as RequestErrorCode, message, { param });
      }
      return new RunError("internal", `Guest failed: ${message}`);
    }
    case "http":
      if (CREDENTIAL_STATUSES.has(failure.status)) {
        return new RunError("internal", `Guest failed: ${failure.status}: ${failure.message}`);
      }
      return new HttpError(failure.status, failure.message);
    case "run": {
      const { code, message, retryAfterMs, retryable } = failure;
      if (!RUN_CODES.has(code)) return new RunError("internal", `Guest failed: ${message}`);
      return new RunError(code as RunErrorCode, `Guest failed: ${message}`, {
        retryAfterMs: retryAfterMs && Math.min(retryAfterMs, MAX_RETRY_AFTER_MS),
        retryable,
      });
    }
    case "other":
      return new RunError("internal", `Guest failed: ${failure.name}: ${failure.message}`, {
        cause: likeOriginal(failure),
      });
    default:
      return failure satisfies never;
  }
}

/** Looks to whoever judges errors like the one it stands for: a refused connection is one. */
function likeOriginal({ name, message }: Extract<CheckedFailure, { family: "other" }>): Error {
  const error = name === "TypeError" ? new TypeError(message) : new Error(message);
  error.name = name;
  return error;
}

/** What a guest is told of a service that failed: nothing of the host's own matters. */
export function failureOf(error: unknown): GuestFailure {
  if (error instanceof ModelRetry) return { family: "tool", retry: true, message: error.message };
  if (error instanceof ToolFailed) return { family: "tool", retry: false, message: error.message };
  if (error instanceof RequestError) {
    const { code, message, param } = error;
    return { family: "request", code, message, param };
  }
  const message = "A service of the host failed";
  if (!(error instanceof RunError)) return { family: "run", code: "internal", message };
  const { code, retryAfterMs, retryable } = error;
  return { family: "run", code, message, retryAfterMs, retryable };
}
