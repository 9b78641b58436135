/**
 * A schema of unknown origin -> a copy that is safe to evaluate: only known keywords, each of the
 * right form, every reference resolved inside the document, no regular expressions.
 * @module
 */
import { JsonSchemaError } from "./error.ts";
import { rejectEndlessReferences } from "./endless.ts";
import {
  DEFINITION_PREFIX,
  isTypeKeyword,
  KEYWORDS,
  REFUSED_KEYWORDS,
  type SafeSchema,
} from "./keyword.ts";

/** What `sanitise` makes. */
export interface SanitisedSchema {
  /** Refers to the first of its `$defs`; every `$ref` in it reads `#/$defs/sN`. */
  readonly root: SafeSchema;
  /** Every subschema, for whoever instruments them. */
  readonly schemas: readonly SafeSchema[];
  /** Whether items are compared pairwise, which costs the square of their number. */
  readonly comparesItems: boolean;
}

/**
 * Copies `schema`. `pattern`, `format` and `patternProperties` are left out, since a hostile
 * regular expression runs for ever; where `patternProperties` stood, so is what forbids the
 * properties it would have allowed.
 *
 * @throws {JsonSchemaError} when a keyword is malformed, a reference leaves the document or leads
 *   nowhere, or a schema refers to itself without descending into the value
 */
export function sanitise(schema: unknown): SanitisedSchema {
  const copier = new Copier(schema);
  copier.define(schema, "");
  copier.finish();
  rejectEndlessReferences(copier.schemas, copier.definitions);
  const root: SafeSchema = Object.create(null);
  root.$ref = `${DEFINITION_PREFIX}s0`;
  root.$defs = copier.definitions;
  return {
    root,
    schemas: [root, ...copier.schemas],
    comparesItems: copier.comparesItems,
  };
}

class Copier {
  readonly definitions: SafeSchema = Object.create(null);
  readonly schemas: SafeSchema[] = [];
  comparesItems = false;
  readonly #document: unknown;
  readonly #names = new Map<unknown, string>();
  readonly #waiting: { readonly name: string; readonly schema: unknown; readonly path: string }[] =
    [];

  constructor(document: unknown) {
    this.#document = document;
  }

  /** The definition that holds the copy of `schema`; copied later, so references may be circular. */
  define(schema: unknown, path: string): string {
    const known = this.#names.get(schema);
    if (known !== undefined) return known;
    const name = `s${this.#names.size}`;
    this.#names.set(schema, name);
    this.#waiting.push({ name, schema, path });
    return name;
  }

  finish(): void {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) {
      this.definitions[next.name] = this.copy(next.schema, next.path);
    }
  }

  copy(schema: unknown, path: string): SafeSchema | boolean {
    if (typeof schema === "boolean") return schema;
    if (!isObject(schema)) throw new JsonSchemaError(path, "Schema must be an object or a boolean");
    const copy: SafeSchema = Object.create(null);
    for (const [keyword, value] of Object.entries(schema)) {
      const at = join(path, keyword);
      if (REFUSED_KEYWORDS.has(keyword)) {
        throw new JsonSchemaError(at, `Keyword "${keyword}" is not supported`);
      }
      if (keyword === "$ref") {
        copy.$ref = DEFINITION_PREFIX + this.define(resolvePointer(this.#document, value, at), at);
      } else if (KEYWORDS.has(keyword)) {
        const kept = this.#keyword(keyword, value, at);
        if (kept !== undefined) copy[keyword] = kept;
      }
    }
    convertDraft4Bounds(schema, copy);
    if (Object.hasOwn(schema, "patternProperties")) {
      delete copy.additionalProperties;
      delete copy.unevaluatedProperties;
    }
    if (copy.uniqueItems === true) this.comparesItems = true;
    this.schemas.push(copy);
    return copy;
  }

  #keyword(keyword: string, value: unknown, path: string): unknown {
    const form = KEYWORDS.get(keyword)!;
    switch (form) {
      case "schema":
        return this.copy(value, path);
      case "schema-list":
        return this.#list(value, path);
      case "schema-or-list":
        return Array.isArray(value) ? this.#list(value, path) : this.copy(value, path);
      case "schema-map":
        return mapObject(value, path, (item, at) => this.copy(item, at));
      case "dependency-map":
        return mapObject(
          value,
          path,
          (item, at) => Array.isArray(item) ? nameList(item, at) : this.copy(item, at),
        );
      case "name-list":
        return nameList(value, path);
      case "name-list-map":
        return mapObject(value, path, nameList);
      case "number":
        return expect(typeof value === "number" && Number.isFinite(value), value, path, "a number");
      case "bound":
        if (typeof value === "boolean") return undefined;
        return expect(typeof value === "number" && Number.isFinite(value), value, path, "a number");
      case "divisor":
        return expect(
          typeof value === "number" && Number.isFinite(value) && value > 0,
          value,
          path,
          "a number above 0",
        );
      case "count":
        return expect(
          typeof value === "number" && Number.isInteger(value) && value >= 0,
          value,
          path,
          "a whole number from 0",
        );
      case "flag":
        return expect(typeof value === "boolean", value, path, "a boolean");
      case "list":
        return expect(Array.isArray(value), value, path, "an array");
      case "type":
        return expect(isTypeKeyword(value), value, path, "a JSON type name or a list of them");
      case "value":
        return value;
      default:
        return form satisfies never;
    }
  }

  #list(value: unknown, path: string): unknown[] {
    if (!Array.isArray(value)) throw new JsonSchemaError(path, "Keyword must be an array");
    return value.map((item, index) => this.copy(item, `${path}[${index}]`));
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function expect(holds: boolean, value: unknown, path: string, what: string): unknown {
  if (!holds) throw new JsonSchemaError(path, `Keyword must be ${what}`);
  return value;
}

function nameList(value: unknown, path: string): unknown {
  const holds = Array.isArray(value) && value.every((name) => typeof name === "string");
  return expect(holds, value, path, "an array of strings");
}

function mapObject(
  value: unknown,
  path: string,
  copy: (item: unknown, path: string) => unknown,
): SafeSchema {
  if (!isObject(value)) throw new JsonSchemaError(path, "Keyword must be an object");
  const result: SafeSchema = Object.create(null);
  for (const [key, item] of Object.entries(value)) result[key] = copy(item, join(path, key));
  return result;
}

/** Draft 4 writes `minimum: 1, exclusiveMinimum: true` for what is now `exclusiveMinimum: 1`. */
function convertDraft4Bounds(schema: Record<string, unknown>, copy: SafeSchema): void {
  for (const [limit, bound] of [["minimum", "exclusiveMinimum"], ["maximum", "exclusiveMaximum"]]) {
    if (schema[bound!] === true && typeof copy[limit!] === "number") {
      copy[bound!] = copy[limit!];
      delete copy[limit!];
    }
  }
}

function resolvePointer(document: unknown, reference: unknown, path: string): unknown {
  if (typeof reference !== "string" || !/^#($|\/)/.test(reference)) {
    throw new JsonSchemaError(
      path,
      'Reference must point into the same document, as "#/$defs/name"',
    );
  }
  let target = document;
  for (const token of reference.slice(1).split("/").slice(1)) {
    const key = decodeToken(token);
    if (typeof target !== "object" || target === null || !Object.hasOwn(target, key)) {
      throw new JsonSchemaError(path, "Reference leads nowhere");
    }
    target = (target as Record<string, unknown>)[key];
  }
  return target;
}

function decodeToken(token: string): string {
  let text = token;
  try {
    text = decodeURIComponent(token);
  } catch {
    // A stray percent sign stands for itself.
  }
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}
