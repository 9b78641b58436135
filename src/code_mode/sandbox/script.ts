/**
 * TypeScript of a model -> a script, at the same lines.
 * @module
 */
import { readTopLevel, type TopLevel } from "./top_level.ts";

// Before a function takes their names.
const { atob: decodeBase64 } = globalThis;
const { parse } = JSON;

/** Strips types, as `stripTypeScriptTypes` of `node:module` does. */
export type Strip = (
  code: string,
  options: { readonly mode: "strip" | "transform"; readonly sourceMap?: boolean },
) => string;

/** A script, and where its lines come from. */
export interface Script extends TopLevel {
  /** The line of the code that a line of the script was made of, both from 1. */
  readonly lineOf: (line: number) => number;
}

/**
 * Makes a script that can be run after others in one scope: what they declared can be declared anew.
 *
 * @throws {Error} when the code is no TypeScript
 */
export function toScript(written: string, strip: Strip): Script {
  const code = withoutFence(written);
  try {
    return { ...readTopLevel(strip(code, { mode: "strip" })), lineOf: (line) => line };
  } catch (error) {
    if (!isUnsupported(error)) throw error;
  }
  // Enumerations and namespaces become code of their own, which moves what follows.
  const transformed = strip(code, { mode: "transform", sourceMap: true });
  const at = transformed.lastIndexOf("//# sourceMappingURL=");
  const map = transformed.slice(at).split("base64,")[1] ?? "";
  const lines = linesOf(parse(decodeBase64(map)).mappings);
  return {
    ...readTopLevel(transformed.slice(0, at)),
    lineOf: (line) => lines[line - 1] ?? line,
  };
}

/** Without the fence that Markdown has around code, at the same lines. */
function withoutFence(code: string): string {
  const [fence] = /^\s*```[\w-]*[^\S\n]*\n/.exec(code) ?? [];
  const text = code.trimEnd();
  if (fence === undefined || !text.endsWith("\n```")) return code;
  return fence.replace(/[^\n]+/g, "") + text.slice(fence.length, -"```".length);
}

function isUnsupported(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX";
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The line of origin of each line, both of them places in an array, the origins counted from 1. */
function linesOf(mappings: string): (number | undefined)[] {
  let origin = 1;
  return mappings.split(";").map((line) => {
    let first: number | undefined;
    for (const segment of line.split(",")) {
      const moved = numbersOf(segment)[2];
      if (moved === undefined) continue;
      origin += moved;
      first ??= origin;
    }
    return first;
  });
}

/** Numbers in base 64, five bits and one that says whether more follow, the sign last. */
function numbersOf(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return numbers;
}
