/**
 * What a guest is told of who is asking.
 * @module
 */
import { isCredentialHeader } from "../context/request_context.ts";
import type { RunContext } from "../run/runner.ts";
import type { GuestContext } from "./guest_messages.ts";
import type { GuestServices } from "./guest_services.ts";

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
    headers: [...headers].filter(([name]) => !isCredentialHeader(name) && !hidden.has(name)),
    reasoning,
  };
}
