/**
 * Tools as functions that code can call: their names and how they are told.
 * @module
 */
import type { ToolDefinition } from "../tools/tool.ts";
import { oneLine, TypeWriter } from "./schema_type.ts";

/** The name of the tool that runs code. */
export const RUN_CODE = "run_code";

/** Words that no function can be named. */
const RESERVED = new Set(
  ("arguments await break case catch class const continue debugger default delete do else enum eval " +
    "export extends false finally for function if implements import in instanceof interface let new " +
    "null package private protected public return static super switch this throw true try typeof " +
    "undefined var void while with yield console globalThis Deno Promise Object Array JSON Math Date " +
    "String Number Boolean Symbol Map Set Error").split(" "),
);

/** Tools, as code knows them. */
export interface ToolFunctions {
  /** By the names of functions. */
  readonly byName: ReadonlyMap<string, ToolDefinition>;
  /** Tools that would have a name that is taken: they cannot be called. */
  readonly left: readonly string[];
}

/** Names tools as functions; the first of a name has it. */
export function nameFunctions(tools: readonly ToolDefinition[]): ToolFunctions {
  const byName = new Map<string, ToolDefinition>();
  const left: string[] = [];
  for (const tool of tools) {
    const name = functionName(tool.name);
    if (byName.has(name) || name === RUN_CODE) left.push(tool.name);
    else byName.set(name, tool);
  }
  return { byName, left };
}

/** A name that code can have for a tool. */
export function functionName(toolName: string): string {
  const name = toolName.replaceAll(/[^A-Za-z0-9_$]/g, "_").replace(/^(?=\d)/, "_");
  return RESERVED.has(name) ? `${name}_` : name;
}

/** Declarations of all functions, for the model that is to call them. */
export function declareFunctions(byName: ReadonlyMap<string, ToolDefinition>): string {
  return Array.from(byName, ([name, { description, parameters, returns }]) => {
    const types = new TypeWriter(`${name}_`);
    const args = types.typeOf(parameters);
    const optional = hasRequired(parameters) ? "" : "?";
    const result = returns === undefined ? "any" : types.typeOf(returns);
    return [
      ...Array.from(types.declarations, ([type, body]) => `type ${type} = ${body};`),
      ...description === undefined || description.trim() === ""
        ? []
        : [`/** ${oneLine(description)} */`],
      `declare function ${name}(args${optional}: ${args}): Promise<${result}>;`,
    ].join("\n");
  }).join("\n\n");
}

function hasRequired(parameters: Readonly<Record<string, unknown>>): boolean {
  const { required } = parameters;
  return Array.isArray(required) && required.length > 0;
}
