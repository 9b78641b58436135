/**
 * One call of a server's tool: made, repeated where that can do no harm, and told to the model.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { Logger } from "../run/seams.ts";
import { ModelRetry, ToolFailed } from "../tools/outcome.ts";
import type { McpConnection } from "./connection.ts";
import { failureOf, McpFailure, type McpFailureKind, McpServerError } from "./failure.ts";
import { errorTextOf, shortened, toToolValue } from "./result.ts";
import type { CallToolResult, Tool as ListedTool } from "./sdk.ts";
import type { CallOptions, McpSession } from "./session.ts";

/**
 * What an error result of a tool means. `retry`: the model shall mend the call, at the cost of one
 * retry. `failed`: the model is told, no retry is spent. `error`: the run fails.
 */
export type ToolErrorPolicy = "retry" | "failed" | "error";

/** How calls are made. */
export interface RemoteCallerOptions {
  /** Names the server in logs and errors. */
  readonly name: string;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** What an error result means. */
  readonly toolErrors: ToolErrorPolicy;
  /** Most characters of a result that the model reads. */
  readonly maxResultChars: number;
  /** Told of calls that fail. */
  readonly logger: () => Logger;
}

/** A call on its way. */
export interface RemoteCallOptions {
  /** Ends the call. */
  readonly signal: AbortSignal;
  /** Goes along as `_meta`. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Sent with this call's requests only, over HTTP. */
  readonly headers?: Headers;
}

/** Longest wait for a sign of life of a server that let a call wait for too long, in milliseconds. */
const PING_TIMEOUT_MS = 5000;

/** What the model is told; clients could hear it from the model, so that it names nothing. */
const TOLD: Readonly<Record<McpFailureKind, string>> = {
  "not-sent": "The tool is not available at the moment.",
  refused: "The tool is not available at the moment.",
  lost: "The connection to the tool was lost. Whether the call took effect is not known.",
  timeout: "The tool did not answer in time. Whether the call took effect is not known.",
};

/** Calls the tools of one server. */
export class RemoteCaller {
  readonly #connection: McpConnection;
  readonly #options: RemoteCallerOptions;

  /** Calls over `connection`, whichever session it has. */
  constructor(connection: McpConnection, options: RemoteCallerOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Calls a tool; resolves to what the model reads.
   *
   * @throws {ModelRetry | ToolFailed} when the tool or the way to it fails
   */
  async call(
    listed: ListedTool,
    args: Readonly<Record<string, unknown>>,
    options: RemoteCallOptions,
  ): Promise<unknown> {
    const { timeoutMs, maxResultChars: maxChars } = this.#options;
    const asTask = listed.execution?.taskSupport === "required";
    let result: CallToolResult;
    try {
      result = await this.#callOnceOrTwice(listed, args, { ...options, timeoutMs, asTask });
    } catch (error) {
      options.signal.throwIfAborted();
      throw this.#told(listed.name, error);
    }
    if (!result.isError) return toToolValue(result, { maxChars });
    throw this.#refused(listed.name, errorTextOf(result, { maxChars }));
  }

  /** A call is repeated if the server never got it, or if that can do no harm. */
  async #callOnceOrTwice(
    listed: ListedTool,
    args: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<CallToolResult> {
    const { signal } = options;
    const session = await this.#connection.session(signal);
    try {
      return await session.callTool(listed.name, args, options);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof McpFailure)) throw error;
      if (error.kind === "timeout") this.#expectLife(session);
      if (!isRepeatable(error.kind, listed)) throw error;
      const next = await this.#connection.renew(session, signal);
      return await next.callTool(listed.name, args, options);
    }
  }

  /** A server that gives no sign of life is given up, so that the next call finds another session. */
  #expectLife(session: McpSession): void {
    const { signal } = new AbortController();
    session.ping({ signal, timeoutMs: PING_TIMEOUT_MS }).catch((error: unknown) => {
      if (error instanceof McpFailure) this.#connection.giveUp(session, error);
    });
  }

  #told(tool: string, error: unknown): unknown {
    if (error instanceof McpServerError) {
      // The call was wrong, which is for the model to mend; whether the tool works is another matter.
      return this.#options.toolErrors === "error"
        ? this.#refused(tool, error.message)
        : new ModelRetry(shortened(error.message, this.#options.maxResultChars));
    }
    const failure = failureOf(error);
    const { logger, name } = this.#options;
    logger().log("warn", "MCP call failed", { server: name, tool, detail: failure.message });
    return new ToolFailed(TOLD[failure.kind]);
  }

  #refused(tool: string, message: string): Error {
    switch (this.#options.toolErrors) {
      case "retry":
        return new ModelRetry(message);
      case "failed":
        return new ToolFailed(message);
      case "error":
        return new RunError("internal", `Tool "${tool}" of "${this.#options.name}" failed`);
    }
  }
}

function isRepeatable(kind: McpFailureKind, { annotations }: ListedTool): boolean {
  if (kind === "not-sent") return true;
  if (kind !== "lost") return false;
  return annotations?.readOnlyHint === true || annotations?.idempotentHint === true;
}
