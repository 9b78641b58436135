/**
 * What a model is told of running code.
 * @module
 */
import type { JsonSchema } from "../run/request.ts";
import type { ToolDefinition } from "../tools/tool.ts";
import { declareFunctions } from "./functions.ts";

const RULES =
  `Runs TypeScript. The functions declared below are there to be called; nothing else is:
no network, no files, no packages.

- Call functions with await; Promise.all runs several at once. Work on what they return in code rather
  than calling again.
- The value of the last expression is the result. console.log is told as well.
- Variables, functions and types stay for the next piece of code, unless another tool is called in
  between: then they may be gone. Set restart to begin anew.
- A function that fails throws.`;

/** Arguments of the tool that runs code. */
export const RUN_CODE_PARAMETERS: JsonSchema = {
  type: "object",
  properties: {
    code: { type: "string", description: "TypeScript; top-level await is fine" },
    restart: { type: "boolean", description: "Forget everything declared before" },
  },
  required: ["code"],
  additionalProperties: false,
};

/** Rules, and the functions that can be called. */
export function describeRunCode(functions: ReadonlyMap<string, ToolDefinition>): string {
  return `${RULES}\n\n\`\`\`ts\n${declareFunctions(functions)}\n\`\`\``;
}
