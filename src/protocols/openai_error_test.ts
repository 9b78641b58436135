import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type ErrorCode,
  HttpError,
  RequestError,
  type RequestErrorCode,
  RunError,
  type RunErrorCode,
  toPublicError,
} from "../run/error.ts";
import { encodeError, encodeInBandError } from "./openai_error.ts";

const REQUEST_ROWS: readonly [RequestErrorCode, number, string, string | null][] = [
  ["malformed-request", 400, "invalid_request_error", null],
  ["missing-parameter", 400, "invalid_request_error", "missing_required_parameter"],
  ["invalid-type", 400, "invalid_request_error", "invalid_type"],
  ["invalid-value", 400, "invalid_request_error", "invalid_value"],
  ["empty-array", 400, "invalid_request_error", "empty_array"],
  ["unsupported-parameter", 400, "invalid_request_error", "unsupported_parameter"],
  ["unsupported-value", 400, "invalid_request_error", "unsupported_value"],
  ["context-length-exceeded", 400, "invalid_request_error", "context_length_exceeded"],
  ["invalid-api-key", 401, "invalid_request_error", "invalid_api_key"],
  ["permission-denied", 403, "permission_error", "permission_denied"],
  ["model-not-found", 404, "invalid_request_error", "model_not_found"],
  ["previous-response-not-found", 400, "invalid_request_error", "previous_response_not_found"],
  ["item-not-found", 404, "invalid_request_error", null],
  ["unknown-url", 404, "invalid_request_error", "unknown_url"],
  ["method-not-allowed", 405, "invalid_request_error", "method_not_allowed"],
  ["body-too-large", 413, "invalid_request_error", "request_too_large"],
  ["unsupported-media-type", 415, "invalid_request_error", "unsupported_media_type"],
];

for (const [code, status, type, wireCode] of REQUEST_ROWS) {
  Deno.test(`encodeError() answers ${code} with ${status} ${type} ${wireCode}, not to be retried`, () => {
    const error = toPublicError(new RequestError(code, "Cannot do it", { param: "x[0]" }), "req_1");
    const answer = encodeError(error);
    assertEquals(answer.status, status);
    const { message, ...rest } = answer.body.error;
    assertEquals(rest, { type, param: "x[0]", code: wireCode });
    assertStringIncludes(message, "Cannot do it");
    assertEquals(answer.headers["x-should-retry"], "false");
    assertEquals(answer.headers["retry-after"], undefined);
    assertEquals(answer.headers["www-authenticate"], status === 401 ? "Bearer" : undefined);
  });
}

const RUN_ROWS: readonly [RunErrorCode, number, string, string, string | undefined][] = [
  ["run-failed", 422, "invalid_request_error", "run_failed", undefined],
  ["context-length-exceeded", 400, "invalid_request_error", "context_length_exceeded", undefined],
  ["rate-limit-exceeded", 429, "rate_limit_error", "rate_limit_exceeded", "2"],
  ["insufficient-quota", 429, "insufficient_quota", "insufficient_quota", undefined],
  ["backend-down", 502, "server_error", "server_error", undefined],
  ["backend-overloaded", 503, "server_error", "server_error", "2"],
  ["backend-timeout", 504, "server_error", "server_error", undefined],
  ["model-unavailable", 503, "server_error", "server_error", "2"],
  ["cancelled", 499, "invalid_request_error", "cancelled", undefined],
  ["internal", 500, "server_error", "server_error", undefined],
];

const PERMANENT: readonly ErrorCode[] = [
  "run-failed",
  "context-length-exceeded",
  "insufficient-quota",
];

for (const [code, status, type, wireCode, retryAfter] of RUN_ROWS) {
  Deno.test(`encodeError() answers a run's ${code} with ${status} ${type} ${wireCode}`, () => {
    const error = toPublicError(new RunError(code, "secret detail"), "req_1");
    const answer = encodeError(error);
    assertEquals(answer.status, status);
    assertEquals(answer.body, {
      error: { message: error.message, type, param: null, code: wireCode },
    });
    assertEquals(answer.headers["retry-after"], retryAfter);
    assertEquals(
      answer.headers["x-should-retry"],
      PERMANENT.includes(code) ? "false" : undefined,
    );
    assertEquals(JSON.stringify(answer).includes("secret detail"), false);
  });
}

Deno.test("encodeError() rounds Retry-After up to whole seconds, at least one", () => {
  const seconds = (retryAfterMs: number) =>
    encodeError(toPublicError(new RunError("backend-down", "x", { retryAfterMs }), "r"))
      .headers["retry-after"];
  assertEquals([0, 1, 1000, 1001].map(seconds), ["1", "1", "1", "2"]);
});

Deno.test("encodeError() tells in words when a rate limit ends", () => {
  const error = new RunError("rate-limit-exceeded", "x", { retryAfterMs: 1500 });
  assertMatch(
    encodeError(toPublicError(error, "r")).body.error.message,
    /Please try again in 2s$/,
  );
});

Deno.test("encodeError() always says maximum context length when it was exceeded", () => {
  const said = "This model's maximum context length is 8 tokens, requested 9 tokens";
  const message = (text: string) =>
    encodeError(toPublicError(new RequestError("context-length-exceeded", text), "r"))
      .body.error.message;
  assertEquals(message(said), said);
  assertEquals(message("Too long"), "This model's maximum context length was exceeded: Too long");
});

const APP_ROWS: readonly [number, string, string | null][] = [
  [400, "invalid_request_error", null],
  [401, "invalid_request_error", "invalid_api_key"],
  [402, "invalid_request_error", null],
  [403, "permission_error", "permission_denied"],
  [404, "invalid_request_error", null],
  [429, "rate_limit_error", "rate_limit_exceeded"],
  [503, "server_error", "server_error"],
];

for (const [status, type, code] of APP_ROWS) {
  Deno.test(`encodeError() answers an app's HttpError ${status} with ${type} ${code}`, () => {
    const answer = encodeError(toPublicError(new HttpError(status, "Not today"), "r"));
    assertEquals(answer.status, status);
    assertEquals(answer.body, { error: { message: "Not today", type, param: null, code } });
  });
}

Deno.test("encodeError() tells nothing of an unknown error", () => {
  const answer = encodeError(toPublicError(new TypeError("secret"), "req_1"));
  assertEquals(answer.status, 500);
  assertStringIncludes(answer.body.error.message, "req_1");
  assertEquals(JSON.stringify(answer).includes("secret"), false);
});

Deno.test("encodeInBandError() gives a failed run the code that clients do not retry", () => {
  const inBand = (code: RunErrorCode) =>
    encodeInBandError(toPublicError(new RunError(code, "x"), "r")).error.code;
  assertEquals(inBand("run-failed"), "invalid_prompt");
  assertEquals(inBand("backend-down"), "server_error");
  assertEquals(inBand("rate-limit-exceeded"), "rate_limit_exceeded");
});
