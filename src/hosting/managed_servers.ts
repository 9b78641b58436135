/**
 * MCP servers that live as long as the app.
 * @module
 */
import { BackOff } from "../isolation/back_off.ts";
import { RunError, SetupError } from "../run/error.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { enterToolset, leaveToolset, type Toolset } from "../tools/toolset.ts";
import { DependencyHealth } from "./health.ts";

/** An MCP server of the app: a `ManagedMCP`, or an `MCPToolset`. */
export interface ManagedServer extends Toolset<never> {
  /** Whether the app is ready only while the server answers. */
  readonly required: boolean;
  /** Looks whether the server answers; fails by throwing. */
  check(signal: AbortSignal): Promise<void>;
}

/** What the servers are given. */
export interface ManagedServersOptions {
  /** Times the attempts. */
  readonly clock: Clock;
  /** Told of servers that do not start. */
  readonly logger: Logger;
}

/** Starts servers with the app, again where that fails, and lets go of them with it. */
export class ManagedServers {
  /** One check for each server, by its id. */
  readonly health: readonly DependencyHealth[];
  readonly #servers: readonly ManagedServer[];
  readonly #options: ManagedServersOptions;
  readonly #entered = new Set<ManagedServer>();
  readonly #starting = new Set<ManagedServer>();
  readonly #retries = new Map<ManagedServer, () => void>();
  readonly #attempts = new Set<Promise<void>>();
  #started: Promise<void> | undefined;
  #stopped = false;

  /**
   * Starts nothing yet.
   *
   * @throws {SetupError} when two servers have one id
   */
  constructor(servers: readonly ManagedServer[], options: ManagedServersOptions) {
    for (const [index, { id }] of servers.entries()) {
      if (servers.findIndex((other) => other.id === id) < index) {
        throw new SetupError(`Two managed MCP servers have the id "${id}": give each its own`, {
          path: "managedMcp",
        });
      }
    }
    this.#servers = servers;
    this.#options = options;
    this.health = servers.map((server) => {
      const { id, required } = server;
      return new DependencyHealth(id, (signal) => this.#check(server, signal), { required });
    });
  }

  /**
   * Starts every server and waits until each answers or has failed to. A failure is logged, and tried
   * again until the server answers: an app lives through the absence of what it needs.
   *
   * @throws {SetupError} when a server can never start as configured
   */
  async start(): Promise<void> {
    return await (this.#started ??= this.#start());
  }

  /** Lets go of every server; those nobody else uses end. Fails with the first that does not close. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#retries.values()) cancel();
    // What is about to start is told to stop as well, however long it would take.
    const left = await Promise.allSettled(
      [...this.#entered, ...this.#starting].map(leaveToolset),
    );
    await Promise.allSettled(this.#attempts);
    this.#entered.clear();
    for (const result of left) if (result.status === "rejected") throw result.reason;
  }

  #check(server: ManagedServer, signal: AbortSignal): Promise<void> {
    if (this.#entered.has(server)) return server.check(signal);
    throw new RunError("backend-down", `MCP server "${server.id}" has not started`);
  }

  async #start(): Promise<void> {
    const starts = await Promise.allSettled(
      this.#servers.map((server) => this.#attempt(server, new BackOff(this.#options.clock))),
    );
    for (const start of starts) {
      if (start.status === "rejected") {
        this.#started = undefined;
        throw start.reason;
      }
    }
  }

  /** Fails with a `SetupError` only, which no further attempt would mend. */
  async #attempt(server: ManagedServer, backOff: BackOff): Promise<void> {
    if (this.#entered.has(server) || this.#retries.has(server)) return;
    this.#starting.add(server);
    try {
      await enterToolset(server);
      if (this.#stopped) return await leaveToolset(server);
      this.#entered.add(server);
    } catch (error) {
      if (this.#stopped) return;
      if (error instanceof SetupError) throw error;
      backOff.failed();
      this.#options.logger.log("error", "MCP server failed to start", {
        server: server.id,
        detail: error instanceof Error ? error.message : String(error),
        retryInMs: backOff.delayMs,
      });
      this.#scheduleAttempt(server, backOff);
    } finally {
      this.#starting.delete(server);
    }
  }

  #scheduleAttempt(server: ManagedServer, backOff: BackOff): void {
    if (this.#stopped) return;
    const { clock, logger } = this.#options;
    const cancel = clock.schedule(backOff.delayMs, () => {
      this.#retries.delete(server);
      const attempt = this.#attempt(server, backOff).catch((error: unknown) => {
        const detail = error instanceof Error ? error.message : String(error);
        logger.log("error", "MCP server cannot start", { server: server.id, detail });
      }).finally(() => this.#attempts.delete(attempt));
      this.#attempts.add(attempt);
    });
    this.#retries.set(server, cancel);
  }
}
