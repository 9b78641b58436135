/**
 * Finds schemas that would be evaluated for ever.
 * @module
 */
import { JsonSchemaError } from "./error.ts";
import { DEFINITION_PREFIX, IN_PLACE_KEYWORDS, type SafeSchema } from "./keyword.ts";

/**
 * Refuses a cycle of schemas that all see the same value, such as `{"$ref": "#"}`. Cycles that pass
 * through `properties` or `items` end with the value.
 *
 * @throws {JsonSchemaError} when there is such a cycle
 */
export function rejectEndlessReferences(
  schemas: readonly SafeSchema[],
  definitions: SafeSchema,
): void {
  const open = new Set<SafeSchema>();
  const done = new Set<SafeSchema>();
  const visit = (schema: SafeSchema): void => {
    if (done.has(schema)) return;
    if (open.has(schema)) {
      throw new JsonSchemaError("", "Schema refers to itself without descending into the value");
    }
    open.add(schema);
    for (const next of seenBySameValue(schema, definitions)) visit(next);
    open.delete(schema);
    done.add(schema);
  };
  for (const schema of schemas) visit(schema);
}

function seenBySameValue(schema: SafeSchema, definitions: SafeSchema): SafeSchema[] {
  const found: unknown[] = IN_PLACE_KEYWORDS.flatMap((keyword) => {
    const value = schema[keyword];
    if (Array.isArray(value)) return value;
    const byProperty = keyword === "dependentSchemas" || keyword === "dependencies";
    return byProperty ? Object.values(value ?? {}) : [value];
  });
  if (typeof schema.$ref === "string") {
    found.push(definitions[schema.$ref.slice(DEFINITION_PREFIX.length)]);
  }
  return found.filter(isSchemaObject);
}

function isSchemaObject(value: unknown): value is SafeSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
