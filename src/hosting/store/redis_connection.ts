/**
 * A connection to Redis that is opened again when somebody needs it.
 * @module
 */
import type { createClient } from "@redis/client";
import { RunError, SetupError } from "../../run/error.ts";
import type { Clock } from "../../run/seams.ts";
import { reasonOf } from "./reason.ts";

/** A connected client; its generic parameters stand for extensions, of which none are in use. */
export type RedisClient = ReturnType<typeof createClient>;

/** How to connect. */
export interface RedisConnectionOptions {
  /** Tells when to try again. */
  readonly clock: Clock;
  /** Longest that connecting or a command may take. */
  readonly timeoutMs: number;
}

/** Shortest wait after a failed attempt; it doubles with every further one. */
const FIRST_WAIT_MS = 100;

/** Longest wait between attempts. */
const LONGEST_WAIT_MS = 5000;

/**
 * Runs commands on one connection. A connection that is lost or silent is dropped, and the next
 * command opens another; while that fails, commands are refused at once and attempts are made at
 * growing intervals. The client's own way to come back would wait on timers nobody can cancel.
 */
export class RedisConnection implements AsyncDisposable {
  /** Host, port and database, as `localhost:6379/0`; without user and password. */
  readonly address: string;
  readonly #url: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #client: RedisClient | undefined;
  #opening: Promise<RedisClient> | undefined;
  #failures = 0;
  #lastFailure = "";
  #retryAtMs = 0;
  #closed = false;

  /**
   * Connects to nothing yet.
   *
   * @throws {SetupError} when `url` is none of redis
   */
  constructor(url: string, options: RedisConnectionOptions) {
    const parsed = URL.parse(url);
    const path = parsed?.pathname.match(/^(?:\/(\d*))?$/);
    if (!parsed || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === "" || !path) {
      // The text is not repeated: wherever it went wrong, it may hold a password.
      throw new SetupError('Cannot use the URL of the store: give one as "redis://host:6379/0"');
    }
    this.address = `${parsed.hostname}:${parsed.port || "6379"}/${path[1] || "0"}`;
    this.#url = url;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  /**
   * Connects.
   *
   * @throws {SetupError} when the server cannot be reached or refuses
   */
  async start(): Promise<void> {
    try {
      await this.#connected();
    } catch (cause) {
      throw new SetupError(
        `Cannot reach the redis store at "${this.address}": ${reasonOf(cause)}`,
        { cause },
      );
    }
  }

  /**
   * What `command` resolves to.
   *
   * @throws {RunError} `internal` when there is no connection, it fails or takes too long
   */
  async run<Result>(command: (client: RedisClient) => Promise<Result>): Promise<Result> {
    // Without a wait where none is needed, so that closing comes after what was asked before it.
    const client = (this.#closed ? undefined : this.#client) ??
      await this.#connected().catch((cause: unknown) => {
        throw this.#failed(reasonOf(cause), cause);
      });
    try {
      return await this.#inTime(command(client));
    } catch (cause) {
      if (isLost(client, cause)) this.#drop(client);
      throw this.#failed(reasonOf(cause), cause);
    }
  }

  /** Waits for open commands, as long as a command may take, and closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const client = await this.#opening?.catch(() => undefined) ?? this.#client;
    if (!client?.isOpen) return;
    await this.#inTime(client.close()).catch(() => {});
    this.#drop(client);
  }

  #connected(): Promise<RedisClient> {
    if (this.#closed) return Promise.reject(new Error("it is closed"));
    if (this.#client) return Promise.resolve(this.#client);
    if (this.#opening) return this.#opening;
    const waitMs = this.#retryAtMs - this.#clock.now();
    if (waitMs > 0) {
      return Promise.reject(new Error(`${this.#lastFailure}; next attempt in ${waitMs} ms`));
    }
    const opening = this.#open().then((client) => {
      this.#failures = 0;
      this.#client = client;
      return client;
    }).catch((error: unknown) => {
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** this.#failures++, LONGEST_WAIT_MS);
      this.#retryAtMs = this.#clock.now() + waitMs;
      this.#lastFailure = reasonOf(error);
      throw error;
    }).finally(() => this.#opening = undefined);
    return this.#opening = opening;
  }

  async #open(): Promise<RedisClient> {
    const { createClient } = await import("@redis/client");
    const client: RedisClient = createClient({
      url: this.#url,
      // Every server and proxy speaks it, and nothing here needs the newer one.
      RESP: 2,
      disableOfflineQueue: true,
      socket: { connectTimeout: this.#timeoutMs, reconnectStrategy: false },
    });
    // Without a listener the loss of an idle connection would end the process.
    client.on("error", () => this.#drop(client));
    try {
      await this.#inTime(client.connect());
      return client;
    } catch (error) {
      this.#drop(client);
      throw error;
    }
  }

  #drop(client: RedisClient): void {
    if (this.#client === client) this.#client = undefined;
    // A client that was closed already refuses to be destroyed.
    if (client.isOpen) client.destroy();
  }

  #inTime<Result>(promise: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.schedule(this.#timeoutMs, () => {
        reject(new DOMException(`no answer within ${this.#timeoutMs} ms`, "TimeoutError"));
      });
      promise.finally(cancel).then(resolve, reject);
    });
  }

  #failed(reason: string, cause?: unknown): RunError {
    const message = `Cannot use the redis store at "${this.address}": ${reason}`;
    return new RunError("internal", message, { cause });
  }
}

/** Whether another connection may do better: this one is dead, hangs, or leads to a replica. */
function isLost(client: RedisClient, error: unknown): boolean {
  if (!client.isReady || !(error instanceof Error)) return true;
  return error.name === "TimeoutError" || error.message.startsWith("READONLY");
}
