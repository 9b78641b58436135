/**
 * A workflow's content -> text.
 * @module
 */
import { RunError } from "../run/error.ts";

/** Whether `value` comes piece by piece. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** Begins to read what comes piece by piece. */
export function openSource(content: AsyncIterable<unknown>): AsyncIterator<unknown> {
  return content instanceof ReadableStream
    ? streamSource(content)
    : content[Symbol.asyncIterator]();
}

/** A stream's own iterator cannot be stopped while it waits; a reader can. */
function streamSource(stream: ReadableStream<unknown>): AsyncIterator<unknown> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/**
 * Text as it is, any other value as JSON text.
 *
 * @throws {RunError} `run-failed` when JSON has no form for `value`
 */
export function contentText(value: unknown): string {
  if (typeof value === "string") return value;
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw new RunError("run-failed", "Cannot send the workflow's answer as JSON", { cause: error });
  }
  if (json === undefined) {
    throw new RunError(
      "run-failed",
      `Workflow returned ${typeof value}; return text, a JSON value, an async iterable of text or ` +
        "a WorkflowResponse",
    );
  }
  return json;
}
