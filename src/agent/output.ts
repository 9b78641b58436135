/**
 * What a run's final answer is: text, or a value, and how the model is asked for it.
 * @module
 */
import type { JsonSchema } from "../run/request.ts";
import type { StepContext } from "../tools/context.ts";
import type { TypedSchema } from "../tools/schema.ts";

/** Turns a parsed value into the output; throws `ModelRetry` to refuse it. */
export type OutputFunction<Value, Output, Deps = unknown> = (
  value: Value,
  ctx: StepContext<Deps>,
) => Output | Promise<Output>;

/** Settings shared by the structured outputs. */
export interface StructuredOutputOptions {
  /** Tells several outputs apart; letters, digits, `_` and `-`. @default the schema's title */
  readonly name?: string;
  /** What it is, for the model. */
  readonly description?: string;
  /** Ask the backend to hold the answer to the schema. */
  readonly strict?: boolean;
}

/** Settings of `toolOutput`. */
export interface ToolOutputOptions extends StructuredOutputOptions {
  /** Failed attempts that are forgiven. @default the agent's `outputRetries` */
  readonly retries?: number;
}

/** Text, as the model says it or as a function makes of it. */
export interface TextOutput<Output = string, Deps = unknown> {
  /** Tells it from structured outputs. */
  readonly type: "text";
  /** Makes the output of the text; absent: the text is the output. */
  readonly process?: OutputFunction<string, Output, Deps>;
}

/** A value of a schema, asked for in one of three ways. */
export interface StructuredOutput<Output = unknown, Deps = unknown> {
  /** How the model is asked: by a tool, by the backend's own format, or in words. */
  readonly type: "tool" | "native" | "prompted";
  /** What the value must hold to. */
  readonly schema: TypedSchema | JsonSchema;
  /** Makes the output of the value; absent: the value is the output. */
  readonly process?: OutputFunction<never, Output, Deps>;
  /** Name, description and the like. */
  readonly options: ToolOutputOptions;
}

/** One way to answer. */
export type OutputChoice<Output = unknown, Deps = unknown> =
  | "text"
  | TextOutput<Output, Deps>
  | StructuredOutput<Output, Deps>
  | TypedSchema<Output>;

/**
 * What an agent answers with: text, a schema (asked for by an output tool), a marked schema, or
 * several. Structured outputs of one agent must be asked for in one way; text goes beside output
 * tools only.
 */
export type OutputSpec<Output = unknown, Deps = unknown> =
  | OutputChoice<Output, Deps>
  | readonly OutputChoice<Output, Deps>[];

/** Text that a function turns into the output. */
export function textOutput<Output, Deps = unknown>(
  process: OutputFunction<string, Output, Deps>,
): TextOutput<Output, Deps> {
  return { type: "text", process };
}

/** A value the model gives by calling a tool; every backend with tools can do that. */
export function toolOutput<Value, Output = Value, Deps = unknown>(
  schema: TypedSchema<Value> | JsonSchema,
  options: ToolOutputOptions & { readonly process?: OutputFunction<Value, Output, Deps> } = {},
): StructuredOutput<Output, Deps> {
  return structured("tool", schema, options);
}

/** A value the backend itself holds to the schema. */
export function nativeOutput<Value, Output = Value, Deps = unknown>(
  schema: TypedSchema<Value> | JsonSchema,
  options: StructuredOutputOptions & { readonly process?: OutputFunction<Value, Output, Deps> } =
    {},
): StructuredOutput<Output, Deps> {
  return structured("native", schema, options);
}

/** A value the model is asked for in words; works with any backend. */
export function promptedOutput<Value, Output = Value, Deps = unknown>(
  schema: TypedSchema<Value> | JsonSchema,
  options: StructuredOutputOptions & { readonly process?: OutputFunction<Value, Output, Deps> } =
    {},
): StructuredOutput<Output, Deps> {
  return structured("prompted", schema, options);
}

function structured<Value, Output, Deps>(
  type: StructuredOutput["type"],
  schema: TypedSchema | JsonSchema,
  { process, ...options }: ToolOutputOptions & {
    readonly process?: OutputFunction<Value, Output, Deps>;
  },
): StructuredOutput<Output, Deps> {
  return { type, schema, process, options };
}

/** Checks or changes an output value; throws `ModelRetry` to refuse it. */
export type OutputValidator<Deps, Output> = (
  ctx: StepContext<Deps>,
  value: Output,
) => Output | Promise<Output>;
