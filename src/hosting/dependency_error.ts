/**
 * Which failures mean that something outside could not be reached.
 * @module
 */
import { HttpError, RunError } from "../run/error.ts";

/** System error codes of connections, name lookup, TLS and timeouts, as Node and Deno write them. */
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/** Names of error classes that say the same. */
const NAMES: ReadonlySet<string> = new Set([
  "ConnectionRefused",
  "ConnectionReset",
  "ConnectionAborted",
  "NotConnected",
  "BrokenPipe",
  "AddrNotAvailable",
  "NetworkUnreachable",
  "TimedOut",
  "TimeoutError",
  "APIConnectionError",
  "APIConnectionTimeoutError",
  "McpFailure",
]);

/** How `fetch` words what it has no class for. */
const MESSAGE =
  /error sending request|connection (?:refused|reset|closed|error)|dns error|failed to lookup|invalid peer certificate|tls handshake|unexpected eof|fetch failed|socket hang up/i;

/** Longest chain of causes that is followed; a chain may be a circle. */
const MAX_CAUSES = 8;

/** Whether a client of some API says that the API failed, as those of OpenAI and the AI SDK do. */
function isServerFailure(error: Error): boolean {
  const { status, statusCode = status } = error as {
    readonly status?: unknown;
    readonly statusCode?: unknown;
  };
  return typeof statusCode === "number" && statusCode >= 500 && statusCode <= 599;
}

/**
 * Whether an error says that a dependency refused, was reset, could not be found, failed its TLS
 * handshake, took too long or answered with a 5xx status. The causes of an error count as much as
 * itself; an `HttpError` is an answer, whatever caused it.
 */
export function isDependencyError(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    if (current instanceof HttpError) return false;
    if (current instanceof RunError) {
      switch (current.code) {
        case "backend-down":
        case "backend-overloaded":
        case "backend-timeout":
          return true;
        case "cancelled":
          return false;
      }
    }
    if (current instanceof AggregateError && current.errors.some(isDependencyError)) return true;
    const code = (current as { readonly code?: unknown }).code;
    if (typeof code === "string" && SYSTEM_CODES.has(code)) return true;
    // Deno names some of its classes only by their constructor.
    if (NAMES.has(current.name) || NAMES.has(current.constructor.name)) return true;
    if (isServerFailure(current)) return true;
    if (current instanceof TypeError && MESSAGE.test(current.message)) return true;
    current = current.cause;
  }
  return false;
}

/** What records and logs call a failure: its code where it has one, else its class. */
export function errorClass(error: unknown): string {
  if (error instanceof RunError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
