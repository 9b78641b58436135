/**
 * The tools of an MCP server as hidden tools of agents.
 * @module
 */
import { silentLogger } from "../context/system.ts";
import { RunError } from "../run/error.ts";
import type { Logger } from "../run/seams.ts";
import type { StepContext } from "../tools/context.ts";
import type { Tool } from "../tools/tool.ts";
import { enterToolset, leaveToolset, type Toolset } from "../tools/toolset.ts";
import { failureOf, McpFailure, setupErrorBehind } from "./failure.ts";
import { RemoteServer } from "./remote_server.ts";
import { RunTools, type ServerUse } from "./run_tools.ts";
import { type Lease, SessionPool } from "./session_pool.ts";
import { type McpPlan, type MCPToolsetOptions, planMcp } from "./toolset_options.ts";
import { fixedValues, resolveValues } from "./values.ts";

/** Longest wait of a run that can do without a server that was down, in milliseconds. */
const PATIENCE_MS = 1000;

/**
 * The tools of one MCP server. The server is connected while somebody uses the toolset: an agent that
 * was started, or a run. A lost connection is opened again, with growing pauses; a call that dies is
 * repeated once if the server never got it or says that it can do no harm, and else told to the model.
 *
 * ```ts
 * import { Agent, MCPToolset } from "@x/fakellm/agent";
 * import { TestModel } from "@x/fakellm/testing";
 *
 * const files = new MCPToolset({
 *   id: "files",
 *   command: "npx",
 *   args: ["-y", "@modelcontextprotocol/server-filesystem", "./notes"],
 *   allow: ["read_text_file", "list_directory"],
 * });
 * const agent = new Agent({ model: new TestModel(), toolsets: [files] });
 * ```
 */
export class MCPToolset<Deps = unknown> implements Toolset<Deps> {
  readonly id: string;
  readonly retries: number | undefined;
  readonly #plan: McpPlan<Deps>;
  #logger: Logger;
  /** Everybody's, while somebody uses it. */
  #server: RemoteServer<Deps> | undefined;
  /** Those of identities, while somebody uses them. */
  #pool: SessionPool<RemoteServer<Deps>> | undefined;

  /**
   * Describes a server; nothing is started or sent.
   *
   * @throws {SetupError} listing everything that is wrong with the options
   */
  constructor(options: MCPToolsetOptions<Deps>) {
    this.#plan = planMcp(options);
    this.id = options.id;
    this.retries = options.retries;
    this.#logger = options.logger ?? silentLogger;
  }

  /** Whether runs fail while the server is down. */
  get required(): boolean {
    return this.#plan.required;
  }

  /** The tools as last listed; undefined where nobody has asked, or identities have their own. */
  get knownTools(): readonly Tool<Deps>[] | undefined {
    return this.#server?.tools.known;
  }

  /**
   * Connects the server, where it is everybody's.
   *
   * @throws {SetupError} when a variable is not set, or the program may not or cannot be started
   * @throws {RunError} `backend-down` when the server is required and cannot be reached
   */
  readonly start = async (): Promise<void> => {
    const { perIdentity, maxSessions, idleMs, clock, required } = this.#plan;
    // A variable that is not set is told now rather than to the first caller.
    this.#fixedValues();
    if (perIdentity) {
      this.#pool = new SessionPool({ maxSessions, idleMs, clock });
      return;
    }
    const server = this.#server = this.#open(() => this.#fixedValues());
    try {
      await server.tools.list(new AbortController().signal);
    } catch (error) {
      // What an operator must mend is not waited for.
      if (required || setupErrorBehind(error)) {
        await this[Symbol.asyncDispose]();
        throw this.#explained(error);
      }
    }
    server.connection.keep();
  };

  /** The toolset of one run: its identity's session, if there is one to be had when it begins. */
  readonly forRun = (ctx: StepContext<Deps>): Toolset<Deps> => {
    // A toolset made in code often knows no logger; its runs do.
    if (!this.#plan.logger) this.#logger = ctx.run.logger;
    return new RunTools<Deps>({
      id: this.id,
      retries: this.retries,
      instructions: this.#plan.instructions,
      enter: () => this.#enter(ctx),
      onUnlisted: (failure) => {
        if (this.required) throw this.#explained(failure);
      },
    });
  };

  /** The tools, for whoever asks outside of a run; none where identities have their own. */
  async tools(ctx: StepContext<Deps>): Promise<readonly Tool<Deps>[]> {
    return await this.#server?.tools.list(ctx.signal) ?? [];
  }

  /**
   * Looks whether the server answers. Identities' sessions are not looked at.
   *
   * @throws {McpFailure} when it does not
   */
  async check(signal: AbortSignal): Promise<void> {
    await this.#server?.check(signal);
  }

  /** Ends all sessions, and started programs with them. */
  readonly [Symbol.asyncDispose] = async (): Promise<void> => {
    const [server, pool] = [this.#server, this.#pool];
    this.#server = undefined;
    this.#pool = undefined;
    await Promise.all([server?.close(), pool?.close()]);
  };

  async #enter(ctx: StepContext<Deps>): Promise<ServerUse<Deps>> {
    await enterToolset(this);
    let lease: Lease<RemoteServer<Deps>> | undefined;
    const leave = async () => {
      lease?.[Symbol.dispose]();
      await leaveToolset(this);
    };
    try {
      lease = await this.#lease(ctx);
      await this.#connected(lease.item, ctx.signal);
      return { server: lease.item, leave };
    } catch (error) {
      if (error instanceof McpFailure && !this.required) return { server: undefined, leave };
      await leave();
      ctx.signal.throwIfAborted();
      throw this.#explained(error);
    }
  }

  /** Waits for a session; where the run can do without, not for long once the server was down. */
  async #connected({ connection }: RemoteServer<Deps>, signal: AbortSignal): Promise<void> {
    const { failure } = connection;
    if (this.required || !failure) {
      await connection.session(signal);
      return;
    }
    const late = new AbortController();
    const cancel = this.#plan.clock.schedule(PATIENCE_MS, () => late.abort(failure));
    try {
      await connection.session(AbortSignal.any([signal, late.signal]));
    } finally {
      cancel();
    }
  }

  async #lease(ctx: StepContext<Deps>): Promise<Lease<RemoteServer<Deps>>> {
    if (this.#server) return { item: this.#server, [Symbol.dispose]() {} };
    const { values: given, valueUse: use } = this.#plan;
    const values = resolveValues(given, ctx.deps, { use });
    const key = JSON.stringify(Object.entries(values).sort());
    return await this.#pool!.lease(key, () => this.#open(() => values), ctx.signal);
  }

  #fixedValues(): Readonly<Record<string, string>> {
    const { values, valueUse: use } = this.#plan;
    return resolveValues(fixedValues(values), undefined, { use });
  }

  #open(values: () => Readonly<Record<string, string>>): RemoteServer<Deps> {
    return new RemoteServer(this.#plan, { values, logger: () => this.#logger });
  }

  #explained(error: unknown): Error {
    if (error instanceof RunError) return error;
    const setup = setupErrorBehind(error);
    if (setup) return setup;
    const { message } = failureOf(error);
    return new RunError("backend-down", `MCP server "${this.id}" cannot be reached: ${message}`, {
      cause: error,
    });
  }
}
