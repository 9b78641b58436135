/**
 * Keeps a session with one server: connects when somebody needs it, again when it was lost, and not
 * too often.
 * @module
 */
import { BackOff } from "../isolation/back_off.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { failureOf, McpFailure } from "./failure.ts";
import type { McpSession, SessionEvents, WaitOptions } from "./session.ts";

/** How sessions are opened. */
export type OpenSession = (options: WaitOptions & SessionEvents) => Promise<McpSession>;

/** What a connection is made of. */
export interface ConnectionOptions {
  /** Names the server in logs. */
  readonly name: string;
  /** Opens a session. */
  readonly open: OpenSession;
  /** Longest time a session may take to open, in milliseconds. */
  readonly startTimeoutMs: number;
  /** Time. */
  readonly clock: Clock;
  /** Told of what is lost and found; asked for each time, since it may come later. */
  readonly logger: () => Logger;
}

/** Longest pause that whoever needs a session waits for, in milliseconds. */
const PATIENCE_MS = 1000;

/** A way to one server that outlives its sessions. */
export class McpConnection {
  readonly #options: ConnectionOptions;
  readonly #stop = new AbortController();
  readonly #backOff: BackOff;
  #session: McpSession | undefined;
  #opening: Promise<McpSession> | undefined;
  /** Sessions that close when their open calls are over. */
  readonly #retired = new Set<McpSession>();
  /** Sessions that are closing. */
  readonly #leaving = new Set<Promise<void>>();
  #failure: McpFailure | undefined;
  /** The attempt after the pause. */
  #retrying: Promise<McpSession> | undefined;
  #kept = false;
  #version = 0;

  /** Connects nothing yet. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.clock);
  }

  /** Grows whenever the server's tools may have changed. */
  get version(): number {
    return this.#version;
  }

  /** Why there is no session; undefined while there is one, or nobody has tried. */
  get failure(): McpFailure | undefined {
    return this.#session && !this.#session.failure ? undefined : this.#failure;
  }

  /** From now on a lost session is opened again without being asked for. */
  keep(): void {
    this.#kept = true;
    if (this.failure) this.#keepTrying();
  }

  /**
   * The session, opened where there is none. Many who ask share one attempt; between attempts there
   * are pauses, of which short ones are waited for.
   *
   * @throws {McpFailure} when there is no session to be had
   */
  session(signal: AbortSignal): Promise<McpSession> {
    const session = this.#session;
    if (session && !session.failure) return Promise.resolve(session);
    const pauseMs = this.#opening || !this.#failure ? 0 : this.#backOff.delayMs;
    if (this.#failure && pauseMs > PATIENCE_MS) return Promise.reject(this.#failure);
    return untilAborted(pauseMs > 0 ? this.#retry() : this.#open(), signal);
  }

  /** Uses another session from now on; `session` closes when its open calls are over. */
  renew(session: McpSession, signal: AbortSignal): Promise<McpSession> {
    if (this.#session === session) {
      this.#session = undefined;
      this.#version += 1;
      this.#retired.add(session);
      void session.retire().then(() => this.#retired.delete(session));
    }
    return this.session(signal);
  }

  /**
   * Asks what can do no harm; once more over another session where one turned out to be of no use, as
   * when the server was started again.
   *
   * @throws {McpFailure} when there is no session to be had, or no answer
   */
  async ask<Answer>(
    question: (session: McpSession) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const session = await this.session(signal);
    try {
      return await question(session);
    } catch (error) {
      signal.throwIfAborted();
      const useless = error instanceof McpFailure &&
        (error.kind === "not-sent" || error.kind === "lost");
      if (!useless) throw error;
      return await question(await this.renew(session, signal));
    }
  }

  /** Ends `session`, and with it every call that waits for it. */
  giveUp(session: McpSession, failure: McpFailure): void {
    if (this.#session === session) this.#drop(session, failure);
  }

  /** Ends everything. Resolves when nothing is left of it. */
  async close(): Promise<void> {
    this.#kept = false;
    this.#stop.abort(new McpFailure("not-sent", "Connection is closed"));
    await this.#opening?.catch(() => {});
    if (this.#session) this.#leave(this.#session);
    this.#session = undefined;
    for (const session of this.#retired) this.#leave(session);
    await Promise.all(this.#leaving);
  }

  #open(): Promise<McpSession> {
    return this.#opening ??= this.#openOnce().finally(() => this.#opening = undefined);
  }

  async #openOnce(): Promise<McpSession> {
    const { name, open, startTimeoutMs, logger } = this.#options;
    const { signal } = this.#stop;
    signal.throwIfAborted();
    try {
      const session = await open({
        signal,
        timeoutMs: startTimeoutMs,
        onLost: (failure) => this.#onLost(failure),
        onToolsChanged: () => this.#version += 1,
      });
      if (signal.aborted || session.failure) this.#leave(session);
      signal.throwIfAborted();
      if (session.failure) throw session.failure;
      this.#session = session;
      this.#backOff.started();
      this.#version += 1;
      if (this.#failure) logger().log("info", "MCP server is back", { server: name });
      this.#failure = undefined;
      return session;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.#backOff.failed();
      throw this.#fail(error);
    }
  }

  #fail(error: unknown): McpFailure {
    const failure = unsent(failureOf(error));
    const known = this.#failure?.message === failure.message;
    this.#failure = failure;
    // The same failure again and again is told once.
    this.#options.logger().log(known ? "debug" : "warn", "MCP server cannot be reached", {
      server: this.#options.name,
      detail: failure.message,
      retryInMs: this.#backOff.delayMs,
    });
    if (this.#kept) this.#keepTrying();
    return failure;
  }

  #onLost(failure: McpFailure): void {
    const session = this.#session;
    if (session?.failure === failure && !this.#stop.signal.aborted) this.#drop(session, failure);
  }

  #drop(session: McpSession, failure: McpFailure): void {
    this.#session = undefined;
    this.#version += 1;
    this.#leave(session);
    this.#backOff.ended();
    this.#fail(failure);
  }

  #leave(session: McpSession): void {
    const left = session.close().finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  /** The next attempt's failure leads to the one after it. */
  #keepTrying(): void {
    this.#retry().catch(() => {});
  }

  #retry(): Promise<McpSession> {
    return this.#retrying ??= this.#retryOnce();
  }

  async #retryOnce(): Promise<McpSession> {
    try {
      // Whoever was quicker and failed has made the pause longer.
      do await this.#pause(); while (this.#backOff.delayMs > 0);
    } finally {
      this.#retrying = undefined;
    }
    const session = this.#session;
    return session && !session.failure ? session : await this.#open();
  }

  async #pause(): Promise<void> {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(this.#backOff.delayMs, resolve);
    try {
      await untilAborted(over, this.#stop.signal);
    } finally {
      cancel();
    }
  }
}

/** Whoever gets no session has sent nothing, whatever the server was last heard of. */
function unsent(failure: McpFailure): McpFailure {
  const { kind, message } = failure;
  return kind === "lost" || kind === "timeout"
    ? new McpFailure("not-sent", message, { cause: failure })
    : failure;
}
