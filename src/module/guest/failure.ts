/**
 * Errors on their way between guest and host.
 * @module
 */
import type { GuestFailure } from "../guest_messages.ts";

/** Looks like the error it stands for: classes differ between this program and the module. */
export function errorOf(failure: GuestFailure): Error {
  const error = new Error(failure.message);
  const names = { request: "RequestError", http: "HttpError", run: "RunError", other: "Error" };
  error.name = failure.family === "tool"
    ? failure.retry ? "ModelRetry" : "ToolFailed"
    : names[failure.family];
  return Object.assign(error, failure);
}

/** What the host is told of an error; families are told by their names. */
export function failureOf(error: unknown): GuestFailure {
  try {
    if (error instanceof Error) return familyOf(error);
    return { family: "other", name: typeof error, message: shown(error) };
  } catch {
    // An error's own getters can throw as well.
    return { family: "other", name: "Error", message: "it cannot be shown" };
  }
}

function familyOf(error: Error): GuestFailure {
  const { name, code, param = null, status } = error as Error & Record<string, unknown>;
  const message = shown(error.message);
  switch (name) {
    case "RequestError":
      return {
        family: "request",
        code: shown(code),
        message,
        param: param === null ? null : shown(param),
      } as GuestFailure;
    case "HttpError":
      if (typeof status !== "number") break;
      return { family: "http", status, message };
    case "RunError": {
      const { retryAfterMs, retryable } = error as Error & Record<string, unknown>;
      return {
        family: "run",
        code: shown(code),
        message: told(error),
        retryAfterMs: typeof retryAfterMs === "number" ? retryAfterMs : undefined,
        retryable: typeof retryable === "boolean" ? retryable : undefined,
      } as GuestFailure;
    }
  }
  return { family: "other", name: shown(name), message: told(error) };
}

/** What an error and its causes say: most often a cause has what matters. */
export function told(error: Error): string {
  const messages: string[] = [];
  for (let next: unknown = error; next instanceof Error && messages.length < 4; next = next.cause) {
    messages.push(shown(next.message));
  }
  return [...new Set(messages)].join(": ").slice(0, 2000);
}

/** Anything can be thrown, even what cannot be made text. */
export function shown(value: unknown): string {
  try {
    return `${value}`.slice(0, 2000);
  } catch {
    return "it cannot be shown";
  }
}
