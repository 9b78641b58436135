/**
 * Which JSON Schema keywords are evaluated and what their values must be.
 * Source: https://json-schema.org/draft/2020-12/json-schema-validation, with the older spellings
 * `definitions`, `dependencies`, `additionalItems` and array `items`.
 * @module
 */

/** A schema that holds evaluated keywords only; without a prototype, so no key is special. */
export type SafeSchema = Record<string, unknown>;

/** How every reference in a safe schema begins. */
export const DEFINITION_PREFIX = "#/$defs/";

/** The form a keyword's value must have. */
export type KeywordForm =
  | "schema"
  | "schema-list"
  | "schema-map"
  | "schema-or-list"
  | "dependency-map"
  | "number"
  | "bound"
  | "divisor"
  | "count"
  | "flag"
  | "name-list"
  | "name-list-map"
  | "list"
  | "type"
  | "value";

/** Evaluated keywords. Everything else is an annotation, left out, or refused by name. */
export const KEYWORDS: ReadonlyMap<string, KeywordForm> = new Map<string, KeywordForm>([
  ["type", "type"],
  ["const", "value"],
  ["enum", "list"],
  ["not", "schema"],
  ["if", "schema"],
  ["then", "schema"],
  ["else", "schema"],
  ["allOf", "schema-list"],
  ["anyOf", "schema-list"],
  ["oneOf", "schema-list"],
  ["properties", "schema-map"],
  ["dependentSchemas", "schema-map"],
  ["additionalProperties", "schema"],
  ["unevaluatedProperties", "schema"],
  ["propertyNames", "schema"],
  ["required", "name-list"],
  ["dependentRequired", "name-list-map"],
  ["dependencies", "dependency-map"],
  ["minProperties", "count"],
  ["maxProperties", "count"],
  ["items", "schema-or-list"],
  ["prefixItems", "schema-list"],
  ["additionalItems", "schema"],
  ["unevaluatedItems", "schema"],
  ["contains", "schema"],
  ["minContains", "count"],
  ["maxContains", "count"],
  ["minItems", "count"],
  ["maxItems", "count"],
  ["uniqueItems", "flag"],
  ["minimum", "number"],
  ["maximum", "number"],
  ["exclusiveMinimum", "bound"],
  ["exclusiveMaximum", "bound"],
  ["multipleOf", "divisor"],
  ["minLength", "count"],
  ["maxLength", "count"],
]);

/** Keywords whose meaning would be lost by leaving them out. */
export const REFUSED_KEYWORDS: ReadonlySet<string> = new Set(["$dynamicRef", "$recursiveRef"]);

/** Keywords whose subschemas see the same value as the schema that holds them. */
export const IN_PLACE_KEYWORDS: readonly string[] = [
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "dependentSchemas",
  "dependencies",
];

const TYPE_NAMES = new Set(["array", "boolean", "integer", "null", "number", "object", "string"]);

/** Whether `value` is a name, or a non-empty list of names, of JSON Schema types. */
export function isTypeKeyword(value: unknown): boolean {
  const names = Array.isArray(value) ? value : [value];
  return names.length > 0 && names.every((name) => TYPE_NAMES.has(name));
}
