/**
 * What can come between a call and its answer, and what that says of the call.
 * @module
 */
import { SetupError } from "../run/error.ts";

/**
 * `not-sent`: the server never got the call, so it can be repeated. `lost`: nobody knows whether it
 * took effect. `timeout`: the server is still silent. `refused`: the server does not take calls of
 * ours, whoever repeats them.
 */
export type McpFailureKind = "not-sent" | "lost" | "timeout" | "refused";

/** A server that cannot be reached, was lost or is silent. Its message is for operators. */
export class McpFailure extends Error {
  /** Tells it from other errors. */
  override readonly name = "McpFailure";
  /** What it says of a call. */
  readonly kind: McpFailureKind;

  /** Takes what operators are told. */
  constructor(kind: McpFailureKind, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
  }
}

/** How `fetch` words that there was nobody to talk to. */
const NO_CONNECTION = /client error \(connect\)|tcp connect|dns error|connection refused/i;

/** HTTP statuses that say that the request was read and not followed. */
function kindOfStatus(status: number): McpFailureKind {
  // 404 is what a session is answered with that the server does not know; many answer 400.
  if (status === 400 || status === 404 || status === 409 || status === 410) return "not-sent";
  if (status === 401 || status === 403) return "refused";
  return status === 429 ? "not-sent" : "lost";
}

/** The failure that an error of the SDK, of `fetch` or of a process stands for. */
export function failureOf(error: unknown): McpFailure {
  if (error instanceof McpFailure) return error;
  const message = messageOf(error);
  const status = statusOf(error, message);
  const kind = status !== undefined
    ? kindOfStatus(status)
    : error instanceof Deno.errors.NotCapable || NO_CONNECTION.test(message) ||
        message === "Not connected"
    ? "not-sent"
    : "lost";
  return new McpFailure(kind, message, { cause: error });
}

/** The HTTP status behind an error of the SDK, which has it in a field or, over SSE, in its words. */
function statusOf(error: unknown, message: string): number | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (typeof code === "number" && code >= 100 && code < 600) return code;
  const worded = /\(HTTP (\d{3})\)/.exec(message)?.[1];
  return worded === undefined ? undefined : Number(worded);
}

/** What the operator did wrong, where that is why there is no server. */
export function setupErrorBehind(error: unknown): SetupError | undefined {
  for (let next = error, depth = 0; depth < MAX_CAUSES && next instanceof Error; depth++) {
    if (next instanceof SetupError) return next;
    next = next.cause;
  }
  return undefined;
}

/** What a server answers instead of a result. Its message is for the model. */
export class McpServerError extends Error {
  /** Tells it from other errors. */
  override readonly name = "McpServerError";
}

/** Longest chain of causes that is told; `fetch` has what matters in the second. */
const MAX_CAUSES = 3;

/** What an error and its causes say. */
function messageOf(error: unknown): string {
  const messages: string[] = [];
  for (let next = error; next !== undefined && messages.length < MAX_CAUSES;) {
    messages.push(next instanceof Error ? next.message : String(next));
    next = next instanceof Error ? next.cause : undefined;
  }
  return [...new Set(messages)].join(": ");
}
