import { assert, assertEquals } from "@std/assert";
import { HttpError, RunError } from "../run/error.ts";
import type { CheckedFailure } from "./guest_check.ts";
import { errorOf } from "./guest_failure.ts";

Deno.test("errorOf() has no guest blame its caller's key", () => {
  for (const status of [401, 407]) {
    const error = errorOf({ family: "http", status, message: "Bad key" });
    assert(error instanceof RunError);
    assertEquals([error.code, error.message], ["internal", `Guest failed: ${status}: Bad key`]);
  }
  for (const status of [400, 403, 404, 418, 503]) {
    const error = errorOf({ family: "http", status, message: "No" });
    assert(error instanceof HttpError);
    assertEquals(error.status, status);
  }
});

Deno.test("errorOf() has no guest keep its clients away for longer than an hour", () => {
  const failure: CheckedFailure = { family: "run", code: "rate-limit-exceeded", message: "Later" };
  for (
    const [asked, told] of [
      [undefined, undefined],
      [0, 0],
      [3_600_000, 3_600_000],
      [3_600_001, 3_600_000],
      [Number.MAX_VALUE, 3_600_000],
    ]
  ) {
    const error = errorOf({ ...failure, retryAfterMs: asked });
    assert(error instanceof RunError);
    assertEquals(error.retryAfterMs, told);
  }
});
