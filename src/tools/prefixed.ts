/**
 * A toolset whose tools get longer names.
 * @module
 */
import { deriveTool } from "./derived_tool.ts";
import { checkToolName } from "./tool.ts";
import type { Toolset } from "./toolset.ts";
import { WrappedToolset } from "./wrapped.ts";

/** Another toolset's tools as `prefix_name`; the tools themselves see their own names. */
export class PrefixedToolset<Deps = unknown> extends WrappedToolset<Deps> {
  /**
   * Puts `prefix` and an underscore before each name.
   *
   * @throws {SetupError} when a fixed tool's name becomes illegal
   */
  constructor(toolset: Toolset<Deps>, prefix: string) {
    super(toolset, {
      type: "fixed",
      apply: (tools) =>
        tools.map((tool) => {
          const name = `${prefix}_${tool.name}`;
          checkToolName(name);
          return deriveTool(tool, { name });
        }),
    });
  }
}
