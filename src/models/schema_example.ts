/**
 * Values made to fit a JSON Schema: for models that are no models.
 * @module
 */
import type { JsonSchema } from "../run/request.ts";
import { patternExample } from "./pattern_example.ts";

/** How an example is made. */
export interface SchemaExampleOptions {
  /**
   * A preferred value for the string, number or boolean under `property` (empty outside objects);
   * taken when it fits the schema.
   */
  readonly pick?: (property: string, schema: JsonSchema) => unknown;
}

/** Levels of nesting beyond which only what is required is made. */
const MAX_FULL_DEPTH = 4;
/** Levels of nesting beyond which nothing is made. */
const MAX_DEPTH = 24;
/** Values made for one schema; the schemas of strangers may ask for any number. */
const MAX_VALUES = 2000;
/** Longest string made. */
const MAX_CHARS = 2000;

/**
 * A value that fits `schema`; always the same one. Understands types, `const`, `enum`, `default`,
 * `examples`, local `$ref`, `allOf`, `anyOf`, `oneOf`, bounds, formats and simple patterns; where a
 * schema contradicts itself or is recursive without end, the value need not fit.
 */
export function schemaExample(schema: JsonSchema, options: SchemaExampleOptions = {}): unknown {
  return new ExampleMaker(schema, options).make(schema, "", 0);
}

class ExampleMaker {
  readonly #root: JsonSchema;
  readonly #options: SchemaExampleOptions;
  #left = MAX_VALUES;

  constructor(root: JsonSchema, options: SchemaExampleOptions) {
    this.#root = root;
    this.#options = options;
  }

  make(given: unknown, property: string, depth: number): unknown {
    this.#left -= 1;
    if (this.#left < 0 || depth > MAX_DEPTH) return null;
    const schema = this.#resolve(given, depth);
    if ("const" in schema) return schema["const"];
    const type = typeOf(schema);
    if (type !== "object" && type !== "array") {
      const picked = this.#options.pick?.(property, schema);
      if (picked !== undefined && fits(picked, schema, type)) return picked;
    }
    const named = [...list(schema["enum"]), ...list(schema["examples"])];
    if (named.length > 0) return named[0];
    if ("default" in schema) return schema["default"];
    switch (type) {
      case "object":
        return this.#object(schema, depth);
      case "array":
        return this.#array(schema, property, depth);
      case "string":
        return exampleString(schema);
      case "integer":
      case "number":
        return exampleNumber(schema, type === "integer");
      case "boolean":
        return true;
      default:
        return null;
    }
  }

  #object(schema: JsonSchema, depth: number): Readonly<Record<string, unknown>> {
    const properties = record(schema["properties"]);
    const required = list(schema["required"]).filter((name) => typeof name === "string");
    const optional = depth < MAX_FULL_DEPTH ? Object.keys(properties) : [];
    const entries: [string, unknown][] = [];
    for (const name of new Set([...optional, ...required])) {
      if (this.#left < 0) break;
      const own = Object.hasOwn(properties, name) ? properties[name] : {};
      entries.push([name, this.make(own, name, depth + 1)]);
    }
    // `fromEntries` makes own properties, `__proto__` included.
    return Object.fromEntries(entries);
  }

  #array(schema: JsonSchema, property: string, depth: number): readonly unknown[] {
    const prefix = list(schema["prefixItems"]);
    const least = Math.max(number(schema["minItems"]) ?? 0, depth < MAX_FULL_DEPTH ? 1 : 0);
    const length = Math.min(Math.max(prefix.length, least), number(schema["maxItems"]) ?? Infinity);
    const items: unknown[] = [];
    for (let index = 0; index < length && this.#left >= 0; index++) {
      const item = this.make(prefix[index] ?? schema["items"] ?? {}, property, depth + 1);
      items.push(schema["uniqueItems"] === true ? distinct(item, items, schema["items"]) : item);
    }
    return items;
  }

  /** Follows references and folds combinations into one schema. */
  #resolve(given: unknown, depth: number): JsonSchema {
    let schema = record(given);
    for (let hops = 0; hops < MAX_DEPTH; hops++) {
      const { $ref: reference, allOf, anyOf, oneOf, ...own } = schema;
      if (typeof reference === "string") {
        schema = merge(this.#find(reference), { ...own, ...only({ allOf, anyOf, oneOf }) });
      } else if (list(allOf).length > 0) {
        schema = list(allOf).map(record).reduce(merge, { ...own, ...only({ anyOf, oneOf }) });
      } else if (list(anyOf).length > 0 || list(oneOf).length > 0) {
        const branches = (list(anyOf).length > 0 ? list(anyOf) : list(oneOf)).map(record);
        // Deep down, a branch that needs nothing more ends a recursion.
        const simple = branches.find((branch) =>
          !("$ref" in branch) && typeOf(branch) !== "object"
        );
        schema = merge(own, (depth >= MAX_FULL_DEPTH ? simple : undefined) ?? branches[0]!);
      } else return schema;
    }
    return {};
  }

