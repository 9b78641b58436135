import { assertEquals, assertStringIncludes } from "@std/assert";
import { HttpError, RequestError, RunError, toPublicError } from "../../run/error.ts";
import { encodeFailure } from "./error.ts";

const CODES: readonly [unknown, string, string][] = [
  [new RunError("backend-down", "x"), "server_error", "server_error"],
  [new RunError("backend-overloaded", "x"), "server_error", "server_error"],
  [new RunError("backend-timeout", "x"), "server_error", "server_error"],
  [new RunError("model-unavailable", "x"), "server_error", "server_error"],
  [new RunError("internal", "x"), "server_error", "server_error"],
  [new Error("x"), "server_error", "server_error"],
  [new RunError("cancelled", "x"), "server_error", "server_error"],
  [new RunError("rate-limit-exceeded", "x"), "rate_limit_exceeded", "rate_limit_error"],
  [new RunError("backend-down", "x", { retryable: false }), "invalid_prompt", "server_error"],
  [new RunError("run-failed", "x"), "invalid_prompt", "invalid_request_error"],
  [
    new RunError("context-length-exceeded", "x"),
    "context_length_exceeded",
    "invalid_request_error",
  ],
  [new RunError("insufficient-quota", "x"), "insufficient_quota", "insufficient_quota"],
  [new RequestError("unsupported-value", "x"), "invalid_prompt", "invalid_request_error"],
  [new HttpError(418, "x"), "invalid_prompt", "invalid_request_error"],
  [new HttpError(429, "x"), "rate_limit_exceeded", "rate_limit_error"],
  [new HttpError(503, "x"), "server_error", "server_error"],
];

for (const [error, code, type] of CODES) {
  const known = toPublicError(error, "req_1");
  const name = `${known.code}${known.status ?? ""}, ${known.retryable ? "" : "not "}retryable`;
  Deno.test(`encodeFailure() tells clients of ${name}, as ${code}`, () => {
    const failure = encodeFailure(known);
    assertEquals([failure.code, failure.type], [code, type]);
  });
}

Deno.test("encodeFailure() says how long to wait for a limit, known or not", () => {
  const message = (retryAfterMs?: number) =>
    encodeFailure(toPublicError(new RunError("rate-limit-exceeded", "x", { retryAfterMs }), "r"))
      .message;
  assertStringIncludes(message(), "Please try again in 2s");
  assertStringIncludes(message(6_500), "Please try again in 7s");
});
