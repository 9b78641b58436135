/**
 * One session with one MCP server, from its first message to its last. Loaded with the first
 * connection.
 * @module
 */
import project from "../../deno.json" with { type: "json" };
import { WatchedCall } from "./call_watch.ts";
import { failureOf, McpFailure, McpServerError } from "./failure.ts";
import type { Link } from "./link.ts";
import {
  type CallToolResult,
  CallToolResultSchema,
  Client,
  ErrorCode,
  ListToolsResultSchema,
  McpError,
  type Tool,
  ToolListChangedNotificationSchema,
} from "./sdk.ts";

/** Most pages and tools that are read of a list: a server must not fill the memory. */
const MAX_PAGES = 100;
const MAX_TOOLS = 5000;

/** How long a server is waited for that is only to be told goodbye, in milliseconds. */
const GOODBYE_MS = 500;

/** What whoever opens a session is told of. */
export interface SessionEvents {
  /** The session is over although nobody closed it. */
  readonly onLost: (failure: McpFailure) => void;
  /** The list of tools may have changed. */
  readonly onToolsChanged: () => void;
}

/** How long to wait, and for whom. */
export interface WaitOptions {
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** Longest wait, in milliseconds. */
  readonly timeoutMs: number;
}

/** How a tool is called. */
export interface CallOptions extends WaitOptions {
  /** Sent with this call's requests only, over HTTP. */
  readonly headers?: Headers;
  /** Goes along as `_meta`. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Whether the server runs it as a task, to be asked for its result. */
  readonly asTask?: boolean;
}

/** An open session. */
export class McpSession {
  readonly #client: Client;
  readonly #link: Link;
  readonly #events: SessionEvents;
  #failure: McpFailure | undefined;
  #closing: Promise<void> | undefined;
  #calls = 0;
  #retired = false;

