/**
 * A toolset whose tools get longer names.
 * @module
 */
import type { StepContext } from "./context.ts";
import { deriveTool } from "./derived_tool.ts";
import { checkToolName, type Tool } from "./tool.ts";
import type { Toolset } from "./toolset.ts";

/** Another toolset's tools as `prefix_name`; the tools themselves see their own names. */
export class PrefixedToolset<Deps = unknown> implements Toolset<Deps> {
  readonly id: string;
  readonly retries: number | undefined;
  readonly fixedTools: readonly Tool<Deps>[] | undefined;
  readonly forRun: Toolset<Deps>["forRun"];
  readonly forStep: Toolset<Deps>["forStep"];
  readonly start: Toolset<Deps>["start"];
  readonly instructions: Toolset<Deps>["instructions"];
  readonly [Symbol.asyncDispose]: Toolset<Deps>[typeof Symbol.asyncDispose];
  readonly #toolset: Toolset<Deps>;
  readonly #prefix: string;

  /**
   * Puts `prefix` and an underscore before each name.
   *
   * @throws {SetupError} when a fixed tool's name becomes illegal
   */
  constructor(toolset: Toolset<Deps>, prefix: string) {
    const { forRun, forStep } = toolset;
    this.id = toolset.id;
    this.retries = toolset.retries;
    this.forRun = forRun && (async (ctx) => this.#wrap(await forRun.call(toolset, ctx)));
    this.forStep = forStep && (async (ctx) => this.#wrap(await forStep.call(toolset, ctx)));
    this.start = toolset.start?.bind(toolset);
    this.instructions = toolset.instructions?.bind(toolset);
    this[Symbol.asyncDispose] = toolset[Symbol.asyncDispose]?.bind(toolset);
    this.#toolset = toolset;
    this.#prefix = prefix;
    this.fixedTools = toolset.fixedTools?.map((tool) => this.#rename(tool));
  }

  /** The tools of a step. */
  async tools(ctx: StepContext<Deps>): Promise<readonly Tool<Deps>[]> {
    return this.fixedTools ??
      (await this.#toolset.tools(ctx)).map((tool) => this.#rename(tool));
  }

  #wrap(toolset: Toolset<Deps>): Toolset<Deps> {
    return new PrefixedToolset(toolset, this.#prefix);
  }

  #rename(tool: Tool<Deps>): Tool<Deps> {
    const name = `${this.#prefix}_${tool.name}`;
    checkToolName(name);
    return deriveTool(tool, { name });
  }
}
