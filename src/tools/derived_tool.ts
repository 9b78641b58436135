/**
 * A tool made from another.
 * @module
 */
import type { ApprovalPrompt } from "./approval.ts";
import type { ToolContext } from "./context.ts";
import type { Tool, ToolDefinition } from "./tool.ts";

/** What may differ. */
export interface ToolChanges<Deps = unknown> {
  readonly name?: string;
  /** For one step: takes the place of whatever the tool and its `prepare` would say. */
  readonly definition?: ToolDefinition;
  readonly retries?: number;
  readonly requiresApproval?: boolean;
  readonly approvalPrompt?: ApprovalPrompt;
  readonly parse?: Tool<Deps>["parse"];
  readonly validate?: Tool<Deps>["validate"];
  readonly execute?: Tool<Deps>["execute"];
}

/** The same tool with `changes`; its own code goes on seeing its own name. */
export function deriveTool<Deps>(tool: Tool<Deps>, changes: ToolChanges<Deps>): Tool<Deps> {
  const name = changes.name ?? tool.name;
  const { prepare } = tool;
  return {
    name,
    ownName: tool.ownName ?? tool.name,
    // A getter, since describing a schema is put off until a model is told of it.
    get definition(): ToolDefinition {
      return changes.definition ?? { ...tool.definition, name };
    },
    retries: changes.retries ?? tool.retries,
    timeoutMs: tool.timeoutMs,
    sequential: tool.sequential,
    requiresApproval: changes.requiresApproval ?? tool.requiresApproval,
    approvalPrompt: changes.approvalPrompt ?? tool.approvalPrompt,
    label: tool.label,
    prepare: changes.definition ? undefined : prepare && (async (ctx, definition) => {
      const prepared = await prepare(ctx, { ...definition, name: tool.name });
      return prepared && { ...prepared, name };
    }),
    parse: changes.parse ?? tool.parse,
    validate: changes.validate ?? calledAs(tool.name, tool.validate),
    execute: changes.execute ?? calledAs(tool.name, tool.execute),
  };
}

function calledAs<Deps, Result>(
  toolName: string,
  run: ((args: unknown, ctx: ToolContext<Deps>) => Result) | undefined,
) {
  return run && ((args: unknown, ctx: ToolContext<Deps>) => run(args, { ...ctx, toolName }));
}
