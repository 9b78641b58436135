/**
 * The error families, by who must act, and the closed list of codes a client can see.
 * @module
 */

/** Codes for what the caller did wrong. */
export type RequestErrorCode =
  | "malformed-request"
  | "missing-parameter"
  | "invalid-type"
  | "invalid-value"
  | "empty-array"
  | "unsupported-parameter"
  | "unsupported-value"
  | "context-length-exceeded"
  | "invalid-api-key"
  | "permission-denied"
  | "model-not-found"
  | "previous-response-not-found"
  | "item-not-found"
  | "unknown-url"
  | "method-not-allowed"
  | "body-too-large"
  | "unsupported-media-type";

/** Codes for a run that failed. */
export type RunErrorCode =
  | "run-failed"
  | "context-length-exceeded"
  | "rate-limit-exceeded"
  | "insufficient-quota"
  | "backend-down"
  | "backend-overloaded"
  | "backend-timeout"
  | "model-unavailable"
  | "cancelled"
  | "internal";

/** Every code an error on the wire can have. */
export type ErrorCode = RequestErrorCode | RunErrorCode;

/** The caller must act. Its message goes to the client as it is: never put a secret in it. */
export class RequestError extends Error {
  /** Tells this family apart. */
  override readonly name = "RequestError";
  /** What was wrong, from the closed list. */
  readonly code: RequestErrorCode;
  /** Path of the offending field, as `messages[0].content`, or null. */
  readonly param: string | null;

  /** Takes what the client is told. */
  constructor(
    code: RequestErrorCode,
    message: string,
    options: { readonly param?: string | null; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.param = options.param ?? null;
  }
}

/** The run failed. The message is for the log; clients get a fixed sentence for the code. */
export class RunError extends Error {
  /** Tells this family apart. */
  override readonly name = "RunError";
  /** What went wrong, from the closed list. */
  readonly code: RunErrorCode;
  /** When trying again may help, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;
  /** Whether repeating the same request can succeed. */
  readonly retryable: boolean;

  /** Takes what the log is told. */
  constructor(
    code: RunErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly retryAfterMs?: number;
      readonly retryable?: boolean;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.retryable = options.retryable ??
      (code !== "run-failed" && code !== "context-length-exceeded" &&
        code !== "insufficient-quota");
  }
}

/** One thing that is wrong with a configuration. */
export interface SetupProblem {
  /** Where, as `models.alpha.backend`; empty for the whole. */
  readonly path: string;
  /** What is wrong; what is accepted. */
  readonly message: string;
}

/** The author or operator must act: a configuration or a construction is wrong. */
export class SetupError extends Error {
  /** Tells this family apart. */
  override readonly name = "SetupError";
  /** Everything that is wrong, in the order it was found. */
  readonly problems: readonly SetupProblem[];

  /** Takes one problem as a sentence, or all of them. */
  constructor(
    problems: string | readonly SetupProblem[],
    options: { readonly path?: string; readonly cause?: unknown } = {},
  ) {
    const list = typeof problems === "string"
      ? [{ path: options.path ?? "", message: problems }]
      : problems;
    super(list.map((p) => p.path === "" ? p.message : `${p.path}: ${p.message}`).join("\n"), {
      cause: options.cause,
    });
    this.problems = list;
  }
}

/** Thrown by an app's own code (`requestContextFactory`) to answer with this status and message. */
export class HttpError extends Error {
  /** Tells this family apart. */
  override readonly name = "HttpError";
  /** 400 to 599. */
  readonly status: number;

  /** Takes what the client is told. */
  constructor(status: number, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`HttpError status must be 400 to 599, got ${status}`);
    }
    this.status = status;
  }
}

/** What a client may know of a failure. */
export interface PublicError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param: string | null;
  /** Overrides the code's usual status (HttpError only). */
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly retryable: boolean;
}

const RUN_MESSAGES: Readonly<Record<RunErrorCode, string>> = {
  "run-failed": "The model could not produce an answer to this request",
  "context-length-exceeded": "This model's maximum context length was exceeded",
  "rate-limit-exceeded": "Rate limit reached",
  "insufficient-quota": "The quota of this key is used up",
  "backend-down": "The model could not be reached",
  "backend-overloaded": "The model is overloaded",
  "backend-timeout": "The model did not answer in time",
  "model-unavailable": "The model is not available at the moment",
  "cancelled": "The request was cancelled",
  "internal": "The server had an error while processing your request",
};

/** Turns whatever was thrown into what the client may know. Causes and stacks stay behind. */
export function toPublicError(error: unknown, requestId: string): PublicError {
  if (error instanceof RequestError) {
    const { code, message, param } = error;
    return { code, message, param, retryable: false };
  }
  if (error instanceof HttpError) {
    const { status, message } = error;
    return {
      code: status < 500 ? "invalid-value" : "internal",
      message,
      param: null,
      status,
      retryable: status === 429 || status >= 500,
    };
  }
  const code = error instanceof RunError ? error.code : "internal";
  const retryAfterMs = error instanceof RunError ? error.retryAfterMs : undefined;
  return {
    code,
    message: `${RUN_MESSAGES[code]} (request id ${requestId})`,
    param: null,
    retryAfterMs,
    retryable: error instanceof RunError ? error.retryable : true,
  };
}
