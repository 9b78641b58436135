/**
 * From toolsets to the hidden tools of one step.
 * @module
 */
import { RunError } from "../run/error.ts";
import { combineTools, type OwnedTool } from "../tools/combined.ts";
import type { StepContext } from "../tools/context.ts";
import type { ToolDefinition } from "../tools/tool.ts";
import type { Toolset } from "../tools/toolset.ts";
import type { HiddenTool, Offer } from "./offers.ts";
import type { AgentPlan } from "./plan.ts";

/** Tools that are the same at every step. */
export function fixedHiddenTools<Deps>(
  plan: AgentPlan<Deps>,
  tools: readonly OwnedTool<Deps>[],
): HiddenTool<Deps>[] {
  return tools.map((owned) => ({
    definition: owned.tool.definition,
    offer: toOffer(plan, owned),
  }));
}

/** The toolsets as they are for one step. */
export async function stepToolsets<Deps>(
  toolsets: readonly Toolset<Deps>[],
  ctx: StepContext<Deps>,
): Promise<readonly Toolset<Deps>[]> {
  if (!toolsets.some((toolset) => toolset.forStep)) return toolsets;
  return await Promise.all(toolsets.map((toolset) => toolset.forStep?.(ctx) ?? toolset));
}

/**
 * Asks toolsets for their tools and prepares each. A tool left out here cannot be called either.
 *
 * @throws {SetupError} when two toolsets have a tool of one name
 * @throws {RunError} `internal` when a `prepare` renames or adds
 */
export async function preparedHiddenTools<Deps>(
  plan: AgentPlan<Deps>,
  toolsets: readonly Toolset<Deps>[],
  ctx: StepContext<Deps>,
): Promise<HiddenTool<Deps>[]> {
  const lists = await Promise.all(toolsets.map(async (toolset) => ({
    toolset,
    tools: toolset.fixedTools ?? await toolset.tools(ctx),
  })));
  const prepared: HiddenTool<Deps>[] = [];
  for (const owned of combineTools(lists)) {
    const { tool } = owned;
    const definition = tool.prepare ? await tool.prepare(ctx, tool.definition) : tool.definition;
    if (!definition) continue;
    if (definition.name !== tool.name) throw renamed(tool.name, definition.name);
    prepared.push({ definition, offer: toOffer(plan, owned) });
  }
  return plan.prepareTools ? await prepareAll(plan.prepareTools, prepared, ctx) : prepared;
}

async function prepareAll<Deps>(
  prepare: NonNullable<AgentPlan<Deps>["prepareTools"]>,
  tools: readonly HiddenTool<Deps>[],
  ctx: StepContext<Deps>,
): Promise<HiddenTool<Deps>[]> {
  const byName = new Map(tools.map((tool) => [tool.definition.name, tool]));
  const definitions: readonly ToolDefinition[] = await prepare(
    ctx,
    tools.map((tool) => tool.definition),
  );
  return definitions.map((definition) => {
    const tool = byName.get(definition.name);
    if (!tool) throw renamed("", definition.name);
    return { definition, offer: tool.offer };
  });
}

function renamed(from: string, to: string): RunError {
  const what = from === "" ? "added" : `renamed "${from}" to`;
  return new RunError(
    "internal",
    `Cannot prepare tools: "${to}" was ${what}; only filter and edit`,
  );
}

function toOffer<Deps>(
  plan: AgentPlan<Deps>,
  { tool, toolset }: OwnedTool<Deps>,
): Extract<Offer<Deps>, { type: "hidden" | "external" }> {
  if (!tool.execute) return { type: "external", name: tool.name, kind: "function" };
  const timeoutMs = tool.timeoutMs ?? plan.toolTimeoutMs;
  return {
    type: "hidden",
    tool,
    maxRetries: tool.retries ?? toolset.retries ?? plan.retries,
    timeoutMs: timeoutMs === Infinity ? undefined : timeoutMs,
  };
}
