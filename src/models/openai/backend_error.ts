/**
 * How a backend failed -> the RunError that says so.
 * @module
 */
import { RunError, type RunErrorCode } from "../../run/error.ts";
import type { WireError } from "./wire.ts";

/** Most characters of a backend's own words kept for the log. */
const MAX_DETAIL_CHARS = 2000;

/** What a backend answered instead of a completion: the `cause` of a RunError, for the log alone. */
export class BackendFailure extends Error {
  /** Always "BackendFailure". */
  override readonly name = "BackendFailure";
  /** HTTP status; undefined when the failure came inside a stream. */
  readonly status: number | undefined;
  /** The body as text, cut and without the operator's secrets. */
  readonly body: string;

  /**
   * Keeps the beginning of a long body.
   *
   * @param body already free of secrets
   */
  constructor(status: number | undefined, body: string) {
    const cut = body.length > MAX_DETAIL_CHARS ? `${body.slice(0, MAX_DETAIL_CHARS)}…` : body;
    super(status === undefined ? cut : `HTTP ${status}: ${cut}`);
    this.status = status;
    this.body = cut;
  }
}

/** An error answer, as far as it is needed to tell what it means. */
export interface ErrorAnswer {
  /** HTTP status, 300 or more. */
  readonly status: number;
  /** The answer's headers. */
  readonly headers: Headers;
  /** The body as text, free of secrets. */
  readonly body: string;
}

/**
 * An HTTP error answer as RunError: 429 is `rate-limit-exceeded` with the time the backend names,
 * 503 and 529 `backend-overloaded`, 408 and 504 `backend-timeout`, a prompt that is too long
 * `context-length-exceeded`, everything else `backend-down`. Of the latter, 4xx are permanent.
 */
export function httpError(backend: string, { status, headers, body }: ErrorAnswer): RunError {
  const cause = new BackendFailure(status, body);
  const error = parseError(body);
  if (status >= 400 && status < 500 && status !== 429 && isContextLength(error)) {
    return new RunError(
      "context-length-exceeded",
      `Backend "${backend}" found the prompt too long`,
      {
        cause,
      },
    );
  }
  if (status >= 300 && status < 400) {
    return new RunError(
      "backend-down",
      `Backend "${backend}" redirects with HTTP ${status}; its base URL must be the final one`,
      { cause, retryable: false },
    );
  }
  const code = codeOf(status);
  return new RunError(code, `Backend "${backend}" answered HTTP ${status}`, {
    cause,
    retryAfterMs: retryAfterMs(headers),
    retryable: isQuota(error) ? false : code !== "backend-down" || status >= 500,
  });
}

/** An error told inside an answer that began as a success; `redact` takes secrets out of it. */
export function inBandError(
  backend: string,
  told: WireError | string,
  redact: (text: string) => string,
): RunError {
  const error = typeof told === "string" ? { message: told } : told;
  const cause = new BackendFailure(undefined, redact(JSON.stringify(told)));
  if (isContextLength(error)) {
    return new RunError(
      "context-length-exceeded",
      `Backend "${backend}" found the prompt too long`,
      {
        cause,
      },
    );
  }
  const words = `${error.code ?? ""} ${error.type ?? ""}`;
  const status = typeof error.code === "number" ? error.code : 0;
  const code = /rate_limit|insufficient_quota/.test(words)
    ? "rate-limit-exceeded"
    : /overloaded|unavailable/.test(words)
    ? "backend-overloaded"
    : /timeout/.test(words)
    ? "backend-timeout"
    : codeOf(status);
  return new RunError(code, `Backend "${backend}" broke off its answer with an error`, {
    cause,
    retryable: !isQuota(error),
  });
}

/** The error of a body, wherever backends put it. */
function parseError(body: string): WireError {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null) return { message: body };
    const { error } = value as { readonly error?: unknown };
    if (typeof error === "string") return { message: error };
    return (typeof error === "object" && error !== null ? error : value) as WireError;
  } catch {
    return { message: body };
  }
}

function codeOf(status: number): RunErrorCode {
  switch (status) {
    case 429:
      return "rate-limit-exceeded";
    case 503:
    case 529:
      return "backend-overloaded";
    case 408:
    case 504:
      return "backend-timeout";
    default:
      return "backend-down";
  }
}

/** The sentences by which OpenAI, vLLM, llama.cpp, Anthropic, Gemini, Mistral, Groq and Bedrock say it. */
const CONTEXT_LENGTH = new RegExp(
  [
    "maximum context length",
    "context (length|window|size)",
    "prompt is too long",
    "input is too long",
    "input token count .* exceeds",
    "too large for model",
    "reduce the length of (the )?(messages|prompt|input)",
  ].join("|"),
  "i",
);

function isContextLength(error: WireError): boolean {
  return error.code === "context_length_exceeded" || error.type === "exceed_context_size_error" ||
    (typeof error.message === "string" && CONTEXT_LENGTH.test(error.message));
}

/** Whether an error answer says that nothing but a new quota helps. */
export function isQuotaAnswer(body: string): boolean {
  return isQuota(parseError(body));
}

function isQuota(error: WireError): boolean {
  return error.code === "insufficient_quota" || error.type === "insufficient_quota";
}

/** `retry-after-ms`, or else `Retry-After` in seconds or as a date; at least 0. */
export function retryAfterMs(headers: Headers): number | undefined {
  const exact = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
