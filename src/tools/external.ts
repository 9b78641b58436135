/**
 * Tools that whoever started the run executes.
 * @module
 */
import type { ParseResult } from "./schema.ts";
import { checkToolName, type Tool, type ToolDefinition } from "./tool.ts";
import type { Toolset } from "./toolset.ts";

/**
 * Tools without code: calls come out of the run as tool calls, with arguments exactly as the model
 * wrote them.
 */
export class ExternalToolset implements Toolset<unknown> {
  readonly id: string;
  readonly fixedTools: readonly Tool[];

  /**
   * Makes tools of definitions.
   *
   * @throws {SetupError} when a name is not a legal one
   */
  constructor(
    definitions: readonly ToolDefinition[],
    options: { readonly id?: string } = {},
  ) {
    this.id = options.id ?? "external";
    this.fixedTools = definitions.map((definition) => {
      checkToolName(definition.name);
      return { name: definition.name, definition, parse: accept };
    });
  }

  /** The list. */
  tools(): readonly Tool[] {
    return this.fixedTools;
  }
}

function accept(args: unknown): ParseResult {
  return { ok: true, value: args };
}
