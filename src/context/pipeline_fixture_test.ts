/**
 * What the tests of pipelines share.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { RequestError, RunError } from "../run/error.ts";
import type { RunContext } from "../run/runner.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { RequestContext } from "./request_context.ts";

/** A request with these fields in its body, all of them uninterpreted. */
export function asked(
  parameters: Record<string, unknown> = {},
  headers: HeadersInit = {},
  overrides: Partial<RunContext> = {},
): RequestContext {
  return new RequestContext(
    testRequest({ parameters, extraParameters: parameters }),
    { ...testContext({ headers: new Headers(headers) }), ...overrides },
  );
}

export const ALICE = { principal: { name: "alice", tenant: "t" } };

export async function refusal(deps: Promise<unknown>): Promise<[string, string, string | null]> {
  const error = await assertRejects(() => deps, RequestError);
  return [error.code, error.message, error.param];
}

export async function failure(deps: Promise<unknown>): Promise<RunError> {
  const error = await assertRejects(() => deps, RunError);
  assertEquals(error.code, "internal");
  return error;
}
