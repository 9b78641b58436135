import { assert, assertEquals, assertFalse } from "@std/assert";
import { McpFailure } from "../mcp/failure.ts";
import { HttpError, RequestError, RunError } from "../run/error.ts";
import { errorClass, isDependencyError } from "./dependency_error.ts";

function coded(code: string): Error {
  return Object.assign(new Error("x"), { code });
}

Deno.test("isDependencyError() knows refused, reset, DNS, TLS and timeouts by class and code", () => {
  for (
    const error of [
      new Deno.errors.ConnectionRefused("x"),
      new Deno.errors.ConnectionReset("x"),
      new Deno.errors.TimedOut("x"),
      new DOMException("x", "TimeoutError"),
      coded("ECONNREFUSED"),
      coded("ENOTFOUND"),
      coded("EAI_AGAIN"),
      new TypeError("error sending request for url (http://x/): dns error"),
      new TypeError("invalid peer certificate: UnknownIssuer"),
      new TypeError("fetch failed", { cause: coded("ECONNRESET") }),
      new RunError("backend-down", "x"),
      new RunError("backend-overloaded", "x"),
      new RunError("backend-timeout", "x"),
      new Error("wrapped", { cause: new Error("twice", { cause: coded("ETIMEDOUT") }) }),
      new AggregateError([new Error("x"), coded("ECONNREFUSED")]),
      Object.assign(new Error("503 overloaded"), { status: 503 }),
      Object.assign(new Error("bad gateway"), { statusCode: 502 }),
      new Error("server gone", { cause: new McpFailure("lost", "x") }),
    ]
  ) {
    assert(isDependencyError(error), `${error}`);
  }
});

Deno.test("isDependencyError() leaves bugs, refusals and stopped runs alone", () => {
  const circle = new Error("circle");
  circle.cause = circle;
  for (
    const error of [
      new Error("connection refused"),
      new TypeError("x is not a function"),
      new RequestError("invalid-value", "x"),
      new HttpError(502, "x"),
      new HttpError(503, "x", { cause: coded("ECONNREFUSED") }),
      Object.assign(new Error("no such model"), { status: 404 }),
      new RunError("run-failed", "x"),
      new RunError("rate-limit-exceeded", "x"),
      new RunError("cancelled", "x", { cause: coded("ECONNRESET") }),
      new DOMException("x", "AbortError"),
      circle,
      "ECONNREFUSED",
      undefined,
      null,
    ]
  ) {
    assertFalse(isDependencyError(error), `${error}`);
  }
});

Deno.test("isDependencyError() sees what a closed port really throws", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const error = await fetch(`http://127.0.0.1:${port}/`).then(() => undefined, (error) => error);
  assert(isDependencyError(error));
  const refused = await Deno.connect({ hostname: "127.0.0.1", port }).then(
    () => undefined,
    (error) => error,
  );
  assert(isDependencyError(refused));
});

Deno.test("errorClass() tells the code or the class, never the message", () => {
  assertEquals(errorClass(new RunError("backend-down", "secret")), "backend-down");
  assertEquals(errorClass(new TypeError("secret")), "TypeError");
  assertEquals(errorClass("secret"), "string");
});
