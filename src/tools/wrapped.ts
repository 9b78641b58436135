/**
 * What all wrappers of a toolset have in common.
 * @module
 */
import type { StepContext } from "./context.ts";
import type { Tool } from "./tool.ts";
import { enterToolset, leaveToolset, type Toolset } from "./toolset.ts";

/** How a wrapper changes tools. */
export type ToolsChange<Deps> =
  /** Alike at every step, so that tools that were fixed stay so. */
  | { readonly type: "fixed"; readonly apply: (tools: readonly Tool<Deps>[]) => Tool<Deps>[] }
  /** Anew at every step. */
  | {
    readonly type: "step";
    readonly apply: (
      tools: readonly Tool<Deps>[],
      ctx: StepContext<Deps>,
    ) => Promise<Tool<Deps>[]>;
  };

/**
 * Another toolset with its tools changed. Everything else is the other's: several wrappers of one
 * toolset start it once, and what it becomes for a run or a step is wrapped in turn.
 */
export class WrappedToolset<Deps = unknown> implements Toolset<Deps> {
  /** The other's. */
  readonly id: string;
  /** The other's. */
  readonly retries: number | undefined;
  /** The other's, changed; undefined where either depends on the step. */
  readonly fixedTools: readonly Tool<Deps>[] | undefined;
  /** The other's, wrapped. */
  readonly forRun: Toolset<Deps>["forRun"];
  /** The other's, wrapped. */
  readonly forStep: Toolset<Deps>["forStep"];
  /** Uses the other. */
  readonly start: Toolset<Deps>["start"];
  /** The other's. */
  readonly instructions: Toolset<Deps>["instructions"];
  /** Uses the other no longer. */
  readonly [Symbol.asyncDispose]: Toolset<Deps>[typeof Symbol.asyncDispose];
  readonly #toolset: Toolset<Deps>;
  readonly #change: ToolsChange<Deps>;

  /** Wraps a toolset; fixed tools are changed at once. */
  constructor(toolset: Toolset<Deps>, change: ToolsChange<Deps>) {
    const { forRun, forStep } = toolset;
    const wrap = (other: Toolset<Deps>) =>
      other === toolset ? this : new WrappedToolset(other, change);
    this.id = toolset.id;
    this.retries = toolset.retries;
    this.forRun = forRun && (async (ctx) => wrap(await forRun.call(toolset, ctx)));
    this.forStep = forStep && (async (ctx) => wrap(await forStep.call(toolset, ctx)));
    this.instructions = toolset.instructions?.bind(toolset);
    if (toolset.start) {
      this.start = () => enterToolset(toolset);
      this[Symbol.asyncDispose] = () => leaveToolset(toolset);
    }
    this.#toolset = toolset;
    this.#change = change;
    this.fixedTools = change.type === "fixed"
      ? toolset.fixedTools && change.apply(toolset.fixedTools)
      : undefined;
  }

  /** The other's, changed; undefined where the change depends on the step. */
  get knownTools(): readonly Tool<Deps>[] | undefined {
    const known = this.#toolset.knownTools;
    return known && this.#change.type === "fixed" ? this.#change.apply(known) : undefined;
  }

  /** The tools of a step. */
  async tools(ctx: StepContext<Deps>): Promise<readonly Tool<Deps>[]> {
    if (this.fixedTools) return this.fixedTools;
    const tools = this.#toolset.fixedTools ?? await this.#toolset.tools(ctx);
    const change = this.#change;
    return change.type === "fixed" ? change.apply(tools) : await change.apply(tools, ctx);
  }
}
