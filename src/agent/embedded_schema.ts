/**
 * Schemas inside schemas.
 * @module
 */
import type { JsonSchema } from "../run/request.ts";

/** Schemas put as definitions into a bigger one. */
export interface EmbeddedSchemas {
  /** What to write in the place of each schema, in order. */
  readonly places: readonly JsonSchema[];
  /** Goes into the bigger schema's root; empty when nothing refers to anything. */
  readonly root: { readonly $defs?: Readonly<Record<string, JsonSchema>> };
}

/**
 * Prepares schemas for use inside a bigger one. References count from the root of a document, so a
 * schema that has some becomes a definition, and its references are made to start there.
 *
 * @param schemas by the name of the definition each would become
 */
export function embedSchemas(schemas: readonly (readonly [string, JsonSchema])[]): EmbeddedSchemas {
  const $defs: Record<string, JsonSchema> = {};
  const places = schemas.map(([name, schema]) => {
    if (!JSON.stringify(schema).includes('"$ref"')) return schema;
    $defs[name] = relocate(schema, `#/$defs/${name}`) as JsonSchema;
    return { $ref: `#/$defs/${name}` };
  });
  return { places, root: Object.keys($defs).length === 0 ? {} : { $defs } };
}

function relocate(value: unknown, root: string): unknown {
  if (Array.isArray(value)) return value.map((item) => relocate(item, root));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) =>
      key === "$ref" && typeof item === "string" && item.startsWith("#")
        ? [key, root + item.slice(1)]
        : [key, relocate(item, root)]
    ),
  );
}
