/**
 * What is wrong with a schema or with a value.
 * @module
 */

/** One finding about a value. */
export interface SchemaIssue {
  /** Where in the value, as `items[0].name`; empty for the whole. */
  readonly path: string;
  /** What is wrong, in a sentence a model can act on. */
  readonly message: string;
}

/** Raised for a schema that is malformed, too large or uses what is not supported. */
export class JsonSchemaError extends Error {
  override readonly name = "JsonSchemaError";
  /** Where in the schema, as `properties.age.type`; empty for the whole. */
  readonly path: string;

  constructor(path: string, message: string, options: { readonly cause?: unknown } = {}) {
    super(path === "" ? message : `${message} at "${path}"`, { cause: options.cause });
    this.path = path;
  }
}
