/**
 * What a model is told of tools at one step: each tool's own `prepare`, and filters over all of
 * them.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { StepContext } from "./context.ts";
import type { Tool, ToolDefinition } from "./tool.ts";

/** Leaves out or edits definitions; cannot add or rename. */
export type PrepareTools<Deps> = (
  ctx: StepContext<Deps>,
  definitions: readonly ToolDefinition[],
) => readonly ToolDefinition[] | Promise<readonly ToolDefinition[]>;

/** Something with a tool's definition for a step. */
export interface Prepared {
  /** As the model is told. */
  readonly definition: ToolDefinition;
}

/**
 * Lets each tool say what it is at a step; those that leave themselves out are missing.
 *
 * @throws {RunError} `internal` when a tool renames itself
 */
export async function prepareEach<Deps, Owned extends { readonly tool: Tool<Deps> }>(
  tools: readonly Owned[],
  ctx: StepContext<Deps>,
): Promise<(Owned & Prepared)[]> {
  const prepared: (Owned & Prepared)[] = [];
  for (const owned of tools) {
    const { tool } = owned;
    const definition = tool.prepare ? await tool.prepare(ctx, tool.definition) : tool.definition;
    if (!definition) continue;
    if (definition.name !== tool.name) throw notAllowed(tool.name, `renamed "${definition.name}"`);
    prepared.push({ ...owned, definition });
  }
  return prepared;
}

/**
 * Lets one function filter and edit the definitions of all tools.
 *
 * @throws {RunError} `internal` when it adds or renames
 */
export async function prepareAll<Deps, Tools extends Prepared>(
  prepare: PrepareTools<Deps>,
  tools: readonly Tools[],
  ctx: StepContext<Deps>,
): Promise<Tools[]> {
  const byName = new Map(tools.map((tool) => [tool.definition.name, tool]));
  const definitions = await prepare(ctx, tools.map((tool) => tool.definition));
  return definitions.map((definition) => {
    const tool = byName.get(definition.name);
    if (!tool) throw notAllowed(definition.name, "added");
    // Once each: a second one of the name would be one more tool.
    byName.delete(definition.name);
    return { ...tool, definition };
  });
}

function notAllowed(name: string, done: string): RunError {
  return new RunError(
    "internal",
    `Cannot prepare tools: "${name}" was ${done}; only filter and edit`,
  );
}
