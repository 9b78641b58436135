/**
 * `tools` and `tool_choice` -> neutral tools.
 * @module
 */
import { RequestError } from "../../run/error.ts";
import type { ToolChoice, ToolKind, ToolSpec } from "../../run/request.ts";
import { ClientTools } from "../client_tools.ts";
import {
  at,
  describeValue,
  isGiven,
  isObject,
  missing,
  type Path,
  readFilled,
  readItems,
  readShape,
  wrongType,
  wrongValue,
} from "../issue.ts";
import { boundedSchema } from "../schema_limit.ts";
import { ToolNames } from "./tool_names.ts";
import {
  allowedToolsWire,
  BUILT_IN_TOOL,
  type CallableWire,
  callableWire,
  type CustomWire,
  type FunctionWire,
  namespaceReferenceWire,
  namespaceWire,
  type ResponsesRequestWire,
  toolChoiceModeWire,
  toolReferenceWire,
} from "./wire.ts";

/** What a request says of tools. */
export interface DecodedTools {
  readonly tools: readonly ToolSpec[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  readonly names: ToolNames;
  /** `tools` to be echoed: functions that stand below no common name. */
  readonly echoedTools: readonly FunctionWire[];
  /** `tool_choice` to be echoed. */
  readonly echoedChoice: unknown;
}

/**
 * Reads the tools of a request. What OpenAI runs itself is not offered here and left out: clients
 * list it whether they need it or not.
 *
 * @throws {RequestError} naming the offending tool or choice
 */
export function decodeTools(request: ResponsesRequestWire): DecodedTools {
  const reader = new ToolReader();
  if (isGiven(request.tools)) {
    readItems(request.tools, {
      path: at(null, "tools"),
      read: (item, path) => reader.tool(item, path),
    });
  }
  reader.end();
  const { choice, echo } = reader.choice(request.tool_choice);
  return {
    tools: reader.tools.specs,
    toolChoice: choice,
    parallelToolCalls: request.parallel_tool_calls ?? true,
    names: reader.names,
    echoedTools: reader.functions,
    echoedChoice: echo,
  };
}

const AUTO: ToolChoice = Object.freeze({ type: "auto" });
const PARAM = "tool_choice";

interface DecodedChoice {
  readonly choice: ToolChoice;
  readonly echo: unknown;
}

class ToolReader {
  readonly tools = new ClientTools();
  readonly names = new ToolNames();
  readonly functions: FunctionWire[] = [];
  readonly #namespaces: { readonly item: unknown; readonly path: Path }[] = [];
  readonly #taken = new Set<string>();

  tool(item: unknown, path: Path): void {
    const type = typeOf(item, path);
    if (type === "namespace") {
      this.#namespaces.push({ item, path });
    } else if (type === "function" || type === "custom") {
      const wire = readShape(item, { schema: callableWire, path });
      this.#add(decodeCallable(wire, { name: wire.name, path }), at(path, "name"));
      if (wire.type === "function") this.functions.push(wire);
    } else if (!BUILT_IN_TOOL.test(type)) {
      throw wrongValue(at(path, "type"), {
        got: type,
        expected: '"function", "custom" or "namespace"',
      });
    }
  }

  /** Namespaces come last: their tools take the names that are left. */
  end(): void {
    for (const { item, path } of this.#namespaces) {
      const { name: namespace, description, tools } = readShape(item, {
        schema: namespaceWire,
        path,
      });
      if (!isGiven(tools)) continue;
      readItems(tools, {
        path: at(path, "tools"),
        read: (member, memberPath) =>
          this.#member(member, { namespace, description, path: memberPath }),
      });
    }
  }