  #find(reference: string): JsonSchema {
    if (!reference.startsWith("#")) return {};
    let at: unknown = this.#root;
    for (const step of reference.slice(1).split("/").slice(1)) {
      const name = decodeStep(step);
      at = typeof at === "object" && at !== null && Object.hasOwn(at, name)
        ? (at as Readonly<Record<string, unknown>>)[name]
        : undefined;
    }
    return record(at);
  }
}

/** One step of a JSON pointer in a URL fragment. */
function decodeStep(step: string): string {
  const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function merge(a: JsonSchema, b: JsonSchema): JsonSchema {
  const properties = { ...record(a["properties"]), ...record(b["properties"]) };
  const required = [...list(a["required"]), ...list(b["required"])];
  return {
    ...a,
    ...b,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required }),
  };
}

function only(fields: Readonly<Record<string, unknown>>): JsonSchema {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function typeOf(schema: JsonSchema): string {
  const { type } = schema;
  if (typeof type === "string") return type;
  const first = list(type).find((name) => name !== "null") ?? list(type)[0];
  if (typeof first === "string") return first;
  if ("properties" in schema || "required" in schema) return "object";
  if ("items" in schema || "prefixItems" in schema || "minItems" in schema) return "array";
  if (["minimum", "maximum", "exclusiveMinimum", "multipleOf"].some((key) => key in schema)) {
    return "number";
  }
  return "string";
}

function fits(value: unknown, schema: JsonSchema, type: string): boolean {
  const values = list(schema["enum"]);
  if (values.length > 0) return values.includes(value);
  if (typeof value === "string") {
    // Whether a stranger's pattern matches is not tried: it may take for ever.
    return type === "string" && !("pattern" in schema) && !("format" in schema) &&
      value.length >= (number(schema["minLength"]) ?? 0) &&
      value.length <= (number(schema["maxLength"]) ?? Infinity);
  }
  if (typeof value === "number") {
    const { low, high } = bounds(schema, type === "integer");
    const step = number(schema["multipleOf"]);
    return (type === "number" || (type === "integer" && Number.isInteger(value))) &&
      value >= low && value <= high && (step === undefined || value % step === 0);
  }
  return typeof value === "boolean" && type === "boolean";
}

const FORMATS: Readonly<Record<string, string>> = {
  "date": "2024-01-31",
  "date-time": "2024-01-31T12:00:00Z",
  "time": "12:00:00Z",
  "duration": "PT1H",
  "email": "someone@example.com",
  "hostname": "example.com",
  "ipv4": "192.0.2.1",
  "ipv6": "2001:db8::1",
  "uri": "https://example.com/",
  "uuid": "00000000-0000-4000-8000-000000000000",
};

function exampleString(schema: JsonSchema): string {
  const { format, pattern } = schema;
  if (typeof format === "string" && Object.hasOwn(FORMATS, format)) return FORMATS[format]!;
  if (typeof pattern === "string") {
    const made = patternExample(pattern);
    if (made !== undefined) return made;
  }
  const least = Math.min(number(schema["minLength"]) ?? 0, MAX_CHARS);
  return "example".padEnd(least, " example").slice(0, number(schema["maxLength"]) ?? MAX_CHARS);
}

function exampleNumber(schema: JsonSchema, integer: boolean): number {
  const { low, high } = bounds(schema, integer);
  const step = number(schema["multipleOf"]);
  if (step !== undefined && step > 0) {
    return Math.ceil(Math.max(low, Math.min(step, high)) / step) * step;
  }
  return Math.min(Math.max(1, low), high);
}

/** Least and greatest value, both allowed. */
function bounds(schema: JsonSchema, integer: boolean): { low: number; high: number } {
  const nudge = integer ? 1 : 0.5;
  const above = number(schema["exclusiveMinimum"]);
  const below = number(schema["exclusiveMaximum"]);
  const low = Math.max(
    number(schema["minimum"]) ?? -Infinity,
    above === undefined ? -Infinity : (integer ? Math.floor(above) : above) + nudge,
  );
  const high = Math.min(
    number(schema["maximum"]) ?? Infinity,
    below === undefined ? Infinity : (integer ? Math.ceil(below) : below) - nudge,
  );
  if (low <= high || above === undefined || below === undefined) {
    return integer ? { low: Math.ceil(low), high: Math.floor(high) } : { low, high };
  }
  // An open interval narrower than the nudges.
  return { low: (above + below) / 2, high: (above + below) / 2 };
}

/** A variation of `item` that is not among `others`. */
function distinct(item: unknown, others: readonly unknown[], schema: unknown): unknown {
  const used = new Set(others.map((other) => JSON.stringify(other)));
  const fresh = (value: unknown) => !used.has(JSON.stringify(value));
  if (fresh(item)) return item;
  const named = list(record(schema)["enum"]).find(fresh);
  if (named !== undefined) return named;
  if (typeof item === "number") {
    return item + others.length * (number(record(schema)["multipleOf"]) ?? 1);
  }
  if (typeof item === "string") return `${item}${others.length + 1}`;
  return item;
}

function record(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as JsonSchema
    : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
