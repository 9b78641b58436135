/**
 * Puts an app together and carries it from its start to its end.
 * @module
 */
import { systemClock, systemIds } from "../context/system.ts";
import { RunError } from "../run/error.ts";
import type { Clock } from "../run/seams.ts";
import type { App, ConnectionInfo } from "./app.ts";
import { MAX_BODY_BYTES, MAX_NESTING } from "./body.ts";
import type { Services } from "./call.ts";
import { ConnectionTable } from "./connection_table.ts";
import { within } from "./deadline.ts";
import type { HostOptions } from "./entrypoint.ts";
import { Handler } from "./handler.ts";
import { type HostedEntrypoint, openEntrypoints } from "./hosted_entrypoint.ts";
import { flushLogger, lineLogger, logsLevel } from "./log.ts";
import { ManagedServers } from "./managed_servers.ts";
import { OpenRuns } from "./open_runs.ts";
import { CorsPolicy } from "./origin.ts";
import { type Served, type ServeOptions, Server } from "./server.ts";
import { SilenceTicker } from "./silence_ticker.ts";
import { StatusPages } from "./status_pages.ts";
import { MemoryRecords } from "./store/memory_records.ts";
import { StoredTurns } from "./store/stored_turns.ts";
import { storeHealth } from "./store/stores.ts";

/** How long runs and runners get to end once they are told to, in milliseconds. */
const STOP_MS = 5000;

/** How long open runs may go on while the server drains, unless told otherwise. */
const SHUTDOWN_GRACE_MS = 30_000;

/**
 * An app with several APIs, each with its own keys and models.
 *
 * @throws {SetupError} listing everything that is wrong with the entrypoints
 */
export function createHost(options: HostOptions): App {
  return new Host(options);
}

type HostState = "new" | "starting" | "ready" | "stopping";