  #member(member: unknown, { namespace, description, path }: {
    readonly namespace: string;
    readonly description: string | null | undefined;
    readonly path: Path;
  }): void {
    const wire = readShape(member, { schema: callableWire, path });
    const namePath = at(path, "name");
    const isTaken = (candidate: string) => this.#taken.has(candidate);
    const name = this.names.add({ name: wire.name, namespace }, isTaken);
    if (name === undefined) {
      throw wrongValue(namePath, {
        got: wire.name,
        expected: "a name no other tool of the namespace has",
      });
    }
    const told = { ...wire, description: wire.description ?? description };
    this.#add(decodeCallable(told, { name, path }), namePath);
  }

  choice(choice: unknown): DecodedChoice {
    if (!isGiven(choice)) return { choice: AUTO, echo: "auto" };
    const path = at(null, PARAM);
    if (typeof choice === "string") {
      const type = readShape(choice, { schema: toolChoiceModeWire, path });
      return { choice: this.tools.checked({ type }, { param: PARAM }), echo: type };
    }
    if (!isObject(choice)) {
      throw wrongType(path, { got: choice, expected: "a string or an object" });
    }
    const type = typeOf(choice, path);
    if (type === "allowed_tools") return this.#allowed(choice, path);
    if (BUILT_IN_TOOL.test(type)) throw builtIn(type);
    const wire = readShape(choice, { schema: toolReferenceWire, path });
    const name = this.#named(wire);
    return { choice: { type: "tool", name }, echo: { type: wire.type, name: wire.name } };
  }

  #allowed(choice: unknown, path: Path): DecodedChoice {
    const { mode, tools } = readShape(choice, { schema: allowedToolsWire, path });
    const names = new Set<string>();
    const echoed = new Map<string, unknown>();
    const namespaces = new Set<string>();
    const read = (item: unknown, itemPath: Path) => {
      const type = typeOf(item, itemPath);
      if (BUILT_IN_TOOL.test(type)) return;
      if (type === "namespace") {
        namespaces.add(readShape(item, { schema: namespaceReferenceWire, path: itemPath }).name);
        return;
      }
      const wire = readShape(item, { schema: toolReferenceWire, path: itemPath });
      const name = this.#named(wire);
      names.add(name);
      echoed.set(name, { type: wire.type, name: wire.name });
    };
    readFilled(tools, { path: at(path, "tools"), read });
    for (const namespace of namespaces) {
      for (const member of this.names.allOf(namespace)) names.add(member);
    }
    const echo = { type: "allowed_tools", mode, tools: [...echoed.values()] };
    if (names.size > 0) return { choice: { type: "allowed", mode, names: [...names] }, echo };
    if (mode === "auto") return { choice: { type: "none" }, echo };
    throw new RequestError(
      "unsupported-value",
      "Cannot require a tool call: none of the allowed tools can be called here",
      { param: PARAM },
    );
  }

  /** References name a tool below a namespace with its namespace, or alone where that is enough. */
  #named({ type, name, namespace }: {
    readonly type: ToolKind;
    readonly name: string;
    readonly namespace?: string | null;
  }): string {
    const towardsModel = this.names.towardsModel(name, namespace);
    const found = isGiven(namespace) || this.#taken.has(towardsModel)
      ? towardsModel
      : this.names.onlyOne(name) ?? name;
    return this.tools.named(found, type, { param: PARAM });
  }

  #add(spec: ToolSpec, namePath: Path): void {
    this.tools.add(spec, namePath);
    this.#taken.add(spec.name);
  }
}

function typeOf(item: unknown, path: Path): string {
  if (!isObject(item)) throw wrongType(path, { got: item, expected: "an object" });
  const typePath = at(path, "type");
  if (!isGiven(item.type)) throw missing(typePath);
  if (typeof item.type !== "string") {
    throw wrongType(typePath, { got: item.type, expected: "a string" });
  }
  return item.type;
}

function builtIn(type: string): RequestError {
  return new RequestError(
    "unsupported-value",
    `Cannot force tool ${describeValue(type)}: only functions and custom tools can be forced here`,
    { param: PARAM },
  );
}

function decodeCallable(
  wire: CallableWire,
  { name, path }: { readonly name: string; readonly path: Path },
): ToolSpec {
  const description = wire.type === "function" ? wire.description : describeCustom(wire);
  const spec: { -readonly [Key in keyof ToolSpec]: ToolSpec[Key] } = { name, kind: wire.type };
  if (typeof description === "string") spec.description = description;
  if (wire.type === "custom") return spec;
  if (wire.parameters) spec.parameters = boundedSchema(wire.parameters, at(path, "parameters"));
  if (typeof wire.strict === "boolean") spec.strict = wire.strict;
  return spec;
}

/** Nothing here can hold a model to a grammar, but it can be told of it. */
function describeCustom({ description, format }: CustomWire): string | undefined {
  const grammar = format?.type === "grammar"
    ? `The input must follow this ${format.syntax} grammar:\n${format.definition}`
    : undefined;
  const told = [description, grammar].filter((text) => typeof text === "string");
  return told.length > 0 ? told.join("\n\n") : undefined;
}
