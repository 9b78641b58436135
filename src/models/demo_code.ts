/**
 * Code for a tool that runs code, as an agent in code mode has.
 * @module
 */
import type { ToolSpec } from "../run/request.ts";
import { rankTools } from "./demo_tools.ts";

const FUNCTION =
  /(?:\/\*\* (?<description>.*?) \*\/\n)?declare function (?<name>[\w$]+)\((?<args>.*)\): Promise</g;

/** Whether a tool runs code that can call functions which it declares. */
export function runsCode({ description = "", parameters }: ToolSpec): boolean {
  const properties = parameters?.["properties"];
  return description.includes("declare function ") && typeof properties === "object" &&
    properties !== null && "code" in properties;
}

/**
 * Code that calls the functions that the words are about, of those that need no arguments.
 *
 * @returns undefined when no function fits
 */
export function demoCode({ description = "" }: ToolSpec, said: string): string | undefined {
  const functions = Array.from(description.matchAll(FUNCTION), ({ groups }) => groups!)
    .filter(({ args }) => args === "" || args!.startsWith("args?"))
    .map(({ name = "", description }): ToolSpec => ({ kind: "function", name, description }));
  const meant = rankTools(functions, said).filter(({ score }) => score > 0)
    .map(({ tool }) => tool.name);
  if (meant.length <= 1) return meant[0] && `await ${meant[0]}()`;
  return `({ ${meant.map((name) => `${name}: await ${name}()`).join(", ")} })`;
}
