/**
 * JSON Schema -> TypeScript, for a model that is to write code.
 * @module
 */
import type { JsonSchema } from "../run/request.ts";

/** Levels of nesting that are told; what lies deeper is `unknown`. */
const MAX_DEPTH = 8;
/** Most values of an enumeration that are told. */
const MAX_VALUES = 50;

/** Types that a schema refers to by name. */
export interface NamedTypes {
  /** Declarations by name, in the order they were needed. */
  readonly declarations: ReadonlyMap<string, string>;
}

/** Writes types; those that schemas name are declared once. */
export class TypeWriter implements NamedTypes {
  readonly #declarations = new Map<string, string>();
  readonly #prefix: string;

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
    return new Writing(schema, this.#prefix, this.#declarations).type(schema, 0);
  }
}

/** One schema on its way. */
class Writing {
  readonly #root: JsonSchema;
  readonly #prefix: string;
  readonly #declarations: Map<string, string>;

  constructor(root: JsonSchema, prefix: string, declarations: Map<string, string>) {
    this.#root = root;
    this.#prefix = prefix;
    this.#declarations = declarations;
  }

  type(given: unknown, depth: number): string {
    if (given === true || depth > MAX_DEPTH || !isObject(given)) return "unknown";
    const schema = given;
    if (typeof schema["$ref"] === "string") return this.#reference(schema["$ref"], depth);
    if ("const" in schema) return literal(schema["const"]);
    if (Array.isArray(schema["enum"])) {
      return union(schema["enum"].slice(0, MAX_VALUES).map(literal));
    }
    for (const key of ["anyOf", "oneOf"] as const) {
      const choices = schema[key];
      if (Array.isArray(choices)) return union(choices.map((one) => this.type(one, depth + 1)));
    }
    if (Array.isArray(schema["allOf"])) {
      const parts = schema["allOf"].map((one) => this.type(one, depth + 1))
        .filter((part) => part !== "unknown");
      return parts.length === 0 ? "unknown" : parts.map(grouped).join(" & ");
    }
    const { type } = schema;
    if (Array.isArray(type)) {
      return union(type.map((one) => this.type({ ...schema, type: one }, depth + 1)));
    }
    const known = typeof type === "string"
      ? this.#ofType(type, schema, depth)
      : this.#guess(schema, depth);
    return schema["nullable"] === true ? union([known, "null"]) : known;
  }

  #guess(schema: JsonSchema, depth: number): string {
    if ("properties" in schema) return this.#object(schema, depth);
    if ("items" in schema) return this.#array(schema, depth);
    return "unknown";
  }

  #ofType(type: string, schema: JsonSchema, depth: number): string {
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
        return "unknown";
    }
  }

  #array(schema: JsonSchema, depth: number): string {
    const tuple = schema["prefixItems"];
    if (Array.isArray(tuple)) {
      return `[${tuple.map((one) => this.type(one, depth + 1)).join(", ")}]`;
    }
    return `${grouped(this.type(schema["items"] ?? true, depth + 1))}[]`;
  }

  #object(schema: JsonSchema, depth: number): string {
    const properties = isObject(schema["properties"]) ? Object.entries(schema["properties"]) : [];
    const more = schema["additionalProperties"];
    if (properties.length === 0) {
      return more === false ? "{}" : `Record<string, ${this.type(more ?? true, depth + 1)}>`;
    }
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const fields = properties.map(([name, value]) => {
      const optional = required.includes(name) ? "" : "?";
      return `${comment(value)}${key(name)}${optional}: ${this.type(value, depth + 1)}`;
    });
    return `{ ${fields.join("; ")} }`;
  }

  #reference(reference: string, depth: number): string {
    const [, path] = /^#(?:\/(.*))?$/.exec(reference) ?? [];
    if (path === undefined) return "unknown";
    const steps = path.split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const name = `${this.#prefix}${identifierPart(steps.at(-1) ?? "")}`;
    if (this.#declarations.has(name)) return name;
    let target: unknown = this.#root;
    for (const step of steps) {
      if (!isObject(target) || !Object.hasOwn(target, step)) return "unknown";
      target = target[step];
    }
    // Declared before it is written: it may refer to itself.
    this.#declarations.set(name, "unknown");
    this.#declarations.set(name, this.type(target, Math.min(depth, 1)));
    return name;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function literal(value: unknown): string {
  return isObject(value) || Array.isArray(value) ? "unknown" : JSON.stringify(value) ?? "unknown";
}

function union(types: readonly string[]): string {
  const different = [...new Set(types)];
  if (different.includes("unknown") || different.length === 0) return "unknown";
  return different.map(grouped).join(" | ");
}

/** In parentheses where an operator follows. */
function grouped(type: string): string {
  return / [|&] /.test(type) && !/^[{[(]/.test(type) ? `(${type})` : type;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function comment(schema: unknown): string {
  const description = isObject(schema) ? schema["description"] : undefined;
  if (typeof description !== "string" || description.trim() === "") return "";
  return `/** ${oneLine(description)} */ `;
}

/** Text that ends no comment and begins no line. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("*/", "*\\/").trim().slice(0, 500);
}

function identifierPart(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_$]/g, "_");
}
