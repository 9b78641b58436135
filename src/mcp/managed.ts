/**
 * MCP servers that live and die with the app.
 * @module
 */
import { silentLogger, systemClock } from "../context/system.ts";
import { RunError } from "../run/error.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";
import type { StepContext } from "../tools/context.ts";
import type { Tool } from "../tools/tool.ts";
import { enterToolset, leaveToolset, type Toolset } from "../tools/toolset.ts";
import {
  checkManaged,
  type ManagedHttpOptions,
  type ManagedMCPOptions,
  type ManagedPlan,
  readEnvironment,
} from "./managed_options.ts";
import { ManagedProgram } from "./managed_program.ts";
import { START_TIMEOUT_MS } from "./toolset_options.ts";
import { MCPToolset } from "./toolset.ts";

/** Pause between two attempts to greet a program that listens, in milliseconds. */
const PAUSE_MS = 250;

type LogLine = Parameters<Logger["log"]>;

/**
 * An MCP server that the app brings along: where the environment names one that runs elsewhere, that
 * is used; otherwise a program is started, waited for until it answers, started again when it ends,
 * and stopped with the app. A toolset for agents; hand it to the app as well (`managedMcp`), so that it
 * starts with the app and counts for `/ready`.
 *
 * ```ts
 * import { ManagedMCP } from "@x/fakellm/agent";
 *
 * const search = ManagedMCP.http({
 *   id: "search",
 *   command: "search-mcp",
 *   args: ["--port", "{port}"],
 *   urlEnv: "SEARCH_MCP_URL",
 *   startTimeoutEnv: "SEARCH_MCP_START_TIMEOUT",
 * });
 * ```
 */
export class ManagedMCP<Deps = unknown> implements Toolset<Deps> {
  readonly id: string;
  readonly retries: number | undefined;
  readonly #plan: ManagedPlan<Deps>;
  readonly #clock: Clock;
  #logger: Logger;
  #program: ManagedProgram | undefined;
  #toolset: MCPToolset<Deps> | undefined;
  /** Ends the wait of a start. */
  #giveUp = new AbortController();
  /** What is logged while it is not yet known what it means. */
  #held: LogLine[] | undefined;

  private constructor(plan: ManagedPlan<Deps>) {
    checkManaged(plan);
    this.#plan = plan;
    this.id = plan.options.id;
    this.retries = plan.options.retries;
    this.#clock = plan.options.clock ?? systemClock;
    this.#logger = plan.options.logger ?? silentLogger;
  }

  /**
   * A server that is talked to over HTTP.
   *
   * @throws {SetupError} when options exclude each other
   */
  static http<Deps = unknown>(options: ManagedHttpOptions<Deps>): ManagedMCP<Deps> {
    return new ManagedMCP({ kind: "http", options });
  }

  /**
   * A server that is talked to over its input and output, or over HTTP where it runs elsewhere.
   *
   * @throws {SetupError} when options exclude each other
   */
  static stdio<Deps = unknown>(options: ManagedMCPOptions<Deps>): ManagedMCP<Deps> {
    return new ManagedMCP({ kind: "stdio", options });
  }

  /** Whether runs fail while the server is down. */
  get required(): boolean {
    return this.#plan.options.required ?? true;
  }

  /** The tools as last listed; undefined where nobody has asked yet. */
  get knownTools(): readonly Tool<Deps>[] | undefined {
    return this.#toolset?.knownTools;
  }

