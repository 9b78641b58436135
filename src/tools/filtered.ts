/**
 * A toolset some of whose tools are left out.
 * @module
 */
import type { StepContext } from "./context.ts";
import { deriveTool } from "./derived_tool.ts";
import { prepareEach } from "./preparation.ts";
import type { ToolDefinition } from "./tool.ts";
import type { Toolset } from "./toolset.ts";
import { WrappedToolset } from "./wrapped.ts";

/**
 * Those of another toolset's tools that a function picks at each step. A tool left out cannot be
 * called either.
 */
export class FilteredToolset<Deps = unknown> extends WrappedToolset<Deps> {
  /**
   * Leaves out tools.
   *
   * @param keep is told each tool as the model would be told of it
   */
  constructor(
    toolset: Toolset<Deps>,
    keep: (ctx: StepContext<Deps>, definition: ToolDefinition) => boolean | Promise<boolean>,
  ) {
    super(toolset, {
      type: "step",
      apply: async (tools, ctx) => {
        const prepared = await prepareEach(tools.map((tool) => ({ tool })), ctx);
        const kept = await Promise.all(prepared.map(({ definition }) => keep(ctx, definition)));
        return prepared.filter((_, index) => kept[index]).map(({ tool, definition }) =>
          // Prepared already, and only once a step.
          tool.prepare ? deriveTool(tool, { definition }) : tool
        );
      },
    });
  }
}
