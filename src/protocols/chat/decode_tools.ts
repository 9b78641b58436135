/**
 * `tools`, `tool_choice` and their legacy forms -> neutral tools.
 * @module
 */
import { RequestError } from "../../run/error.ts";
import type { ToolChoice, ToolSpec } from "../../run/request.ts";
import { ClientTools } from "../client_tools.ts";
import {
  at,
  isGiven,
  isObject,
  type Path,
  readFilled,
  readItems,
  readShape,
  wrongType,
} from "../issue.ts";
import { boundedSchema } from "../schema_limit.ts";
import {
  type ChatRequestWire,
  functionCallModeWire,
  functionChoiceWire,
  type FunctionWire,
  functionWire,
  toolChoiceModeWire,
  toolChoiceWire,
  type ToolReferenceWire,
  toolReferenceWire,
  toolWire,
} from "./wire.ts";

/** What a request says of tools. */
export interface DecodedTools {
  /** In the client's order. */
  readonly tools: readonly ToolSpec[];
  /** @default `auto` */
  readonly toolChoice: ToolChoice;
  /** @default true */
  readonly parallelToolCalls: boolean;
  /** Whether the tools came as `functions`: the answer then has `function_call`. */
  readonly legacy: boolean;
}

/**
 * Reads the tools of a request.
 *
 * @throws {RequestError} naming the offending tool or choice
 */
export function decodeTools(request: ChatRequestWire): DecodedTools {
  if (isGiven(request.functions)) return decodeFunctions(request);
  if (isGiven(request.function_call)) {
    throw new RequestError(
      "invalid-value",
      'Cannot use "function_call" without "functions"',
      { param: "function_call" },
    );
  }
  const tools = new ClientTools();
  if (isGiven(request.tools)) {
    readItems(request.tools, {
      path: at(null, "tools"),
      read: (item, path) => addTool(tools, { item, path }),
    });
  }
  return {
    tools: tools.specs,
    toolChoice: decodeToolChoice(request.tool_choice, tools),
    parallelToolCalls: request.parallel_tool_calls ?? true,
    legacy: false,
  };
}

function addTool(
  tools: ClientTools,
  { item, path }: { readonly item: unknown; readonly path: Path },
): void {
  const tool = readShape(item, { schema: toolWire, path });
  if (tool.type === "function") {
    const functionPath = at(path, "function");
    tools.add(decodeFunction(tool.function, functionPath), at(functionPath, "name"));
    return;
  }
  const { name, description, format } = tool.custom;
  // Nothing here can hold a model to a grammar, but it can be told of it.
  const grammar = format?.type === "grammar"
    ? `The input must follow this ${format.grammar.syntax} grammar:\n${format.grammar.definition}`
    : undefined;
  const told = [description, grammar].filter((text) => typeof text === "string");
  const spec: ToolSpec = told.length > 0
    ? { name, kind: "custom", description: told.join("\n\n") }
    : { name, kind: "custom" };
  tools.add(spec, at(at(path, "custom"), "name"));
}

function decodeFunction(wire: FunctionWire, path: Path): ToolSpec {
  const spec: { -readonly [Key in keyof ToolSpec]: ToolSpec[Key] } = {
    name: wire.name,
    kind: "function",
  };
  if (typeof wire.description === "string") spec.description = wire.description;
  if (wire.parameters) spec.parameters = boundedSchema(wire.parameters, at(path, "parameters"));
  if (typeof wire.strict === "boolean") spec.strict = wire.strict;
  return spec;
}

function decodeToolChoice(choice: unknown, tools: ClientTools): ToolChoice {
  if (!isGiven(choice)) return AUTO;
  const param = "tool_choice";
  const path = at(null, param);
  if (typeof choice === "string") {
    return tools.checked({ type: readShape(choice, { schema: toolChoiceModeWire, path }) }, {
      param,
    });
  }
  if (!isObject(choice)) throw wrongType(path, { got: choice, expected: "a string or an object" });
  const wire = readShape(choice, { schema: toolChoiceWire, path });
  if (wire.type !== "allowed_tools") return { type: "tool", name: referenced(wire, tools) };
  const { mode, tools: allowed } = wire.allowed_tools;
  const listPath = at(at(path, "allowed_tools"), "tools");
  const names = readFilled(allowed, {
    path: listPath,
    read: (item, itemPath) =>
      referenced(readShape(item, { schema: toolReferenceWire, path: itemPath }), tools),
  });
  return { type: "allowed", mode, names };
}

const AUTO: ToolChoice = Object.freeze({ type: "auto" });

function referenced(wire: ToolReferenceWire, tools: ClientTools): string {
  const { name } = wire.type === "function" ? wire.function : wire.custom;
  return tools.named(name, wire.type, { param: "tool_choice" });
}

/** The legacy form: its answer has room for one call only. */
function decodeFunctions(request: ChatRequestWire): DecodedTools {
  for (const other of ["tools", "tool_choice"] as const) {
    if (isGiven(request[other])) {
      throw new RequestError("invalid-value", `Cannot use "functions" together with "${other}"`, {
        param: "functions",
      });
    }
  }
  const tools = new ClientTools();
  readItems(request.functions, {
    path: at(null, "functions"),
    read: (item, path) => {
      tools.add(
        decodeFunction(readShape(item, { schema: functionWire, path }), path),
        at(path, "name"),
      );
    },
  });
  return {
    tools: tools.specs,
    toolChoice: decodeFunctionChoice(request.function_call, tools),
    parallelToolCalls: false,
    legacy: true,
  };
}

function decodeFunctionChoice(choice: unknown, tools: ClientTools): ToolChoice {
  if (!isGiven(choice)) return AUTO;
  const param = "function_call";
  const path = at(null, param);
  if (typeof choice === "string") {
    return { type: readShape(choice, { schema: functionCallModeWire, path }) };
  }
  if (!isObject(choice)) throw wrongType(path, { got: choice, expected: "a string or an object" });
  const { name } = readShape(choice, { schema: functionChoiceWire, path });
  return { type: "tool", name: tools.named(name, "function", { param }) };
}
