/**
 * What a run is given by its host.
 * @module
 */
import type { RunContext } from "../run/runner.ts";
import type { Caller } from "./auth/api_key.ts";
import type { Call } from "./call.ts";
import type { HostedModel } from "./hosted_model.ts";

/** Headers that never get further than authentication. */
const CREDENTIAL_HEADERS = [
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "api-key",
  "cookie",
] as const;

/** A RunContext whose deps can still be filled in. */
export interface HostedContext extends RunContext {
  /** Undefined until the app's factory has made them. */
  deps: unknown;
}

/**
 * The context of one call. Its own, enumerable fields survive being spread; the headers are copied
 * when somebody asks for them, for most runs never do.
 */
export function hostedContext(call: Call, caller: Caller, model: HostedModel): HostedContext {
  const { clock, ids, logger, turns } = call.services;
  const { request } = call;
  let headers: Headers | undefined;
  return {
    runId: call.requestId,
    modelId: model.model.id,
    principal: caller.principal,
    signal: call.signal,
    get headers() {
      return headers ??= withoutCredentials(request.headers);
    },
    deps: undefined,
    clock,
    ids,
    logger,
    turns,
    reasoning: model.reasoning.source,
  };
}

function withoutCredentials(headers: Headers): Headers {
  const copy = new Headers(headers);
  for (const name of CREDENTIAL_HEADERS) copy.delete(name);
  return copy;
}
