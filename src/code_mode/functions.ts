/**
 * Tools as functions that code can call: their names and how they are told.
 * @module
 */
import type { JsonSchema } from "../run/request.ts";
import type { ToolDefinition } from "../tools/tool.ts";
import { comment } from "./safe_text.ts";
import { TypeWriter } from "./schema_type.ts";

/** The name of the tool that runs code. */
export const RUN_CODE = "run_code";

/** Words that no function can be named, and names that code needs for what they are. */
const RESERVED = new Set(
  ("arguments await break case catch class const continue debugger default delete do else enum eval " +
    "export extends false finally for function if implements import in instanceof interface let new " +
    "null package private protected public return static super switch this throw true try typeof " +
    "undefined var void while with yield NaN Infinity console globalThis Deno Promise Object Array JSON " +
    "Math Date String Number Boolean Symbol BigInt Map Set RegExp Error Function setTimeout").split(
      " ",
    ),
);

/** Tools, as code knows them. */
export interface ToolFunctions {
  /** By the names of functions. */
  readonly byName: ReadonlyMap<string, ToolDefinition>;
  /** Tools that would have a name that is taken: code cannot call them. */
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
  const name = toolName.replaceAll(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d|$)/, "_");
  return RESERVED.has(name) ? `${name}_` : name;
}

/** Declarations of all functions, for the model that is to call them. */
export function declareFunctions(byName: ReadonlyMap<string, ToolDefinition>): string {
  return Array.from(byName, ([name, { description, parameters, returns }]) => {
    // `$` comes in names of types only there: those of two functions are never the same.
    const types = new TypeWriter(`${name}$`);
    const args = types.typeOf(parameters);
    const result = returns === undefined ? "any" : types.typeOf(returns);
    return [
      ...Array.from(types.declarations, ([type, body]) => `type ${type} = ${body};`),
      comment(description),
      `declare function ${name}(args${
        mayBeEmpty(parameters) ? "?" : ""
      }: ${args}): Promise<${result}>;`,
    ].filter((line) => line !== "").join("\n");
  }).join("\n\n");
}

/** Whether an object with nothing in it will do, as far as a glance tells. */
function mayBeEmpty({ required, $ref, anyOf, oneOf, allOf }: JsonSchema): boolean {
  if ([$ref, anyOf, oneOf, allOf].some((other) => other !== undefined)) return false;
  return !Array.isArray(required) || required.length === 0;
}
