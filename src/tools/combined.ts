/**
 * Several toolsets as one.
 * @module
 */
import { SetupError } from "../run/error.ts";
import type { StepContext } from "./context.ts";
import { deriveTool } from "./derived_tool.ts";
import type { Tool } from "./tool.ts";
import { enterToolsets, leaveToolset, type Toolset } from "./toolset.ts";

/** A tool and where it comes from. */
export interface OwnedTool<Deps = unknown> {
  /** The tool. */
  readonly tool: Tool<Deps>;
  /** Its toolset. */
  readonly toolset: Toolset<Deps>;
}

/**
 * Puts the tools of several toolsets side by side.
 *
 * @throws {SetupError} when two toolsets have a tool of one name, naming both
 */
export function combineTools<Deps>(
  lists: readonly { readonly toolset: Toolset<Deps>; readonly tools: readonly Tool<Deps>[] }[],
): OwnedTool<Deps>[] {
  const owners = new Map<string, OwnedTool<Deps>>();
  for (const { toolset, tools } of lists) {
    for (const tool of tools) {
      const owner = owners.get(tool.name);
      if (owner) {
        throw new SetupError(
          `Toolsets "${owner.toolset.id}" and "${toolset.id}" both have a tool named ` +
            `"${tool.name}": give one a prefix (\`prefix\` of an MCP server, or ` +
            "PrefixedToolset), or leave its tool out",
        );
      }
      owners.set(tool.name, { tool, toolset });
    }
  }
  return [...owners.values()];
}

/**
 * Looks for two tools of one name among those that are known by now.
 *
 * @throws {SetupError} as {@linkcode combineTools}
 */
export function checkKnownTools<Deps>(toolsets: readonly Toolset<Deps>[]): void {
  combineTools(toolsets.map((toolset) => ({
    toolset,
    tools: toolset.fixedTools ?? toolset.knownTools ?? [],
  })));
}

/** Several toolsets as one; two tools of one name are an error. */
export class CombinedToolset<Deps = unknown> implements Toolset<Deps> {
  readonly id: string;
  readonly fixedTools: readonly Tool<Deps>[] | undefined;
  readonly forRun: Toolset<Deps>["forRun"];
  readonly forStep: Toolset<Deps>["forStep"];
  readonly start: Toolset<Deps>["start"];
  readonly instructions: Toolset<Deps>["instructions"];
  readonly [Symbol.asyncDispose]: Toolset<Deps>[typeof Symbol.asyncDispose];
  readonly #toolsets: readonly Toolset<Deps>[];

  /**
   * Puts toolsets side by side.
   *
   * @throws {SetupError} when two fixed tools have one name
   */
  constructor(toolsets: readonly Toolset<Deps>[], options: { readonly id?: string } = {}) {
    const id = options.id ?? toolsets.map((toolset) => toolset.id).join("+");
    this.id = id;
    this.#toolsets = toolsets;
    // Only what some of them can do, so that an agent need not ask for what never comes.
    if (toolsets.some((toolset) => toolset.forRun)) {
      this.forRun = async (ctx) => {
        const parts = toolsets.map((toolset) => toolset.forRun?.(ctx) ?? toolset);
        return new CombinedToolset(await Promise.all(parts), { id });
      };
    }
    if (toolsets.some((toolset) => toolset.forStep)) {
      this.forStep = async (ctx) => {
        const parts = toolsets.map((toolset) => toolset.forStep?.(ctx) ?? toolset);
        return new CombinedToolset(await Promise.all(parts), { id });
      };
    }
    if (toolsets.some((toolset) => toolset.start)) {
      this.start = () => enterToolsets(toolsets);
      this[Symbol.asyncDispose] = async () => {
        await Promise.all(toolsets.map((toolset) => leaveToolset(toolset)));
      };
    }
    if (toolsets.some((toolset) => toolset.instructions)) {
      this.instructions = async (ctx) => {
        const texts = toolsets.map((toolset) => toolset.instructions?.(ctx));
        return (await Promise.all(texts)).filter((text) => text).join("\n\n");
      };
    }
    const lists = toolsets.flatMap((toolset) => toolset.fixedTools ? [toolset.fixedTools] : []);
    if (lists.length === toolsets.length) this.fixedTools = this.#merge(lists);
  }

  /** Those of its parts; undefined until each part knows its own. */
  get knownTools(): readonly Tool<Deps>[] | undefined {
    const lists = this.#toolsets.flatMap(({ fixedTools, knownTools }) => {
      const known = fixedTools ?? knownTools;
      return known ? [known] : [];
    });
    return lists.length === this.#toolsets.length ? this.#merge(lists) : undefined;
  }

  /** The tools of a step. */
  async tools(ctx: StepContext<Deps>): Promise<readonly Tool<Deps>[]> {
    return this.fixedTools ?? this.#merge(
      await Promise.all(this.#toolsets.map((toolset) => toolset.fixedTools ?? toolset.tools(ctx))),
    );
  }

  #merge(lists: readonly (readonly Tool<Deps>[])[]): readonly Tool<Deps>[] {
    return combineTools(
      lists.map((tools, index) => ({ toolset: this.#toolsets[index]!, tools })),
    ).map(({ tool, toolset }) =>
      tool.retries === undefined && toolset.retries !== undefined
        ? deriveTool(tool, { retries: toolset.retries })
        : tool
    );
  }
}