class Host implements App {
  readonly prefixes: readonly string[];
  readonly keyed: boolean;
  readonly fetch: App["fetch"];
  /** How long open runs may go on while the server drains. */
  readonly shutdownGraceMs: number;
  readonly #insecure: boolean;
  readonly #services: Services;
  readonly #entrypoints: readonly HostedEntrypoint[];
  readonly #managed: ManagedServers;
  readonly #handler: Handler;
  #state: HostState = "new";
  #storeStarted = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: HostOptions) {
    const { clock = systemClock, limits = {}, insecure = false, health = [], dependencyErrors } =
      options;
    const logger = options.logger ?? lineLogger({ level: "warn" });
    this.shutdownGraceMs = options.shutdownGraceMs ?? SHUTDOWN_GRACE_MS;
    this.#insecure = insecure;
    const records = options.store ?? new MemoryRecords({ clock });
    this.#services = {
      clock,
      ids: options.ids ?? systemIds,
      logger,
      logsRequests: logsLevel(logger, "info"),
      records,
      turns: new StoredTurns(records),
      runs: new OpenRuns(logger),
      ticker: new SilenceTicker(clock, options.keepAliveMs),
      connections: new ConnectionTable(clock),
      dependencyErrors,
    };
    this.#managed = new ManagedServers(options.managedMcp ?? [], { clock, logger });
    this.#entrypoints = openEntrypoints(options.entrypoints, { clock, logger, dependencyErrors });
    this.prefixes = this.#entrypoints.map(({ prefix }) => prefix);
    this.keyed = this.#entrypoints.every(({ authenticator }) => authenticator.keyed);
    this.#handler = new Handler({
      services: this.#services,
      entrypoints: this.#entrypoints,
      limits: {
        maxBodyBytes: limits.maxBodyBytes ?? MAX_BODY_BYTES,
        maxNesting: limits.maxNesting ?? MAX_NESTING,
        maxMessages: limits.maxMessages ?? Infinity,
        maxBackgroundRuns: limits.maxBackgroundRuns,
      },
      cors: new CorsPolicy(options.corsOrigins),
      insecure,
      started: () => this.#started(),
      pages: new StatusPages({
        entrypoints: this.#entrypoints,
        health: [
          ...options.store ? [storeHealth(records)] : [],
          ...health,
          ...this.#managed.health,
        ],
        clock,
        state: () => this.#state === "new" ? "starting" : this.#state,
      }),
    });
    this.fetch = (request, info) => this.#fetch(request, info);
  }

  /** The app's clock. */
  get clock(): Clock {
    return this.#services.clock;
  }

  /** Builds and enters what lives as long as the app. */
  start(): Promise<void> {
    if (this.#state === "stopping") {
      return Promise.reject(new RunError("model-unavailable", "Cannot start: the app is stopped"));
    }
    return this.#starting ??= this.#start();
  }

  /** Stops every run and releases everything. */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  /** Stops the app. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Starts the app and listens. */
  serve(options: ServeOptions = {}): Promise<Served> {
    return Server.listen(this, {
      ...options,
      keyless: !this.keyed,
      insecure: this.#insecure,
      onOpen: () =>
        this.#services.logger.log("warn", "Anybody who reaches this server can use its models", {
          reason: "no keys, and insecure is set",
        }),
    });
  }

  /** Takes no further requests. Open ones go on. */
  close(): void {
    this.#state = "stopping";
  }

  /** Resolves once no run is open. */
  idle(): Promise<void> {
    return this.#services.runs.idle();
  }

  #fetch(request: Request, info: ConnectionInfo | undefined): Promise<Response> {
    // The first request starts the app. Who depends on the start waits for it, and hears of its
    // failure, in `#started`.
    if (this.#state === "new") this.start().catch(() => {});
    return this.#handler.handle(request, info);
  }

  #started(): Promise<void> | undefined {
    switch (this.#state) {
      case "ready":
        return undefined;
      case "stopping":
        throw new RunError("model-unavailable", "The app is stopping");
      case "new":
      case "starting":
        return this.start().catch((cause: unknown) => {
          throw new RunError("model-unavailable", "The app could not start", { cause });
        });
    }
  }

  async #start(): Promise<void> {
    this.#enter("starting");
    try {
      for (const entry of this.#entrypoints) await entry.fill();
      if (!this.#storeStarted) await this.#services.records.start();
      this.#storeStarted = true;
      await this.#managed.start();
      const starts = await Promise.allSettled(
        this.#entrypoints.map(({ catalog }) => catalog.start()),
      );
      for (const start of starts) if (start.status === "rejected") throw start.reason;
      this.#enter("ready");
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#services.logger.log("error", "app failed to start", { detail });
      this.#starting = undefined;
      this.#enter("new");
      throw error;
    }
  }

  async #stop(): Promise<void> {
    this.close();
    const { runs, logger, clock, ticker } = this.#services;
    runs.abortAll(new RunError("model-unavailable", "The app is stopping"));
    const starting = this.#starting?.catch(() => {}) ?? Promise.resolve();
    if (!await within(Promise.all([runs.idle(), starting]), STOP_MS, clock)) {
      logger.log("warn", "runs ignore that they were stopped", { open: runs.size });
    }
    const stopped = Promise.all(this.#entrypoints.map(async ({ catalog }) => {
      for (const error of await catalog.stop()) {
        const detail = error instanceof Error ? error.message : String(error);
        logger.log("error", "model failed to close", { detail });
      }
    }));
    if (!await within(stopped, STOP_MS, clock)) logger.log("error", "models do not close", {});
    ticker.stop();
    await this.#close("MCP servers", this.#managed.stop());
    await this.#close("store", Promise.resolve(this.#services.records[Symbol.asyncDispose]()));
    await flushLogger(logger);
  }

  /** Waits for something to close, but not for ever; a failure is told, and stops nothing else. */
  async #close(what: string, closing: Promise<void>): Promise<void> {
    const { logger, clock } = this.#services;
    const closed = closing.catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error);
      logger.log("error", `${what} failed to close`, { detail });
    });
    if (!await within(closed, STOP_MS, clock)) logger.log("error", `${what} does not close`, {});
  }

  /** Nothing comes after stopping. */
  #enter(state: HostState): void {
    if (this.#state !== "stopping") this.#state = state;
  }
}
