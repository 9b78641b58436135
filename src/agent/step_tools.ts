/**
 * From toolsets to the hidden tools of one step.
 * @module
 */
import { combineTools, type OwnedTool } from "../tools/combined.ts";
import type { StepContext } from "../tools/context.ts";
import { prepareAll, type Prepared, prepareEach } from "../tools/preparation.ts";
import type { Toolset } from "../tools/toolset.ts";
import type { HiddenTool } from "./offers.ts";
import type { AgentPlan } from "./plan.ts";

/** Tools that are the same at every step. */
export function fixedHiddenTools<Deps>(
  plan: AgentPlan<Deps>,
  tools: readonly OwnedTool<Deps>[],
): HiddenTool<Deps>[] {
  return tools.map((owned) => toHiddenTool(plan, { ...owned, definition: owned.tool.definition }));
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
  const each = await prepareEach(combineTools(lists), ctx);
  const prepared = plan.prepareTools ? await prepareAll(plan.prepareTools, each, ctx) : each;
  return prepared.map((owned) => toHiddenTool(plan, owned));
}

function toHiddenTool<Deps>(
  plan: AgentPlan<Deps>,
  { tool, toolset, definition }: OwnedTool<Deps> & Prepared,
): HiddenTool<Deps> {
  if (!tool.execute) {
    return { definition, offer: { type: "external", name: tool.name, kind: "function" } };
  }
  const timeoutMs = tool.timeoutMs ?? plan.toolTimeoutMs;
  return {
    definition,
    offer: {
      type: "hidden",
      tool,
      definition,
      maxRetries: tool.retries ?? toolset.retries ?? plan.retries,
      timeoutMs: timeoutMs === Infinity ? undefined : timeoutMs,
    },
  };
}
