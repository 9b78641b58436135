/**
 * Values of every kind, to be put where another kind belongs.
 * @module
 */

/** One value of every kind JSON has, and some at the edges of a kind. */
export const VALUES: Readonly<Record<string, unknown>> = {
  "true": true,
  "zero": 0,
  "a negative": -1,
  "a fraction": 1.5,
  "a huge number": 1e308,
  "an unsafe integer": 2 ** 60,
  "an empty string": "",
  "a string": "word",
  "a number as a string": "1",
  "a long string": "x".repeat(100_000),
  "an empty array": [],
  "an array of nulls": [null],
  "an array of strings": ["word"],
  "an array of numbers": [1],
  "an array of arrays": [[]],
  "an array of objects": [{}],
  "a long array": Array.from({ length: 10_000 }, () => 0),
  "an empty object": {},
  "an object": { word: "word" },
  "an object with __proto__": JSON.parse('{"__proto__":{"type":"function"}}'),
  "an object with a wrong type": { type: "word" },
  "an object with a type of no word": { type: {} },
};

/** What a JSON value is. */
export type Kind = "boolean" | "number" | "string" | "array" | "object";

/** The kind of a value. */
export function kindOf(value: unknown): Kind {
  return Array.isArray(value) ? "array" : typeof value as Kind;
}

/** Puts a value somewhere into a request; what it gives replaces fields of a good one. */
export type Put = (value: unknown) => Readonly<Record<string, unknown>>;

/** The fields of an API. */
export interface FieldTable {
  /** Param to what puts a value there. A refusal names it, or something within or above it. */
  readonly fields: Readonly<Record<string, Put>>;
  /** Kinds of JSON a field may be; any other is refused. Fields that are never taken have none. */
  readonly kinds: Readonly<Record<string, readonly Kind[]>>;
  /** Fields whose value has no meaning; whatever it is, it does no harm. */
  readonly ignored: readonly string[];
  /** Fields without which there is no request. */
  readonly required: readonly string[];
}

/** Whether a refusal that names `param` names the field, something within it, or what it is in. */
export function names(param: string | null, field: string): boolean {
  if (param === null) return false;
  return param === field || param.startsWith(`${field}.`) || param.startsWith(`${field}[`) ||
    field.startsWith(`${param}.`) || field.startsWith(`${param}[`);
}
