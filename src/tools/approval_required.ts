/**
 * A toolset whose calls need consent.
 * @module
 */
import type { ApprovalPrompt } from "./approval.ts";
import type { ToolContext } from "./context.ts";
import { deriveTool } from "./derived_tool.ts";
import { ApprovalRequired } from "./outcome.ts";
import type { Tool, ToolDefinition } from "./tool.ts";
import type { Toolset } from "./toolset.ts";
import { WrappedToolset } from "./wrapped.ts";

/** Whether a call needs consent; `definition` is the tool's as its toolset has it. */
export type ApprovalCheck<Deps = unknown> = (
  ctx: ToolContext<Deps>,
  definition: ToolDefinition,
  args: unknown,
) => boolean | Promise<boolean>;

/** Another toolset's tools, each call of which needs consent, or those that a function picks. */
export class ApprovalRequiredToolset<Deps = unknown> extends WrappedToolset<Deps> {
  /**
   * Asks for consent.
   *
   * @param needs is asked before each call, with checked arguments; absent: all calls need consent
   * @param options `prompt`: what is asked, by default what the tool or the agent says
   */
  constructor(
    toolset: Toolset<Deps>,
    needs?: ApprovalCheck<Deps>,
    { prompt }: { readonly prompt?: ApprovalPrompt } = {},
  ) {
    super(toolset, {
      type: "fixed",
      apply: (tools) =>
        tools.map((tool) =>
          needs
            ? guard(tool, needs, prompt)
            : deriveTool(tool, { requiresApproval: true, approvalPrompt: prompt })
        ),
    });
  }
}

function guard<Deps>(
  tool: Tool<Deps>,
  needs: ApprovalCheck<Deps>,
  prompt: ApprovalPrompt | undefined,
): Tool<Deps> {
  const { execute } = tool;
  // Whoever started the run executes the others, and consents by doing so.
  if (!execute) return tool;
  return deriveTool(tool, {
    execute: async (args, ctx) => {
      if (!ctx.approved && await needs(ctx, tool.definition, args)) {
        throw new ApprovalRequired(undefined, prompt);
      }
      return await execute(args, ctx);
    },
  });
}
