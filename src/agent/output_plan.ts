/**
 * An output spec, worked out once for all runs.
 * @module
 */
import { SetupError } from "../run/error.ts";
import type { JsonSchema, OutputFormat, ToolSpec } from "../run/request.ts";
import { embedSchemas } from "./embedded_schema.ts";
import { isTypedSchema, type Shape, toShape, type TypedSchema } from "../tools/schema.ts";
import { checkToolName } from "../tools/tool.ts";
import type {
  OutputChoice,
  OutputFunction,
  OutputSpec,
  StructuredOutput,
  TextOutput,
} from "./output.ts";

/** What runs after parsing, whatever it was typed as. */
type AnyProcess = OutputFunction<unknown, unknown, never>;

type AnyStructured = StructuredOutput<unknown, never>;

/** One schema of an output. */
export interface PlannedShape {
  /** Tells it from the others; empty when it is the only one. */
  readonly kind: string;
  readonly shape: Shape;
  /** Whether the model gives `{response: value}`, since arguments must be an object. */
  readonly wrapped: boolean;
  readonly process: AnyProcess | undefined;
}

/** A tool whose call is the final answer. */
export interface OutputTool extends PlannedShape {
  readonly spec: ToolSpec;
  /** Absent: the agent's. */
  readonly retries: number | undefined;
}

/** How final answers are asked for and read. */
export interface OutputPlan {
  /** `text`: text is the answer. `tool`: an output tool's call. `json`: text that is JSON. */
  readonly mode: "text" | "tool" | "json";
  /** Whether plain text is an answer: in `text` mode, or beside output tools. */
  readonly allowsText: boolean;
  readonly processText: AnyProcess | undefined;
  /** In `tool` mode. */
  readonly tools: readonly OutputTool[];
  /** In `json` mode: one, or several told apart by `{result: {kind, data}}`. */
  readonly shapes: readonly PlannedShape[];
  /** What the backend is asked for in `json` mode with `native`. */
  readonly format: OutputFormat;
  /** Schema the model is told in words in `json` mode with `prompted`. */
  readonly prompt: JsonSchema | undefined;
}

const TOOL_NAME = "final_result";
const TOOL_DESCRIPTION = "The final response which ends this conversation";

/**
 * Works out an output spec.
 *
 * @throws {SetupError} when outputs cannot go together or a schema is of no use
 */
export function planOutput(spec: OutputSpec<unknown, never>): OutputPlan {
  const choices = isList(spec) ? spec : [spec];
  const texts: TextOutput<unknown, never>[] = [];
  const structured: AnyStructured[] = [];
  for (const choice of choices) {
    if (choice === "text") texts.push({ type: "text" });
    else if (isTypedSchema(choice)) {
      structured.push({ type: "tool", schema: choice as TypedSchema, options: {} });
    } else if (choice.type === "text") texts.push(choice);
    else structured.push(choice);
  }
  const types = new Set(structured.map((output) => output.type));
  if (texts.length > 1) throw new SetupError("Output has two text outputs: leave one");
  if (types.size > 1) {
    throw new SetupError(
      `Output mixes ${[...types].join(" and ")} outputs: mark all schemas the same way`,
    );
  }
  const [type] = types;
  if (type === undefined) {
    if (texts.length === 0) throw new SetupError("Output is empty: give text or a schema");
    return { ...TEXT_PLAN, processText: texts[0]!.process as AnyProcess | undefined };
  }
  if (type !== "tool" && texts.length > 0) {
    throw new SetupError(`Output mixes text and ${type} outputs: use tool outputs beside text`);
  }
  return type === "tool" ? planTools(structured, texts[0]) : planJson(structured, type);
}

/** Text as the model says it. */
export const TEXT_PLAN: OutputPlan = {
  mode: "text",
  allowsText: true,
  processText: undefined,
  tools: [],
  shapes: [],
  format: { type: "text" },
  prompt: undefined,
};

function isList(
  spec: OutputSpec<unknown, never>,
): spec is readonly OutputChoice<unknown, never>[] {
  return Array.isArray(spec);
}

function planTools(
  outputs: readonly AnyStructured[],
  text?: TextOutput<unknown, never>,
): OutputPlan {
  const names = new Set<string>();
  const tools = outputs.map((output, index): OutputTool => {
    const planned = planShape(output, index, outputs.length);
    const name = planned.kind === "" ? output.options.name ?? TOOL_NAME : planned.kind;
    const toolName = outputs.length === 1 ? name : `${TOOL_NAME}_${name}`;
    checkToolName(toolName);
    if (names.has(toolName)) throw new SetupError(`Output has two tools named "${toolName}"`);
    names.add(toolName);
    const { jsonSchema } = planned.shape;
    const wrapped = jsonSchema.type !== "object";
    return {
      ...planned,
      wrapped,
      retries: output.options.retries,
      spec: {
        name: toolName,
        kind: "function",
        description: output.options.description ?? describe(jsonSchema) ?? TOOL_DESCRIPTION,
        parameters: wrapped ? wrap("response", jsonSchema) : jsonSchema,
        strict: output.options.strict,
      },
    };
  });
  return {
    ...TEXT_PLAN,
    mode: "tool",
    allowsText: text !== undefined,
    processText: text?.process as AnyProcess | undefined,
    tools,
  };
}

function planJson(
  outputs: readonly AnyStructured[],
  type: "native" | "prompted",
): OutputPlan {
  const shapes = outputs.map((output, index) => planShape(output, index, outputs.length));
  const [first] = outputs;
  const schema = shapes.length === 1 ? shapes[0]!.shape.jsonSchema : unionSchema(shapes);
  return {
    ...TEXT_PLAN,
    mode: "json",
    allowsText: false,
    shapes,
    format: type === "prompted" ? { type: "text" } : {
      type: "json-schema",
      name: (shapes.length === 1 ? first!.options.name : undefined) ?? TOOL_NAME,
      schema,
      strict: first!.options.strict,
      description: shapes.length === 1 ? first!.options.description : undefined,
    },
    prompt: type === "prompted" ? schema : undefined,
  };
}

function planShape(output: AnyStructured, index: number, count: number): PlannedShape {
  const shape = toShape(output.schema, "Output");
  const title = typeof shape.jsonSchema.title === "string"
    ? shape.jsonSchema.title.replaceAll(/[^a-zA-Z0-9_-]/g, "_")
    : undefined;
  const kind = count === 1 ? "" : output.options.name ?? title ?? `${index + 1}`;
  return { kind, shape, wrapped: false, process: output.process as AnyProcess | undefined };
}

function describe(schema: JsonSchema): string | undefined {
  return typeof schema.description === "string" ? schema.description : undefined;
}

function wrap(property: string, schema: JsonSchema): JsonSchema {
  const { places, root } = embedSchemas([[property, schema]]);
  return closedObject({ [property]: places[0] }, root);
}

function unionSchema(shapes: readonly PlannedShape[]): JsonSchema {
  const { places, root } = embedSchemas(
    shapes.map(({ shape }, index) => [`option${index + 1}`, shape.jsonSchema]),
  );
  const anyOf = shapes.map(({ kind }, index) =>
    closedObject({ kind: { type: "string", const: kind }, data: places[index] })
  );
  return closedObject({ result: { anyOf } }, root);
}

function closedObject(properties: JsonSchema, more: JsonSchema = {}): JsonSchema {
  return {
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
    ...more,
  };
}
