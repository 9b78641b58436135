import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import {
  HttpError,
  RequestError,
  RunError,
  type RunErrorCode,
  SetupError,
  toPublicError,
} from "./error.ts";

Deno.test("toPublicError() passes a RequestError's message and param on", () => {
  const error = new RequestError("invalid-value", "Role is unknown", { param: "messages[0].role" });
  assertEquals(toPublicError(error, "req_1"), {
    code: "invalid-value",
    message: "Role is unknown",
    param: "messages[0].role",
    retryable: false,
  });
});

Deno.test("toPublicError() says a fixed sentence and the request id for a RunError", () => {
  const cause = new Error("secret cause");
  const error = new RunError("backend-down", "secret host refused", { cause, retryAfterMs: 2_000 });
  const known = toPublicError(error, "req_1");
  assertEquals(known.code, "backend-down");
  assertEquals(known.message, "The model could not be reached (request id req_1)");
  assertEquals(known.retryAfterMs, 2_000);
  assert(known.retryable);
});

Deno.test("toPublicError() turns anything else into internal and tells nothing of it", () => {
  const thrown = [new Error("secret"), new TypeError("secret"), "secret", { secret: 1 }, undefined];
  for (const value of [...thrown, null, new SetupError("secret")]) {
    const known = toPublicError(value, "req_1");
    assertEquals(known.code, "internal");
    assertFalse(JSON.stringify(known).includes("secret"));
  }
});

Deno.test("toPublicError() lets no cause or stack through, whatever the family", () => {
  const cause = new Error("secret");
  const errors = [
    new RequestError("invalid-value", "Wrong", { cause }),
    new RunError("run-failed", "secret", { cause }),
    new HttpError(403, "Not yours", { cause }),
  ];
  for (const error of errors) {
    const json = JSON.stringify(toPublicError(error, "req_1"));
    assertFalse(json.includes("secret"));
    assertFalse(json.includes("error_test.ts"));
  }
});

Deno.test("toPublicError() keeps an HttpError's status and message", () => {
  const forbidden = toPublicError(new HttpError(403, "Not yours"), "req_1");
  assertEquals([forbidden.status, forbidden.message], [403, "Not yours"]);
  assertFalse(forbidden.retryable);
  assert(toPublicError(new HttpError(429, "Slow down"), "req_1").retryable);
  const down = toPublicError(new HttpError(503, "Down"), "req_1");
  assertEquals([down.code, down.retryable], ["internal", true]);
});

Deno.test("HttpError rejects a status that is no error", () => {
  for (const status of [200, 399, 600, 404.5, NaN]) {
    assertThrows(() => new HttpError(status, "x"), RangeError, String(status));
  }
});

Deno.test("RunError is retryable unless repeating cannot help", () => {
  const permanent: RunErrorCode[] = ["run-failed", "context-length-exceeded", "insufficient-quota"];
  for (const code of permanent) assertFalse(new RunError(code, "x").retryable, code);
  for (const code of ["backend-down", "internal", "model-unavailable"] as const) {
    assert(new RunError(code, "x").retryable, code);
  }
  assert(new RunError("run-failed", "x", { retryable: true }).retryable);
});

Deno.test("SetupError lists every problem as path: message", () => {
  const error = new SetupError([
    { path: "port", message: "Must be a number" },
    { path: "", message: "Names no models" },
  ]);
  assertEquals(error.message, "port: Must be a number\nNames no models");
  assertEquals(error.problems.length, 2);
  assertEquals(new SetupError("Is empty", { path: "models" }).problems, [
    { path: "models", message: "Is empty" },
  ]);
});

Deno.test("error families carry their own names", () => {
  const errors = [
    new RequestError("invalid-value", "x"),
    new RunError("internal", "x"),
    new SetupError("x"),
    new HttpError(500, "x"),
  ];
  assertEquals(errors.map((error) => error.name), [
    "RequestError",
    "RunError",
    "SetupError",
    "HttpError",
  ]);
  for (const error of errors) assertStringIncludes(String(error), `${error.name}: x`);
});
