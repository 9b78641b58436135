/**
 * JSON Schema -> TypeScript, for a model that is to write code.
 * @module
 */
import type { JsonSchema } from "../run/request.ts";
import { comment, quote } from "./safe_text.ts";

/** Levels of nesting that are told; what lies deeper is `unknown`. */
const MAX_DEPTH = 8;
/** Most values of an enumeration that are told. */
const MAX_VALUES = 50;
/** Longest text that is told as a value or the name of a property. */
const MAX_TEXT = 200;
/** Most types that are declared. */
const MAX_TYPES = 200;
/** Most characters of all types together, more or less; what comes later is `unknown`. */
const MAX_CHARS = 20_000;

/** Parts of a type that need parentheses beside an operator, or before `[]`. */
const OPERATOR = / [|&] /;

/** Writes types; those that schemas refer to are declared once. */
export class TypeWriter {
  readonly #declarations = new Map<string, string>();
  readonly #prefix: string;
  #leftChars = MAX_CHARS;

  /**
   * Writes nothing yet.
   *
   * @param prefix begins the names of declared types
   */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Declarations by name, in the order they were needed. */
  get declarations(): ReadonlyMap<string, string> {
    return this.#declarations;
  }

  /** The type of what conforms to a schema; `unknown` where that cannot be said. */
  typeOf(schema: JsonSchema): string {
    const writing = new Writing(schema, {
      spend: (chars) => (this.#leftChars -= chars) >= 0,
      declare: (name) => {
        if (this.#declarations.size >= MAX_TYPES) return undefined;
        const free = this.#freeName(`${this.#prefix}${name}`);
        // Before it is written: it may refer to itself.
        this.#declarations.set(free, "unknown");
        return { name: free, is: (type) => this.#declarations.set(free, type) };
      },
    });
    return writing.type(schema, 0);
  }

  #freeName(name: string): string {
    let free = name;
    for (let count = 2; this.#declarations.has(free); count++) free = `${name}_${count}`;
    return free;
  }
}

/** A type under way. */
interface Declared {
  readonly name: string;
  readonly is: (type: string) => void;
}

/** What the writing of one schema needs of the whole. */
interface Whole {
  /** Takes characters; false when there are none left. */
  readonly spend: (chars: number) => boolean;
  /** Takes a name for a type that is told later, while there are any left. */
  readonly declare: (name: string) => Declared | undefined;
}

/** One schema on its way. */
class Writing {
  readonly #root: JsonSchema;
  readonly #whole: Whole;
  /** Names by references. */
  readonly #names = new Map<string, string>();

  constructor(root: JsonSchema, whole: Whole) {
    this.#root = root;
    this.#whole = whole;
  }

  type(schema: unknown, depth: number): string {
    if (schema === false) return "never";
    if (depth > MAX_DEPTH || !isObject(schema) || !this.#whole.spend(8)) return "unknown";
    const known = this.#composed(schema, depth);
    return schema["nullable"] === true ? union([known, "null"]) : known;
  }

  /** What a schema says by several others, and by itself. */
  #composed(schema: JsonSchema, depth: number): string {
    const { $ref: reference, anyOf, oneOf, allOf } = schema;
    const parts: string[] = [];
    if (typeof reference === "string") parts.push(this.#reference(reference));
    for (const choices of [anyOf, oneOf]) {
      if (Array.isArray(choices)) parts.push(union(this.#types(choices, depth + 1)));
    }
    if (Array.isArray(allOf)) parts.push(...this.#types(allOf, depth + 1));
    if (parts.length === 0) return this.#own(schema, depth);
    // A bare `type` beside them says nothing new.
    if ("properties" in schema) parts.push(this.#object(schema, depth));
    return intersection(parts);
  }

  #own(schema: JsonSchema, depth: number): string {
    if ("const" in schema) return this.#literal(schema["const"]);
    if (Array.isArray(schema["enum"])) return this.#values(schema["enum"]);
    const { type } = schema;
    if (Array.isArray(type)) {
      const types = new Set(type.slice(0, 7));
      return union(Array.from(types, (one) => this.#ofType(one, schema, depth)));
    }
    return this.#ofType(type, schema, depth);
  }

  #ofType(type: unknown, schema: JsonSchema, depth: number): string {
    switch (type) {
      case "string":
      case "boolean":
      case "null":
        return type;
      case "number":
      case "integer":
        return "number";
      case "array":
        return this.#array(schema, depth);
      case "object":
        return this.#object(schema, depth);
      default:
        if ("properties" in schema) return this.#object(schema, depth);
        return "items" in schema || "prefixItems" in schema
          ? this.#array(schema, depth)
          : "unknown";
    }
  }

  #types(schemas: readonly unknown[], depth: number): string[] {
    return schemas.slice(0, MAX_VALUES).map((one) => this.type(one, depth))
      .concat(schemas.length > MAX_VALUES ? ["unknown"] : []);
  }

  #array(schema: JsonSchema, depth: number): string {
    const { prefixItems, items = true, additionalItems } = schema;
    const tuple = Array.isArray(prefixItems) ? prefixItems : items;
    if (!Array.isArray(tuple)) return `${grouped(this.type(items, depth + 1))}[]`;
    const rest = tuple === items ? additionalItems : schema["items"];
    const types = this.#types(tuple, depth + 1);
    if (isObject(rest)) types.push(`...${grouped(this.type(rest, depth + 1))}[]`);
    return `[${types.join(", ")}]`;
  }

  #object(schema: JsonSchema, depth: number): string {
    const properties = isObject(schema["properties"]) ? Object.entries(schema["properties"]) : [];
    const more = schema["additionalProperties"];
    if (properties.length === 0) {
      return more === false ? "{}" : `Record<string, ${this.type(more ?? true, depth + 1)}>`;
    }
    const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
    const fields: string[] = [];
    for (const [name, value] of properties) {
      const told = isObject(value) ? comment(value["description"]) : "";
      const enough = name.length <= MAX_TEXT && this.#whole.spend(name.length + told.length);
      if (!enough) continue;
      const type = this.type(value, depth + 1);
      fields.push(`${told}${told && " "}${key(name)}${required.has(name) ? "" : "?"}: ${type}`);
    }
    if (fields.length < properties.length) fields.push("[key: string]: unknown");
    else if (isObject(more)) fields.push(`[key: string]: ${this.type(more, depth + 1)}`);
    return `{ ${fields.join("; ")} }`;
  }

  #reference(reference: string): string {
    const known = this.#names.get(reference);
    if (known !== undefined) return known;
    const steps = stepsOf(reference);
    if (!steps) return "unknown";
    let target: unknown = this.#root;
    for (const step of steps) {
      if (typeof target !== "object" || target === null || !Object.hasOwn(target, step)) {
        return "unknown";
      }
      target = (target as Readonly<Record<string, unknown>>)[step];
    }
    const last = (steps.at(-1) ?? "Self").slice(0, MAX_TEXT);
    if (!this.#whole.spend(last.length)) return "unknown";
    const declared = this.#whole.declare(last.replaceAll(/[^A-Za-z0-9_$]/g, "_"));
    if (!declared) return "unknown";
    this.#names.set(reference, declared.name);
    declared.is(this.type(target, 1));
    return declared.name;
  }

  #values(values: readonly unknown[]): string {
    const types = values.slice(0, MAX_VALUES).map((value) => this.#literal(value));
    const left = values.slice(MAX_VALUES).map((value) => wideType(value));
    return union([...types, ...left]);
  }

  #literal(value: unknown): string {
    if (typeof value === "object" && value !== null) return "unknown";
    if (typeof value !== "string") return JSON.stringify(value) ?? "unknown";
    return value.length <= MAX_TEXT && this.#whole.spend(value.length) ? quote(value) : "string";
  }
}

/** Steps from the root of a schema; undefined where a reference leads elsewhere. */
function stepsOf(reference: string): string[] | undefined {
  if (reference === "#") return [];
  if (!reference.startsWith("#/")) return undefined;
  try {
    return decodeURIComponent(reference.slice(2)).split("/")
      .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wideType(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? "unknown" : typeof value;
}

function union(types: readonly string[]): string {
  const different = [...new Set(types)].filter((type) => type !== "never");
  if (different.includes("unknown")) return "unknown";
  return different.length === 0 ? "never" : joined(different, " | ");
}

function intersection(types: readonly string[]): string {
  const different = [...new Set(types)].filter((type) => type !== "unknown");
  return different.length === 0 ? "unknown" : joined(different, " & ");
}

function joined(types: readonly string[], operator: string): string {
  return types.length === 1 ? types[0]! : types.map(grouped).join(operator);
}

/** In parentheses where an operator or `[]` follows. */
function grouped(type: string): string {
  return OPERATOR.test(type) ? `(${type})` : type;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name);
}
