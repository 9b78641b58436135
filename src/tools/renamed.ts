/**
 * A toolset some of whose tools get other names.
 * @module
 */
import { SetupError } from "../run/error.ts";
import { deriveTool } from "./derived_tool.ts";
import { checkToolName, type Tool } from "./tool.ts";
import type { Toolset } from "./toolset.ts";
import { WrappedToolset } from "./wrapped.ts";

/** Another toolset's tools under other names; the tools themselves see their own names. */
export class RenamedToolset<Deps = unknown> extends WrappedToolset<Deps> {
  /**
   * Renames tools; those not named keep their names.
   *
   * @param names new names by old ones; old names of tools that come and go may be missing at a step
   * @throws {SetupError} when a new name is not legal, when fixed tools lack an old name, or when two
   *   of them come to one name
   */
  constructor(toolset: Toolset<Deps>, names: Readonly<Record<string, string>>) {
    // A map, since names of tools may be those that every object inherits.
    const newNames = new Map(Object.entries(names));
    for (const name of newNames.values()) checkToolName(name);
    if (toolset.fixedTools) rejectUnknown(toolset.id, newNames.keys(), toolset.fixedTools);
    super(toolset, { type: "fixed", apply: (tools) => renameAll(toolset.id, tools, newNames) });
  }
}

function rejectUnknown<Deps>(
  id: string,
  oldNames: Iterable<string>,
  tools: readonly Tool<Deps>[],
): void {
  const existing = new Set(tools.map((tool) => tool.name));
  for (const name of oldNames) {
    if (existing.has(name)) continue;
    const list = [...existing].map((other) => `"${other}"`).join(", ") || "none";
    throw new SetupError(
      `Cannot rename tool "${name}" of toolset "${id}": its tools are ${list}`,
    );
  }
}

function renameAll<Deps>(
  id: string,
  tools: readonly Tool<Deps>[],
  newNames: ReadonlyMap<string, string>,
): Tool<Deps>[] {
  const oldNames = new Map<string, string>();
  return tools.map((tool) => {
    const name = newNames.get(tool.name) ?? tool.name;
    const other = oldNames.get(name);
    if (other !== undefined) {
      throw new SetupError(
        `Cannot rename tools of toolset "${id}": "${other}" and "${tool.name}" ` +
          `would both be "${name}"`,
      );
    }
    oldNames.set(name, tool.name);
    return name === tool.name ? tool : deriveTool(tool, { name });
  });
}
