/**
 * Bounds of the JSON Schemas clients send, so that whoever walks or compiles one later is safe.
 * @module
 */
import { RequestError } from "../run/error.ts";
import type { JsonSchema } from "../run/request.ts";
import { paramOf, type Path } from "./issue.ts";

/** Deepest nesting of objects and arrays in a schema. */
export const MAX_SCHEMA_DEPTH = 100;

/** Most characters of all keys and strings of a schema, every value counting one more. */
export const MAX_SCHEMA_SIZE = 1_048_576;

/**
 * Lets a schema of bearable depth and size through.
 *
 * @throws {RequestError} `invalid-value` when it is deeper or larger
 */
export function boundedSchema(schema: JsonSchema, path: Path): JsonSchema {
  const measure = new Measure(path);
  measure.add(schema, 1);
  return schema;
}

class Measure {
  readonly #path: Path;
  #size = 0;

  constructor(path: Path) {
    this.#path = path;
  }

  add(value: unknown, depth: number): void {
    this.#count(typeof value === "string" ? value.length + 1 : 1);
    if (typeof value !== "object" || value === null) return;
    if (depth > MAX_SCHEMA_DEPTH) {
      throw this.#refusal(`nesting deeper than ${MAX_SCHEMA_DEPTH} levels`);
    }
    if (Array.isArray(value)) {
      for (const item of value) this.add(item, depth + 1);
      return;
    }
    for (const [key, item] of Object.entries(value)) {
      this.#count(key.length);
      this.add(item, depth + 1);
    }
  }

  #count(size: number): void {
    this.#size += size;
    if (this.#size > MAX_SCHEMA_SIZE) {
      throw this.#refusal(`more than ${MAX_SCHEMA_SIZE} characters`);
    }
  }

  #refusal(got: string): RequestError {
    const param = paramOf(this.#path);
    return new RequestError(
      "invalid-value",
      `Cannot read "${param}": got ${got}, expected a smaller JSON Schema`,
      { param },
    );
  }
}