  private constructor(link: Link, events: SessionEvents) {
    this.#link = link;
    this.#events = events;
    this.#client = new Client({ name: "fakellm", version: project.version }, {
      capabilities: {},
      // What servers say of their results is not compiled into code; the model reads them as they are.
      jsonSchemaValidator: {
        getValidator: () => (input) => ({
          valid: true,
          data: input as never,
          errorMessage: undefined,
        }),
      },
    });
    this.#client.onclose = () => this.#lose(this.#gone());
    this.#client.onerror = (error) => this.#onError(error);
    this.#client.setNotificationHandler(
      ToolListChangedNotificationSchema,
      () => events.onToolsChanged(),
    );
  }

  /**
   * Greets the server.
   *
   * @throws {McpFailure} when it cannot be reached or does not answer as an MCP server
   */
  static async open(link: Link, options: WaitOptions & SessionEvents): Promise<McpSession> {
    const session = new McpSession(link, options);
    const { signal, timeoutMs } = options;
    try {
      await session.#client.connect(link.transport, {
        signal,
        timeout: timeoutMs,
        maxTotalTimeout: timeoutMs,
      });
      return session;
    } catch (error) {
      const reason = link.endedBy?.();
      await session.close();
      signal.throwIfAborted();
      if (reason !== undefined) throw ended(reason);
      throw isTimeout(error) ? silent(timeoutMs) : failureOf(error);
    }
  }

  /** Why the session is over; undefined while it is open. */
  get failure(): McpFailure | undefined {
    return this.#failure;
  }

  /** What the server says of how to use it. */
  get instructions(): string | undefined {
    return this.#client.getInstructions();
  }

  /** Every tool of the server, page by page. */
  async listTools({ signal, timeoutMs }: WaitOptions): Promise<readonly Tool[]> {
    if (!this.#client.getServerCapabilities()?.tools) return [];
    const tools: Tool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const result = await this.#ask({ signal, timeoutMs }, (options) =>
        this.#client.request(
          { method: "tools/list", params: cursor === undefined ? {} : { cursor } },
          ListToolsResultSchema,
          options,
        ));
      tools.push(...result.tools);
      cursor = result.nextCursor;
      if (cursor === undefined || tools.length >= MAX_TOOLS) break;
    }
    return tools.slice(0, MAX_TOOLS);
  }

  /**
   * Calls a tool.
   *
   * @throws {McpFailure} when no answer comes
   * @throws {McpServerError} what the server answers instead of a result
   */
  async callTool(
    name: string,
    args: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<CallToolResult> {
    const { meta, asTask = false } = options;
    const params = { name, arguments: { ...args }, ...meta ? { _meta: { ...meta } } : {} };
    return await this.#ask(
      options,
      (request) =>
        asTask ? this.#runTask(params, request) : this.#client.request(
          { method: "tools/call", params },
          CallToolResultSchema,
          request,
        ),
    );
  }

  /** Asks for a sign of life. */
  async ping(options: WaitOptions): Promise<void> {
    await this.#ask(options, (request) => this.#client.ping(request));
  }

  /** Takes no new calls from now on, and closes when the open ones are over. */
  retire(): void {
    this.#retired = true;
    if (this.#calls === 0) this.close();
  }

  /** Ends the session. Resolves when nothing of it is left; never rejects. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#failure ??= new McpFailure("not-sent", "Session is closed");
    const { goodbye, transport } = this.#link;
    if (goodbye) await within(GOODBYE_MS, goodbye());
    await this.#client.close().catch(() => {});
    await transport.close().catch(() => {});
  }

  /** One question, until the answer, the end of the wait, or the end of the way. */
  async #ask<Result>(
    { signal, timeoutMs, headers }: CallOptions,
    request: (options: RequestOptions) => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    if (this.#failure) throw this.#failure;
    // A signal of the call's own: the SDK goes on listening to it when the answer is there.
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const call = new WatchedCall(stop.signal, headers);
    const options: RequestOptions = {
      signal: stop.signal,
      timeout: timeoutMs,
      maxTotalTimeout: timeoutMs,
      onresumptiontoken: () => call.resumable = true,
    };
    const work = () => request(options);
    this.#calls += 1;
    try {
      const answer = this.#link.watch ? this.#link.watch.run(call, work) : work();
      answer.catch(() => {});
      return await Promise.race([answer, call.lost]);
    } catch (error) {
      signal.throwIfAborted();
      // Frees what a call that was lost still waits for.
      stop.abort(error);
      throw this.#explain(error, timeoutMs);
    } finally {
      call.settle();
      signal.removeEventListener("abort", onAbort);
      this.#calls -= 1;
      if (this.#retired && this.#calls === 0) this.close();
    }
  }

  #explain(error: unknown, timeoutMs: number): unknown {
    if (this.#failure) return new McpFailure("lost", this.#failure.message, { cause: error });
    if (isTimeout(error)) return silent(timeoutMs);
    if (!(error instanceof McpError)) return failureOf(error);
    return new McpServerError(error.message.replace(/^MCP error -?\d+: /, ""), { cause: error });
  }

  /** A tool that takes its time: the server is asked until it has the result. */
  async #runTask(
    params: { readonly name: string; readonly arguments: Record<string, unknown> },
    options: RequestOptions,
  ): Promise<CallToolResult> {
    const { tasks } = this.#client.experimental;
    let taskId: string | undefined;
    try {
      const stream = tasks.callToolStream(params, CallToolResultSchema, { ...options, task: {} });
      for await (const message of stream) {
        if (message.type === "taskCreated") taskId = message.task.taskId;
        else if (message.type === "error") throw message.error;
        else if (message.type === "result") {
          taskId = undefined;
          return message.result;
        }
      }
      throw new McpFailure("lost", "Task ended without a result");
    } finally {
      if (taskId !== undefined && options.signal.aborted) {
        void tasks.cancelTask(taskId).catch(() => {});
      }
    }
  }

  #onError(error: Error): void {
    const call = this.#link.watch?.current;
    // Attempts to resume go on until the SDK gives up.
    if (call && /^Maximum reconnection/.test(error.message)) call.lose(error);
    else if (call) call.streamEnded(error);
    else if (this.#link.fragile) {
      this.#lose(failureOf(error));
      this.close();
    } else if (this.#link.watch) {
      // Whatever came over a broken stream was missed.
      this.#events.onToolsChanged();
    }
  }

  #lose(failure: McpFailure): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#events.onLost(failure);
  }

  #gone(): McpFailure {
    const reason = this.#link.endedBy?.();
    return reason === undefined ? new McpFailure("not-sent", "Server is gone") : ended(reason);
  }
}

/** What a request of the SDK is told. */
interface RequestOptions {
  readonly signal: AbortSignal;
  readonly timeout: number;
  readonly maxTotalTimeout: number;
  readonly onresumptiontoken: (token: string) => void;
}

/** The SDK's own timeout; an abort looks the same, but then the signal tells. */
function isTimeout(error: unknown): boolean {
  return error instanceof McpError && error.code === ErrorCode.RequestTimeout;
}

function ended(reason: string): McpFailure {
  return new McpFailure("not-sent", `Server ended: ${reason}`);
}

function silent(timeoutMs: number): McpFailure {
  return new McpFailure("timeout", `Server did not answer within ${timeoutMs} ms`);
}

/** Waits for `work`, however it ends, but no longer than `ms`. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([work.then(() => {}, () => {}), late]);
  clearTimeout(timer);
}