  /**
   * Starts the program, or finds the server that the environment names, and waits until it answers.
   *
   * @throws {SetupError} when a variable cannot be used, or the program may not or cannot be started
   * @throws {RunError} `backend-down` when the server is required and does not answer in time
   */
  readonly start = async (): Promise<void> => {
    const { kind, options } = this.#plan;
    const { url, timeoutMs, startTimeoutMs = START_TIMEOUT_MS } = readEnvironment(options);
    const { urlEnv: _1, timeoutEnv: _2, startTimeoutEnv: _3, ...rest } = options;
    const { command, args, env, cwd, transport, headers, url: _4, portEnv: _5, ...common } = rest;
    const shared = { ...common, logger: this.#log, timeoutMs, startTimeoutMs };
    if (url !== undefined) {
      this.#toolset = new MCPToolset<Deps>({ ...shared, url, transport, headers });
    } else if (kind === "stdio") {
      this.#toolset = new MCPToolset<Deps>({ ...shared, command, args, env, cwd });
    } else {
      const logger = () => this.#logger;
      this.#program = new ManagedProgram(options, { clock: this.#clock, logger });
      const place = { url: this.#program.url, transport, headers };
      this.#toolset = new MCPToolset<Deps>({ ...shared, ...place });
    }
    try {
      await this.#answers(startTimeoutMs);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  };

  /** The toolset of one run. */
  readonly forRun = (ctx: StepContext<Deps>): Toolset<Deps> => {
    // A server made in code often knows no logger; its runs do.
    if (!this.#plan.options.logger) this.#logger = ctx.run.logger;
    return new ManagedRun<Deps>(this, () => this.#toolset!.forRun(ctx));
  };

  /** The tools, for whoever asks outside of a run. */
  async tools(ctx: StepContext<Deps>): Promise<readonly Tool<Deps>[]> {
    return await this.#toolset?.tools(ctx) ?? [];
  }

  /**
   * Looks whether the server answers.
   *
   * @throws {RunError} `backend-down` when it was not started, or its program has ended
   * @throws {McpFailure} when it does not answer
   */
  async check(signal: AbortSignal): Promise<void> {
    if (!this.#toolset) {
      throw new RunError("backend-down", `MCP server "${this.id}" is not started`);
    }
    const ending = this.#program?.ending;
    if (ending !== undefined) {
      throw new RunError("backend-down", `MCP server "${this.id}" ended: ${ending}`);
    }
    await this.#toolset.check(signal);
  }

  /** Ends the program and all sessions. */
  readonly [Symbol.asyncDispose] = async (): Promise<void> => {
    const [toolset, program] = [this.#toolset, this.#program];
    this.#toolset = undefined;
    this.#program = undefined;
    this.#giveUp.abort(new Error("It was stopped"));
    if (toolset) await leaveToolset(toolset);
    await program?.[Symbol.asyncDispose]();
  };

  /** Whoever reads the log is not known before the first run. */
  readonly #log: Logger = {
    log: (...line) => {
      if (this.#held) this.#held.push(line);
      else this.#logger.log(...line);
    },
  };

  /** Waits for the program to listen and for the server to greet. */
  async #answers(timeoutMs: number): Promise<void> {
    const toolset = this.#toolset!;
    const program = this.#program;
    if (!program) return await enterToolset(toolset);
    const { signal } = this.#giveUp = new AbortController();
    const late = new Error(`Server did not answer within ${timeoutMs} ms`);
    const cancel = this.#clock.schedule(timeoutMs, () => this.#giveUp.abort(late));
    let reason: Error | undefined;
    try {
      while (await program.listens(signal)) {
        if (!this.required) break;
        const failure = await this.#greets(toolset, signal);
        if (!failure) return;
        if (!signal.aborted) reason = failure;
        // It may listen before it can answer.
        await new Promise<void>((resolve) => this.#clock.schedule(PAUSE_MS, resolve));
      }
    } finally {
      cancel();
    }
    if (!this.required && this.#toolset === toolset) return await enterToolset(toolset);
    const { message } = reason ?? signal.reason as Error;
    throw new RunError(
      "backend-down",
      `MCP server "${this.id}" cannot be used: ${program.ending ?? message}`,
    );
  }

  /** Enters the toolset; what goes wrong until the server can answer is no news for operators. */
  async #greets(toolset: MCPToolset<Deps>, signal: AbortSignal): Promise<Error | undefined> {
    const held: LogLine[] = this.#held = [];
    let failure: Error | undefined;
    try {
      await untilAborted(enterToolset(toolset), signal);
    } catch (error) {
      if (!signal.aborted && !(error instanceof RunError)) throw error;
      failure = error as Error;
    } finally {
      this.#held = undefined;
    }
    for (const [level, ...line] of held) this.#logger.log(failure ? "debug" : level, ...line);
    return failure;
  }
}

/** One run's use of a managed server: started for the run, where the app has not started it. */
class ManagedRun<Deps> implements Toolset<Deps> {
  readonly id: string;
  readonly retries: number | undefined;
  readonly #managed: ManagedMCP<Deps>;
  readonly #open: () => Toolset<Deps>;
  #inner: Toolset<Deps> | undefined;

  constructor(managed: ManagedMCP<Deps>, open: () => Toolset<Deps>) {
    this.id = managed.id;
    this.retries = managed.retries;
    this.#managed = managed;
    this.#open = open;
  }

  readonly start = async (): Promise<void> => {
    await enterToolset(this.#managed);
    try {
      const inner = this.#open();
      await enterToolset(inner);
      this.#inner = inner;
    } catch (error) {
      await leaveToolset(this.#managed);
      throw error;
    }
  };

  readonly instructions = (ctx: StepContext<Deps>) => this.#inner?.instructions?.(ctx);

  async tools(ctx: StepContext<Deps>): Promise<readonly Tool<Deps>[]> {
    return await this.#inner?.tools(ctx) ?? [];
  }

  readonly [Symbol.asyncDispose] = async (): Promise<void> => {
    if (!this.#inner) return;
    await leaveToolset(this.#inner);
    this.#inner = undefined;
    await leaveToolset(this.#managed);
  };
}
