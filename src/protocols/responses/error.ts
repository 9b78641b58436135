/**
 * Failures told in a stream. No status can say whether to try again, so the code must.
 *
 * Source: https://developers.openai.com/api/docs/guides/error-codes (as typed by npm:openai 7.57.0, 2026-11-23)
 * @module
 */
import type { PublicError } from "../../run/error.ts";
import { encodeInBandError } from "../openai_error.ts";

/** A failure as clients of streams read it. */
export interface StreamFailure {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  /** Family of the error, as `server_error`. */
  readonly type: string;
}

/** Codes that say of themselves that trying again is of no use. */
const FINAL_CODES: ReadonlySet<string> = new Set(["context_length_exceeded", "insufficient_quota"]);
/** What clients take for "the same request will fail again", whatever the reason. */
const FINAL_CODE = "invalid_prompt";
const DEFAULT_RETRY_AFTER_MS = 2_000;

/** A failure with the code that makes clients do what helps: try again or stop. */
export function encodeFailure(error: PublicError): StreamFailure {
  // Clients read the time to wait from the message.
  const told = error.code === "rate-limit-exceeded" && error.retryAfterMs === undefined
    ? { ...error, retryAfterMs: DEFAULT_RETRY_AFTER_MS }
    : error;
  const { message, param, type, code } = encodeInBandError(told).error;
  if (!error.retryable) {
    return {
      code: code !== null && FINAL_CODES.has(code) ? code : FINAL_CODE,
      message,
      param,
      type,
    };
  }
  return code === "rate_limit_exceeded"
    ? { code, message, param, type }
    : { code: "server_error", message, param, type: "server_error" };
}
