/**
 * A tool made from another.
 * @module
 */
import type { Tool, ToolDefinition } from "./tool.ts";

/** What may differ. */
export interface ToolChanges {
  readonly name?: string;
  readonly retries?: number;
}

/** The same tool with `changes`; its own code goes on seeing its own name. */
export function deriveTool<Deps>(tool: Tool<Deps>, changes: ToolChanges): Tool<Deps> {
  const name = changes.name ?? tool.name;
  const { prepare, validate, execute } = tool;
  return {
    name,
    // A getter, since describing a schema is put off until a model is told of it.
    get definition(): ToolDefinition {
      return { ...tool.definition, name };
    },
    retries: changes.retries ?? tool.retries,
    timeoutMs: tool.timeoutMs,
    sequential: tool.sequential,
    requiresApproval: tool.requiresApproval,
    prepare: prepare && (async (ctx, definition) => {
      const prepared = await prepare(ctx, { ...definition, name: tool.name });
      return prepared && { ...prepared, name };
    }),
    parse: tool.parse,
    validate: validate && ((args, ctx) => validate(args, { ...ctx, toolName: tool.name })),
    execute: execute && ((args, ctx) => execute(args, { ...ctx, toolName: tool.name })),
  };
}
