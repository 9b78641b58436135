/**
 * One session with one MCP server, from its first message to its last. Loaded with the first
 * connection.
 * @module
 */
import project from "../../deno.json" with { type: "json" };
import type { Clock } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { WatchedCall } from "./call_watch.ts";
import { failureOf, McpFailure, McpServerError } from "./failure.ts";
import type { Link } from "./link.ts";
import {
  type CallToolResult,
  Client,
  McpError,
  type Tool,
  ToolListChangedNotificationSchema,
} from "./sdk.ts";
import { callTool, type RequestOptions, runTask } from "./tool_call.ts";
import { readTools } from "./tool_pages.ts";

/** How long a server is waited for that is only to be told goodbye, in milliseconds. */
const GOODBYE_MS = 500;

/** As long as timers go: the SDK's own timeout would cut off what tells the server of it. */
const NO_TIMEOUT = { timeout: 2 ** 31 - 1, maxTotalTimeout: 2 ** 31 - 1 };

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

/** How a session is opened. */
export interface OpenOptions extends WaitOptions, SessionEvents {
  /** Time. */
  readonly clock: Clock;
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
  readonly #clock: Clock;
  #failure: McpFailure | undefined;
  /** Why what the server says by itself is not heard any more. */
  #deafBy: McpFailure | undefined;
  #closing: Promise<void> | undefined;
  readonly #closed = Promise.withResolvers<void>();
  #calls = 0;
  #retired = false;

  private constructor(link: Link, { clock, ...events }: OpenOptions) {
    this.#link = link;
    this.#events = events;
    this.#clock = clock;
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
  static async open(link: Link, options: OpenOptions): Promise<McpSession> {
    const session = new McpSession(link, options);
    const { signal, timeoutMs, clock } = options;
    const late = new AbortController();
    const cancelTimeout = clock.schedule(timeoutMs, () => late.abort(silent(timeoutMs)));
    const stop = AbortSignal.any([signal, late.signal]);
    try {
      const connecting = session.#client.connect(link.transport, { signal: stop, ...NO_TIMEOUT });
      // The SDK itself waits for ever for a transport that does not start.
      await untilAborted(connecting, stop);
      return session;
    } catch (error) {
      const reason = link.endedBy?.();
      await session.close();
      stop.throwIfAborted();
      throw reason === undefined ? failureOf(error) : ended(reason);
    } finally {
      cancelTimeout();
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
    return await readTools(this.#client, (read) => this.#ask({ signal, timeoutMs }, read));
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
    const call = { name, args, meta };
    return await this.#ask(
      options,
      (asked) => asTask ? runTask(this.#client, call, asked) : callTool(this.#client, call, asked),
    );
  }

  /** Asks for a sign of life. */
  async ping(options: WaitOptions): Promise<void> {
    await this.#ask(options, (request) => this.#client.ping(request));
  }

  /**
   * Takes no new calls from now on, and closes when the open ones are over. Resolves when nothing of
   * it is left.
   */
  retire(): Promise<void> {
    this.#retired = true;
    if (this.#calls === 0) this.close();
    return this.#closed.promise;
  }

  /** Ends the session. Resolves when nothing of it is left; never rejects. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#failure ??= new McpFailure("not-sent", "Session is closed");
    const { goodbye, transport } = this.#link;
    if (goodbye) await this.#briefly(goodbye());
    await this.#client.close().catch(() => {});
    await transport.close().catch(() => {});
    this.#closed.resolve();
  }

  /** Waits for `work`, however it ends, but not for long. */
  async #briefly(work: Promise<unknown>): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(GOODBYE_MS, resolve);
    await Promise.race([work.then(() => {}, () => {}), late]);
    cancel();
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
    const call = new WatchedCall(stop.signal, headers);
    // What the SDK tells the server of the end belongs to the call as well.
    const end = (reason: unknown) => this.#within(call, () => stop.abort(reason));
    const onAbort = () => end(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const cancelTimeout = this.#clock.schedule(timeoutMs, () => end(silent(timeoutMs)));
    const options: RequestOptions = {
      ...NO_TIMEOUT,
      signal: stop.signal,
      onresumptiontoken: () => call.resumable = true,
    };
    this.#calls += 1;
    try {
      const answer = this.#within(call, () => request(options));
      return await untilAborted(Promise.race([answer, call.lost]), stop.signal);
    } catch (error) {
      stop.signal.throwIfAborted();
      // Frees what a call that was lost still waits for.
      if (!(error instanceof McpError)) end(error);
      throw this.#explain(error);
    } finally {
      call.settle();
      cancelTimeout();
      signal.removeEventListener("abort", onAbort);
      this.#calls -= 1;
      if (this.#retired && this.#calls === 0) this.close();
      this.#endIfDeaf();
    }
  }

  #within<Result>(call: WatchedCall, work: () => Result): Result {
    return this.#link.watch ? this.#link.watch.run(call, work) : work();
  }

  #explain(error: unknown): Error {
    if (error instanceof McpError && !this.#failure) {
      return new McpServerError(error.message.replace(/^MCP error -?\d+: /, ""), { cause: error });
    }
    const failure = failureOf(error);
    if (!this.#failure || failure.kind === "not-sent") return failure;
    return new McpFailure("lost", this.#failure.message, { cause: error });
  }

  #onError(error: Error): void {
    const { watch, isLoss } = this.#link;
    if (isLoss?.(error)) {
      this.#lose(failureOf(error));
      this.close();
      return;
    }
    if (!watch) return;
    const broken = /^SSE stream disconnected/.test(error.message);
    // Attempts to take a stream up again go on until the SDK gives up.
    const givenUp = /^Maximum reconnection/.test(error.message);
    const call = watch.current;
    // Anything else a call is told by its request, or does not concern it.
    if (call && givenUp) call.lose(error);
    else if (call && broken) call.streamBroke(error);
    // `fetch` throws a TypeError where there is nobody to talk to.
    else if (!call && (givenUp || error instanceof TypeError)) this.#onMissed(error, true);
    else if (!call && broken) this.#onMissed(error, false);
  }

  /** Whatever the server said meanwhile was missed, and what it will say where that is `forGood`. */
  #onMissed(error: Error, forGood: boolean): void {
    this.#events.onToolsChanged();
    if (!forGood) return;
    this.#deafBy = failureOf(error);
    this.#endIfDeaf();
  }

  /** A session that does not hear the server any more is of no use once its calls are over. */
  #endIfDeaf(): void {
    if (!this.#deafBy || this.#calls > 0) return;
    this.#lose(this.#deafBy);
    this.close();
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

function ended(reason: string): McpFailure {
  return new McpFailure("not-sent", `Server ended: ${reason}`);
}

function silent(timeoutMs: number): McpFailure {
  return new McpFailure("timeout", `Server did not answer within ${timeoutMs} ms`);
}
