/**
 * One run's view of an MCP server.
 * @module
 */
import type { StepContext } from "../tools/context.ts";
import type { Tool } from "../tools/tool.ts";
import type { Toolset } from "../tools/toolset.ts";
import { McpFailure, McpServerError } from "./failure.ts";
import type { RemoteServer } from "./remote_server.ts";

/** What a run uses. */
export interface ServerUse<Deps> {
  /** The server; undefined where the run goes on without it. */
  readonly server: RemoteServer<Deps> | undefined;
  /** Ends the use. */
  readonly leave: () => Promise<void>;
}

/** What a view is made of. */
export interface RunToolsOptions<Deps> {
  /** The toolset's. */
  readonly id: string;
  /** The toolset's. */
  readonly retries: number | undefined;
  /** Whether the server's own words go into the instructions. */
  readonly instructions: boolean;
  /** Begins the use, when the run begins. */
  readonly enter: () => Promise<ServerUse<Deps>>;
  /** What it means that the tools cannot be listed; returns where the run goes on without. */
  readonly onUnlisted: (failure: McpFailure | McpServerError) => void;
}

/** The server's tools for one run: whether there are any is decided when it begins. */
export class RunTools<Deps> implements Toolset<Deps> {
  readonly id: string;
  readonly retries: number | undefined;
  readonly #options: RunToolsOptions<Deps>;
  #use: ServerUse<Deps> | undefined;

  /** Uses nothing yet. */
  constructor(options: RunToolsOptions<Deps>) {
    this.id = options.id;
    this.retries = options.retries;
    this.#options = options;
  }

  /** Begins the use. */
  readonly start = async (): Promise<void> => {
    this.#use = await this.#options.enter();
  };

  /** What the server says of how to use it. */
  readonly instructions = async (ctx: StepContext<Deps>): Promise<string | undefined> => {
    const server = this.#options.instructions ? this.#use?.server : undefined;
    if (!server || server.connection.failure) return undefined;
    try {
      return (await server.connection.session(ctx.signal)).instructions;
    } catch (error) {
      if (error instanceof McpFailure) return undefined;
      throw error;
    }
  };

  /** The tools of a step. */
  async tools(ctx: StepContext<Deps>): Promise<readonly Tool<Deps>[]> {
    try {
      return await this.#use?.server?.tools.list(ctx.signal) ?? [];
    } catch (error) {
      if (!(error instanceof McpFailure || error instanceof McpServerError)) throw error;
      this.#options.onUnlisted(error);
      return [];
    }
  }

  /** Ends the use. */
  readonly [Symbol.asyncDispose] = async (): Promise<void> => {
    await this.#use?.leave();
    this.#use = undefined;
  };
}
