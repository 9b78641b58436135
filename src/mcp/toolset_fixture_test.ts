/**
 * Toolsets with fake servers, and runs that use them, for the tests of toolsets. Has no tests of its
 * own.
 * @module
 */
// @ts-types="@modelcontextprotocol/sdk/types"
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { assert } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { CollectingLogger, testContext } from "../testing/test_context.ts";
import { testCall, testStep } from "../testing/test_step.ts";
import { enterToolset, leaveToolset, type Toolset } from "../tools/toolset.ts";
import {
  type HandlerExtra,
  HttpServer,
  makeServer,
  type McpServer,
  SERVER_URL,
  type ServerSetup,
  textResult,
} from "./fixture_test.ts";
import type { Tool as ListedTool } from "./sdk.ts";
import { MCPToolset } from "./toolset.ts";
import type { MCPToolsetOptions } from "./toolset_options.ts";

/** A toolset and what it was given. */
export interface MadeToolset<Deps> extends AsyncDisposable {
  readonly toolset: MCPToolset<Deps>;
  readonly clock: ManualClock;
  readonly logger: CollectingLogger;
  /** Server objects, one a connection, oldest first. */
  readonly servers: readonly McpServer[];
  /** Ends the server, and lets nobody connect until `rise`. */
  readonly fall: () => Promise<void>;
  readonly rise: () => void;
}

/** A toolset of a server in this process, started. */
export async function inProcess<Deps = unknown>(
  setup: ServerSetup,
  { serverInstructions, ...options }:
    & Partial<MCPToolsetOptions<Deps>>
    & { readonly serverInstructions?: string } = {},
): Promise<MadeToolset<Deps>> {
  const clock = new ManualClock();
  const logger = new CollectingLogger();
  const servers: McpServer[] = [];
  let down = false;
  const server = () => {
    if (down) throw new Error("Connection refused");
    const made = makeServer(setup, { instructions: serverInstructions });
    servers.push(made);
    return made;
  };
  const toolset = new MCPToolset<Deps>({ id: "files", server, clock, logger, ...options });
  await enterToolset(toolset);
  return {
    toolset,
    clock,
    logger,
    servers,
    fall: async () => {
      down = true;
      await servers.at(-1)?.close();
    },
    rise: () => down = false,
    [Symbol.asyncDispose]: () => leaveToolset(toolset),
  };
}

/** A toolset of a fake server over HTTP, not started. */
export function overHttp<Deps = unknown>(
  setup: ServerSetup,
  options: Partial<MCPToolsetOptions<Deps>> = {},
) {
  const server = new HttpServer(setup);
  const clock = new ManualClock();
  const logger = new CollectingLogger();
  const toolset = new MCPToolset<Deps>({
    id: "files",
    url: SERVER_URL,
    fetch: server.fetch,
    clock,
    logger,
    ...options,
  });
  return { toolset, server, clock, logger };
}

/** A toolset as a run has it. */
export interface RunUse extends AsyncDisposable {
  readonly toolset: Toolset<never>;
  /** What the model is offered. */
  readonly names: () => Promise<readonly string[]>;
  /** What is added to the instructions. */
  readonly instructions: () => Promise<string | undefined>;
  /** Calls as an agent does. */
  readonly call: (name: string, args?: unknown) => Promise<unknown>;
}

/** Begins to use a toolset, as a run does. */
export async function beginRun<Deps>(
  toolset: Toolset<Deps>,
  { deps, signal = new AbortController().signal, logger = new CollectingLogger() }: {
    readonly deps?: Deps;
    readonly signal?: AbortSignal;
    readonly logger?: CollectingLogger;
  } = {},
): Promise<RunUse> {
  const step = testStep<Deps>({ deps, run: testContext({ deps, signal, logger }), signal });
  const used = await toolset.forRun?.(step) ?? toolset;
  await enterToolset(used);
  return {
    toolset: used,
    names: async () => (await used.tools(step)).map(({ name }) => name),
    instructions: async () => await used.instructions?.(step),
    call: async (name, args = {}) => {
      const tool = (await used.tools(step)).find((found) => found.name === name);
      assert(tool?.execute, `no tool ${name}`);
      const parsed = await tool.parse(args);
      assert(parsed.ok, `arguments are refused: ${JSON.stringify(parsed)}`);
      return await tool.execute(parsed.value, testCall<Deps>({ ...step, toolName: name }));
    },
    [Symbol.asyncDispose]: () => leaveToolset(used),
  };
}

/** Moves time on until `work` has settled; for what waits between attempts. */
export async function inTime<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let settled = false;
  work.then(() => settled = true, () => settled = true);
  for (let turn = 0; !settled; turn++) {
    assert(turn < 10_000, "it never settles");
    await macrotask();
    if (turn % 4 === 3) clock.advance(50);
  }
  return await work;
}

/** A server whose tools say their names. */
export function saying(...names: readonly string[]): ServerSetup {
  return (server) => {
    for (const name of names) server.registerTool(name, {}, () => textResult(`${name} says hello`));
  };
}

/** A server whose tool tells what a call's request carried. */
export const telling: ServerSetup = (server) => {
  server.registerTool("tell", {}, (extra: HandlerExtra) => {
    const headers = extra.requestInfo?.headers ?? {};
    return textResult(JSON.stringify({ meta: extra._meta ?? {}, user: headers["x-user"] ?? "" }));
  });
};

/** A server that lists exactly this; it answers each call with what was called, unless told. */
export function listing(
  list: () => readonly Partial<ListedTool>[] | Promise<readonly Partial<ListedTool>[]>,
  answer = (name: string, args: unknown) => textResult(JSON.stringify({ name, args })),
): ServerSetup {
  return ({ server: low }) => {
    low.registerCapabilities({ tools: { listChanged: true } });
    low.setRequestHandler(ListToolsRequestSchema, async () => ({
      tools: (await list()).map((tool) => ({
        inputSchema: { type: "object" as const },
        ...tool,
      })) as ListedTool[],
    }));
    low.setRequestHandler(
      CallToolRequestSchema,
      ({ params: { name, arguments: args } }) => answer(name, args),
    );
  };
}
