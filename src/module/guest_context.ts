/**
 * What a guest is told of a request and of who is asking.
 * @module
 */
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import type { GuestContext } from "./guest_messages.ts";
import type { GuestServices } from "./guest_services.ts";

/** Headers that may carry what proves who somebody is, also where a proxy made them. */
const CREDENTIAL =
  /auth|token|key|secret|jwt|assertion|oidc|session|cookie|passw|credential|signature/i;

/**
 * The part of a run's context that a guest sees. Deps are left out: what an app makes of a request, as
 * the identity at an MCP server, is for the host's own use.
 */
export function contextFor(
  { runId, modelId, principal, headers, reasoning }: RunContext,
  { hiddenHeaders = [] }: GuestServices,
): GuestContext {
  const hidden = new Set(hiddenHeaders.map((name) => name.toLowerCase()));
  return {
    runId,
    modelId,
    callerName: principal.name,
    headers: [...headers].filter(([name]) => !CREDENTIAL.test(name) && !hidden.has(name)),
    reasoning,
  };
}

/** The part of a request that a guest sees: not what it brings for others. */
export function requestFor(
  request: RunRequest,
  { hiddenFields = [] }: GuestServices,
): RunRequest {
  if (hiddenFields.length === 0) return request;
  const paths = hiddenFields.map((path) => path.split("."));
  return {
    ...request,
    parameters: paths.reduce(without, request.parameters),
    extraParameters: paths.reduce(without, request.extraParameters),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function without(fields: Fields, [name = "", ...below]: readonly string[]): Fields {
  if (!Object.hasOwn(fields, name)) return fields;
  const { [name]: value, ...rest } = fields;
  if (below.length === 0) return rest;
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? { ...rest, [name]: without(value as Fields, below) }
    : fields;
}
