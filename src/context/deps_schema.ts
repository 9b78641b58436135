/**
 * The schema of a pipeline's deps: what is needed of it, whatever library it comes from.
 * @module
 */

/**
 * A zod schema of an object, or that of any library that speaks Standard Schema
 * (https://standardschema.dev). Structural, so that no schema library is imported.
 */
export interface DepsSchema<Input = unknown, Output = Input> {
  /** The library's side of Standard Schema. */
  readonly "~standard": {
    readonly vendor: string;
    readonly validate: (value: unknown) => DepsResult<Output> | Promise<DepsResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly jsonSchema?: DepsConverter | undefined;
  };
}

/** What a schema says of deps. */
export type DepsResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly DepsIssue[] };

/** One finding of a schema. */
export interface DepsIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where in the deps; absent or empty for the whole. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Tells a schema as JSON Schema. */
export interface DepsConverter {
  /** JSON Schema of what the schema takes; throws when it cannot be told. */
  input(options: {
    readonly target: "draft-2020-12";
    readonly libraryOptions?: Record<string, unknown>;
  }): Record<string, unknown>;
}

/** The fields of a schema that can tell them. */
export interface SchemaFields {
  /** All it names. */
  readonly names: ReadonlySet<string>;
  /** Those it cannot do without. */
  readonly required: ReadonlySet<string>;
  /** Whether it refuses all others. */
  readonly closed: boolean;
}

/** The fields `schema` takes; undefined when it cannot tell, as one that is no plain object. */
export function schemaFields(schema: DepsSchema<unknown, unknown>): SchemaFields | undefined {
  const { vendor, jsonSchema } = schema["~standard"];
  // Deps hold what JSON has no form for, as clients and dates; their names can be told all the same.
  const libraryOptions = vendor === "zod" ? { unrepresentable: "any" } : undefined;
  let told: Record<string, unknown> | undefined;
  try {
    told = jsonSchema?.input({ target: "draft-2020-12", libraryOptions });
  } catch {
    return undefined;
  }
  const properties = told?.properties;
  if (typeof properties !== "object" || properties === null) return undefined;
  const { required, additionalProperties } = told!;
  return {
    names: new Set(Object.keys(properties)),
    required: new Set(Array.isArray(required) ? required.map(String) : []),
    closed: additionalProperties === false,
  };
}

/** The field of the deps that an issue is about; undefined when it is about the whole. */
export function fieldOf({ path = [] }: DepsIssue): string | undefined {
  const [first] = path;
  if (first === undefined) return undefined;
  return String(typeof first === "object" ? first.key : first);
}

/** Where in its field an issue is, as `.name[0]`; empty for the field itself. */
export function placeInField({ path = [] }: DepsIssue): string {
  return path.slice(1).map((segment) => {
    const key = typeof segment === "object" ? segment.key : segment;
    return typeof key === "number" ? `[${key}]` : `.${String(key)}`;
  }).join("");
}
