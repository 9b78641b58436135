/**
 * The validator's findings -> issues a model can act on.
 * @module
 */
import type { OutputUnit } from "@cfworker/json-schema";
import type { SchemaIssue } from "./error.ts";

/** More than these tell a model nothing new. */
const MAX_ISSUES = 10;

/** Findings that only say that another finding lies below. */
const SUMMARIES: ReadonlySet<string> = new Set([
  "$ref",
  "additionalItems",
  "additionalProperties",
  "allOf",
  "dependencies",
  "dependentSchemas",
  "if",
  "items",
  "prefixItems",
  "properties",
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
]);

/** The findings worth telling, first ones first; at least one. */
export function toSchemaIssues(errors: readonly OutputUnit[]): SchemaIssue[] {
  const telling = errors.filter((error) => !SUMMARIES.has(error.keyword));
  const chosen = telling.length > 0 ? telling : errors;
  return chosen.slice(0, MAX_ISSUES).map((error) => ({
    path: toPath(error.instanceLocation),
    message: error.keyword === "false" ? "Value is not allowed here" : error.error,
  }));
}

/** `#/items/0/name` -> `items[0].name`. */
function toPath(location: string): string {
  let path = "";
  for (const token of location.split("/").slice(1)) {
    const key = decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~");
    path += /^\d+$/.test(key) ? `[${key}]` : path === "" ? key : `.${key}`;
  }
  return path;
}
