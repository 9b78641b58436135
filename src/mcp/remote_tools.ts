/**
 * The tools of one server over one connection.
 * @module
 */
import { compileJsonSchema, type JsonSchemaCheck } from "../json_schema/compile.ts";
import { JsonSchemaError } from "../json_schema/error.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";
import type { ToolContext } from "../tools/context.ts";
import type { ParseResult } from "../tools/schema.ts";
import type { Tool, ToolDefinition } from "../tools/tool.ts";
import type { McpConnection } from "./connection.ts";
import { RemoteCaller, type RemoteCallerOptions } from "./remote_call.ts";
import type { Tool as ListedTool } from "./sdk.ts";
import { ToolChanges } from "./tool_changes.ts";
import { modelNames } from "./tool_names.ts";

/** Calls a tool of a server; `meta` goes along as `_meta`. */
export type RemoteCall = (
  args: Readonly<Record<string, unknown>>,
  options?: { readonly meta?: Readonly<Record<string, unknown>> },
) => Promise<unknown>;

/**
 * Stands around each call: may change arguments, add `_meta`, change the result, or not call at all.
 */
export type ProcessToolCall<Deps = unknown> = (
  call: RemoteCall,
  options: {
    /** The call at hand. */
    readonly ctx: ToolContext<Deps>;
    /** The server's own name of the tool. */
    readonly name: string;
    /** As the model gave them, checked against the tool's schema. */
    readonly args: Readonly<Record<string, unknown>>;
  },
) => unknown;

/** Which tools there are, and what stands around their calls. */
export interface RemoteToolsOptions<Deps> extends RemoteCallerOptions {
  /** Put before each name and an underscore. */
  readonly prefix: string | undefined;
  /** Only these tools are used; undefined: all. */
  readonly allow: readonly string[] | undefined;
  /** These tools are never used. */
  readonly deny: readonly string[];
  /** What clients are told when a tool is called; undefined: nothing. */
  readonly labelOf: (tool: string) => string | undefined;
  /** Stands around each call. */
  readonly processToolCall: ProcessToolCall<Deps> | undefined;
  /** Headers that go along with a call only; undefined: none. */
  readonly headersOf: ((ctx: ToolContext<Deps>) => Headers) | undefined;
  /** Told of lists that change, too. */
  readonly logger: () => Logger;
  /** Time. */
  readonly clock: Clock;
}

/** Longest wait for a list of tools, in milliseconds. */
const LIST_TIMEOUT_MS = 30_000;

/** Longest wait for a newer list where there is one already, in milliseconds. */
const NEWER_LIST_TIMEOUT_MS = 500;

/** Lists a server's tools, and again when they may have changed. */
export class RemoteTools<Deps> {
  /** Where the server is reached. */
  readonly connection: McpConnection;
  readonly #options: RemoteToolsOptions<Deps>;
  readonly #caller: RemoteCaller;
  readonly #changes: ToolChanges;
  #tools: readonly Tool<Deps>[] | undefined;
  #version = -1;
  #listing: Promise<readonly Tool<Deps>[]> | undefined;

  /** Asks for nothing yet. */
  constructor(connection: McpConnection, options: RemoteToolsOptions<Deps>) {
    this.connection = connection;
    this.#options = options;
    this.#caller = new RemoteCaller(connection, options);
    this.#changes = new ToolChanges(options);
  }

  /** The tools as last listed; undefined before the first time. */
  get known(): readonly Tool<Deps>[] | undefined {
    return this.#tools;
  }

  /**
   * The tools. A run that began with some goes on with them when the server cannot be asked any more
   * or takes its time, as when it starts again: its calls tell the model what is wrong.
   *
   * @throws {McpFailure} when the server cannot be asked and never was
   */
  async list(signal: AbortSignal): Promise<readonly Tool<Deps>[]> {
    const known = this.#tools;
    if (known && this.#version === this.connection.version) return known;
    const listing = this.#listing ??= this.#list().finally(() => this.#listing = undefined);
    try {
      return await untilAborted(known ? this.#newer(listing, known) : listing, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!this.#tools) throw error;
      return this.#tools;
    }
  }

  async #newer(
    listing: Promise<readonly Tool<Deps>[]>,
    known: readonly Tool<Deps>[],
  ): Promise<readonly Tool<Deps>[]> {
    const { promise: late, resolve } = Promise.withResolvers<readonly Tool<Deps>[]>();
    const cancel = this.#options.clock.schedule(NEWER_LIST_TIMEOUT_MS, () => resolve(known));
    try {
      return await Promise.race([listing, late]);
    } finally {
      cancel();
    }
  }

  async #list(): Promise<readonly Tool<Deps>[]> {
    // Many runs may wait for it, so no run's signal ends it.
    const { signal } = new AbortController();
    const wait = { signal, timeoutMs: LIST_TIMEOUT_MS };
    let version = -1;
    const listed = await this.connection.ask((session) => {
      // What changes from now on may be missing in the list.
      version = this.connection.version;
      return session.listTools(wait);
    }, signal);
    const { allow, deny, prefix } = this.#options;
    const named = new Map<string, ListedTool>();
    for (const tool of listed) {
      const used = (allow === undefined || allow.includes(tool.name)) && !deny.includes(tool.name);
      // Of two with one name a call could not say which.
      if (used && !named.has(tool.name)) named.set(tool.name, tool);
    }
    const used = [...named.values()];
    this.#changes.take(listed, used);
    this.#version = version;
    const names = modelNames([...named.keys()], { prefix });
    return this.#tools = used.map((tool) => this.#toTool(tool, names.get(tool.name)!));
  }

  #toTool(listed: ListedTool, name: string): Tool<Deps> {
    const { name: server } = this.#options;
    const { $schema: _, ...parameters } = listed.inputSchema;
    const definition: ToolDefinition = {
      name,
      description: listed.description ?? listed.title,
      parameters,
      returns: listed.outputSchema,
      metadata: {
        server,
        title: listed.title,
        annotations: listed.annotations,
        meta: listed._meta,
      },
    };
    return {
      name,
      definition,
      label: this.#options.labelOf(listed.name),
      // Calls have a limit of their own, which the server is told of.
      timeoutMs: Infinity,
      parse: lenientParse(parameters),
      execute: (args, ctx) => this.#execute(listed, args as Record<string, unknown>, ctx),
    };
  }

  #execute(
    listed: ListedTool,
    args: Readonly<Record<string, unknown>>,
    ctx: ToolContext<Deps>,
  ): unknown {
    const { processToolCall, headersOf } = this.#options;
    const headers = headersOf?.(ctx);
    const call: RemoteCall = (changed, { meta } = {}) =>
      this.#caller.call(listed, changed, { signal: ctx.signal, meta, headers });
    return processToolCall ? processToolCall(call, { ctx, name: listed.name, args }) : call(args);
  }
}

/**
 * Checks arguments before they are sent, where the server's schema can be used for that; else the
 * server does it alone.
 */
function lenientParse(schema: Readonly<Record<string, unknown>>): Tool["parse"] {
  let check: Promise<JsonSchemaCheck | undefined> | undefined;
  return async (args): Promise<ParseResult> => {
    if (typeof args !== "object" || args === null || Array.isArray(args)) {
      return { ok: false, issues: [{ path: "", message: "Value must be an object" }] };
    }
    check ??= compileJsonSchema(schema).catch((error: unknown) => {
      if (error instanceof JsonSchemaError) return undefined;
      throw error;
    });
    const issues = (await check)?.check(args) ?? [];
    return issues.length === 0 ? { ok: true, value: args } : { ok: false, issues };
  };
}
