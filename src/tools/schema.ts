/**
 * The two ways to describe arguments and outputs: a schema library's object, or JSON Schema.
 * @module
 */
import { compileJsonSchema, type JsonSchemaCheck } from "../json_schema/compile.ts";
import { JsonSchemaError, type SchemaIssue } from "../json_schema/error.ts";
import { SetupError } from "../run/error.ts";
import type { JsonSchema } from "../run/request.ts";

/**
 * A zod schema (4.2 or later), or that of any library that speaks Standard Schema with JSON Schema
 * (https://standardschema.dev/json-schema). Structural, so that no schema library is imported.
 */
export interface TypedSchema<Output = unknown> {
  /** The library's side of Standard Schema. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
    readonly jsonSchema?: StandardConverter | undefined;
  };
}

/** Tells a Standard Schema as JSON Schema. */
export interface StandardConverter {
  /** JSON Schema of what the schema takes; throws when it cannot be told. */
  input(options: { readonly target: "draft-2020-12" }): Record<string, unknown>;
}

/** What a Standard Schema says of a value. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One finding of a Standard Schema. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where in the value; absent or empty for the whole. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A value that was accepted, or what is wrong with it. */
export type ParseResult<Output = unknown> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly issues: readonly SchemaIssue[] };

/** A value that does not hold to its schema, for hooks. Its message tells nothing of the value. */
export class SchemaMismatch extends Error {
  /** Tells it from other errors. */
  override readonly name = "SchemaMismatch";
  /** What is wrong. */
  readonly issues: readonly SchemaIssue[];

  /** Takes what the schema said. */
  constructor(issues: readonly SchemaIssue[]) {
    super("Value does not hold to its schema");
    this.issues = issues;
  }
}

/** Parses values and tells a model what they must look like. */
export interface Shape<Output = unknown> {
  /** For the model. */
  readonly jsonSchema: JsonSchema;
  /**
   * Parses a JSON value.
   *
   * @throws {SetupError} when a raw JSON Schema is malformed or not supported
   */
  parse(value: unknown): ParseResult<Output> | Promise<ParseResult<Output>>;
}

/** Whether `schema` is a schema library's object rather than JSON Schema. */
export function isTypedSchema(schema: object): schema is TypedSchema {
  return "~standard" in schema;
}

/**
 * Makes a shape of either kind of schema.
 *
 * @param owner what the schema belongs to, for errors: `Tool "search"`
 * @throws {SetupError} when a library's object cannot be told as JSON Schema
 */
export function toShape(schema: TypedSchema | JsonSchema, owner: string): Shape {
  return isTypedSchema(schema)
    ? { jsonSchema: describe(schema, owner), parse: (value) => parseTyped(schema, value) }
    : new RawShape(schema as JsonSchema, owner);
}

class RawShape implements Shape {
  readonly jsonSchema: JsonSchema;
  readonly #owner: string;
  #compiling: Promise<JsonSchemaCheck> | undefined;
  #compiled: JsonSchemaCheck | undefined;

  constructor(jsonSchema: JsonSchema, owner: string) {
    this.jsonSchema = jsonSchema;
    this.#owner = owner;
  }

  /** Waits only where the schema is not compiled yet. */
  parse(value: unknown): ParseResult | Promise<ParseResult> {
    return this.#compiled ? this.#check(this.#compiled, value) : this.#compileAndCheck(value);
  }

  async #compileAndCheck(value: unknown): Promise<ParseResult> {
    this.#compiling ??= compileJsonSchema(this.jsonSchema);
    try {
      this.#compiled = await this.#compiling;
    } catch (error) {
      throw this.#unusable(error);
    }
    return this.#check(this.#compiled, value);
  }

  #check(compiled: JsonSchemaCheck, value: unknown): ParseResult {
    try {
      const issues = compiled.check(value);
      return issues.length === 0 ? { ok: true, value } : { ok: false, issues };
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  #unusable(error: unknown): unknown {
    if (!(error instanceof JsonSchemaError)) return error;
    return new SetupError(`${this.#owner} has an unusable schema: ${error.message}`, {
      cause: error,
    });
  }
}

function describe(schema: TypedSchema, owner: string): JsonSchema {
  const converter = schema["~standard"].jsonSchema;
  if (!converter) {
    throw new SetupError(
      `${owner} needs a schema that can be told as JSON Schema: zod 4.2 or later, or raw JSON Schema`,
    );
  }
  try {
    const { $schema: _, ...rest } = converter.input({ target: "draft-2020-12" });
    return rest;
  } catch (error) {
    throw new SetupError(`${owner} has a schema that cannot be told as JSON Schema`, {
      cause: error,
    });
  }
}

function parseTyped(
  schema: TypedSchema,
  value: unknown,
): ParseResult | Promise<ParseResult> {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then(toParseResult) : toParseResult(result);
}

function toParseResult(result: StandardResult<unknown>): ParseResult {
  if (!result.issues) return { ok: true, value: result.value };
  return {
    ok: false,
    issues: result.issues.map(({ message, path }) => ({ path: toPath(path ?? []), message })),
  };
}

function toPath(path: readonly (PropertyKey | { readonly key: PropertyKey })[]): string {
  let text = "";
  for (const segment of path) {
    const key = typeof segment === "object" ? segment.key : segment;
    text += typeof key === "number" ? `[${key}]` : `${text === "" ? "" : "."}${String(key)}`;
  }
  return text;
}
