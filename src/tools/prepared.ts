/**
 * A toolset whose tools a function describes anew at each step.
 * @module
 */
import { deriveTool } from "./derived_tool.ts";
import { prepareAll, prepareEach, type PrepareTools } from "./preparation.ts";
import type { Toolset } from "./toolset.ts";
import { WrappedToolset } from "./wrapped.ts";

/**
 * Another toolset's tools as a function leaves and describes them at each step. One it leaves out
 * cannot be called either; one it adds or renames fails the run.
 */
export class PreparedToolset<Deps = unknown> extends WrappedToolset<Deps> {
  /** Prepares tools with `prepare`. */
  constructor(toolset: Toolset<Deps>, prepare: PrepareTools<Deps>) {
    super(toolset, {
      type: "step",
      apply: async (tools, ctx) => {
        const each = await prepareEach(tools.map((tool) => ({ tool })), ctx);
        const all = await prepareAll(prepare, each, ctx);
        return all.map(({ tool, definition }) => deriveTool(tool, { definition }));
      },
    });
  }
}
