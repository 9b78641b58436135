/**
 * Errors as OpenAI's API writes them: the one place that knows statuses, types and codes.
 *
 * Statuses after https://platform.openai.com/docs/guides/error-codes; types and codes are those that
 * clients match on, and not all of them are documented.
 * @module
 */
import type { ErrorCode, PublicError } from "../run/error.ts";

/** The JSON body of a refusal or failure. Clients rely on all four keys. */
export interface OpenAIErrorBody {
  /** The error; its presence is what tells clients that something failed. */
  readonly error: {
    /** For people. */
    readonly message: string;
    /** Family of the error, as `invalid_request_error`. */
    readonly type: string;
    /** Path of the offending field. */
    readonly param: string | null;
    /** For programs, as `invalid_value`; null where no code fits. */
    readonly code: string | null;
  };
}

/** A refusal or failure as an HTTP answer. */
export interface ErrorAnswer {
  /** 400 to 599. */
  readonly status: number;
  /** To be sent as JSON. */
  readonly body: OpenAIErrorBody;
  /** Header names in lower case; `content-type` and the request id are the server's. */
  readonly headers: Readonly<Record<string, string>>;
}

interface Row {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
}

const caller = (status: number, code: string | null): Row => ({
  status,
  type: "invalid_request_error",
  code,
});
// One code for all of them: it says who failed and that trying again may help, nothing of what
// stands behind the served model.
const server = (status: number): Row => ({ status, type: "server_error", code: "server_error" });

const ROWS: Readonly<Record<ErrorCode, Row>> = {
  "malformed-request": caller(400, null),
  "missing-parameter": caller(400, "missing_required_parameter"),
  "invalid-type": caller(400, "invalid_type"),
  "invalid-value": caller(400, "invalid_value"),
  "empty-array": caller(400, "empty_array"),
  "unsupported-parameter": caller(400, "unsupported_parameter"),
  "unsupported-value": caller(400, "unsupported_value"),
  "context-length-exceeded": caller(400, "context_length_exceeded"),
  "invalid-api-key": caller(401, "invalid_api_key"),
  "permission-denied": { status: 403, type: "permission_error", code: "permission_denied" },
  "model-not-found": caller(404, "model_not_found"),
  "previous-response-not-found": caller(400, "previous_response_not_found"),
  "item-not-found": caller(404, null),
  "unknown-url": caller(404, "unknown_url"),
  "method-not-allowed": caller(405, "method_not_allowed"),
  "body-too-large": caller(413, "request_too_large"),
  "unsupported-media-type": caller(415, "unsupported_media_type"),
  // A 5xx would be retried by every client, at full price and to no avail.
  "run-failed": caller(422, "run_failed"),
  "rate-limit-exceeded": { status: 429, type: "rate_limit_error", code: "rate_limit_exceeded" },
  "insufficient-quota": { status: 429, type: "insufficient_quota", code: "insufficient_quota" },
  // The status proxies use for a client that went away; no client retries it.
  "cancelled": caller(499, "cancelled"),
  "backend-down": server(502),
  "backend-overloaded": server(503),
  "model-unavailable": server(503),
  "backend-timeout": server(504),
  "internal": server(500),
};

/** Said where nobody knows better; long enough for a restart, short enough to wait for. */
const DEFAULT_RETRY_AFTER_S = 2;

/** An error as the whole answer to a request. */
export function encodeError(error: PublicError): ErrorAnswer {
  const row = rowOf(error);
  const headers: Record<string, string> = {};
  if (!error.retryable) {
    headers["x-should-retry"] = "false";
  } else if (error.retryAfterMs !== undefined || row.status === 429 || row.status === 503) {
    headers["retry-after"] = String(retryAfterS(error) ?? DEFAULT_RETRY_AFTER_S);
  }
  if (row.status === 401) headers["www-authenticate"] = "Bearer";
  return { status: row.status, body: bodyOf(error, row), headers };
}

/**
 * An error for a client that is already reading a stream: no status can tell it whether to retry, so
 * a failed run has the code that clients know to be final.
 */
export function encodeInBandError(error: PublicError): OpenAIErrorBody {
  const row = rowOf(error);
  return bodyOf(error, error.code === "run-failed" ? { ...row, code: "invalid_prompt" } : row);
}

function bodyOf(error: PublicError, { type, code }: Row): OpenAIErrorBody {
  return { error: { message: messageOf(error), type, param: error.param, code } };
}

/** An app's own status takes the row of the code that has it, or stands without a code. */
function rowOf({ code, status }: PublicError): Row {
  if (status === undefined) return ROWS[code];
  if (status >= 500) return server(status);
  switch (status) {
    case 401:
      return ROWS["invalid-api-key"];
    case 403:
      return ROWS["permission-denied"];
    case 429:
      return ROWS["rate-limit-exceeded"];
    default:
      return caller(status, null);
  }
}

function retryAfterS({ retryAfterMs }: PublicError): number | undefined {
  return retryAfterMs === undefined ? undefined : Math.max(1, Math.ceil(retryAfterMs / 1000));
}

/** Coding agents look for these wordings to shorten their context or to wait. */
function messageOf(error: PublicError): string {
  const { code, message } = error;
  if (code === "context-length-exceeded" && !message.includes("maximum context length")) {
    return `This model's maximum context length was exceeded: ${message}`;
  }
  const delayS = retryAfterS(error);
  if (code === "rate-limit-exceeded" && delayS !== undefined) {
    return `${message}. Please try again in ${delayS}s`;
  }
  return message;
}
