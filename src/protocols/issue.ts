/**
 * What is wrong with a field of a request, as a RequestError that names it.
 * @module
 */
import type { z } from "zod";
import { RequestError, type RequestErrorCode } from "../run/error.ts";

/** Where a value stands in the body; null is the body itself. Written out only for an error. */
export type Path = { readonly parent: Path; readonly key: string | number } | null;

/** The field or element `key` of what stands at `parent`. */
export function at(parent: Path, key: string | number): Path {
  return { parent, key };
}

/** A path as clients read it: `messages[0].content[1].image_url.url`; null for the body itself. */
export function paramOf(path: Path): string | null {
  if (path === null) return null;
  const parent = paramOf(path.parent);
  if (typeof path.key === "number") return `${parent ?? ""}[${path.key}]`;
  return parent === null ? path.key : `${parent}.${path.key}`;
}

/** A value as a message names it; long strings are cut, since a client may have sent anything. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value);
  }
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

const MAX_QUOTED = 64;

/** What is expected where only these values are accepted. */
export function oneOf(options: Iterable<unknown>): string {
  const list = Array.from(options, describeValue);
  return list.length === 1 ? list[0]! : `one of ${list.join(", ")}`;
}

/** A required field is absent or null. */
export function missing(path: Path): RequestError {
  const param = paramOf(path);
  return new RequestError("missing-parameter", `Missing required parameter "${param}"`, { param });
}

/** What a field holds and what it should hold. */
export interface Mismatch {
  /** The value as the client sent it. */
  readonly got: unknown;
  /** In words, as `an array`. */
  readonly expected: string;
}

/** A field has the wrong type. */
export function wrongType(path: Path, mismatch: Mismatch): RequestError {
  return unreadable("invalid-type", path, mismatch);
}

/** A field has the right type and the wrong value. */
export function wrongValue(path: Path, mismatch: Mismatch): RequestError {
  return unreadable("invalid-value", path, mismatch);
}

function unreadable(
  code: RequestErrorCode,
  path: Path,
  { got, expected }: Mismatch,
): RequestError {
  const param = paramOf(path);
  const what = param === null ? "the request body" : `"${param}"`;
  const message = `Cannot read ${what}: got ${describeValue(got)}, expected ${expected}`;
  return new RequestError(param === null ? "malformed-request" : code, message, { param });
}

/** Whether a field is there; a client's null is as good as nothing. */
export function isGiven<T>(value: T): value is NonNullable<T> {
  return value !== undefined && value !== null;
}

/** Whether `value` is what JSON calls an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How the items of an array are read. */
export interface ItemReader<T> {
  /** Where the array stands. */
  readonly path: Path;
  /** Reads one item, which stands at the path it is given. */
  readonly read: (item: unknown, path: Path) => T;
}

/**
 * Reads an array item by item. The first bad item ends the work, where a schema of the whole array
 * would list every bad item of a hostile body.
 *
 * @throws {RequestError} when it is absent or no array, and whatever `read` throws
 */
export function readItems<T>(value: unknown, { path, read }: ItemReader<T>): T[] {
  if (!isGiven(value)) throw missing(path);
  if (!Array.isArray(value)) throw wrongType(path, { got: value, expected: "an array" });
  const items: T[] = [];
  // Not `map`, which makes room for all items before the first is known to be good.
  for (let index = 0; index < value.length; index++) {
    items.push(read(value[index], at(path, index)));
  }
  return items;
}

/**
 * Like `readItems`, and at least one.
 *
 * @throws {RequestError} `empty-array` when there is none, and whatever `readItems` throws
 */
export function readFilled<T>(value: unknown, reader: ItemReader<T>): T[] {
  const items = readItems(value, reader);
  if (items.length === 0) {
    throw unreadable("empty-array", reader.path, { got: value, expected: "at least one item" });
  }
  return items;
}

/**
 * Reads `value` by a schema. The schema's size must not depend on the client: no arrays, no records.
 *
 * @throws {RequestError} for the first issue
 */
export function readShape<T>(
  value: unknown,
  options: { readonly schema: z.ZodType<T>; readonly path: Path },
): T {
  const result = options.schema.safeParse(value);
  if (result.success) return result.data;
  throw requestErrorOf(result.error.issues[0]!, { value, path: options.path });
}

/** A value and where it stands in the body. */
interface Place {
  readonly value: unknown;
  readonly path: Path;
}

/**
 * A schema's issue with what stands at `base`. An own check of a schema (`refine`, `custom`,
 * `regex`) says in its message what is expected, as `an object`.
 */
function requestErrorOf(issue: z.core.$ZodIssue, base: Place): RequestError {
  let { value, path } = base;
  for (const step of issue.path) {
    const key = typeof step === "number" ? step : String(step);
    path = at(path, key);
    value = isObject(value) || Array.isArray(value)
      ? (value as Readonly<Record<string | number, unknown>>)[key]
      : undefined;
  }
  if (!isGiven(value) && path !== null) return missing(path);
  switch (issue.code) {
    case "invalid_type":
      return wrongType(path, {
        got: value,
        expected: TYPE_NAMES[issue.expected] ?? issue.expected,
      });
    case "invalid_value":
      return ofOptions(issue.values, { value, path });
    case "too_big":
      return wrongValue(path, {
        got: value,
        expected: `at most ${sized(issue.maximum, issue.origin)}`,
      });
    case "too_small":
      return wrongValue(path, {
        got: value,
        expected: `at least ${sized(issue.minimum, issue.origin)}`,
      });
    case "invalid_union":
      return ofUnion(issue, { value, path });
    case "custom":
      return wrongType(path, { got: value, expected: issue.message });
    default:
      return wrongValue(path, { got: value, expected: issue.message });
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  array: "an array",
  object: "an object",
};

function sized(limit: number | bigint, origin: string): string {
  if (origin === "string") return limit === 1 ? "1 character" : `${limit} characters`;
  return String(limit);
}

function ofOptions(options: readonly unknown[], { value, path }: Place): RequestError {
  const mismatch = { got: value, expected: oneOf(options) };
  return options.some((option) => typeof option === typeof value)
    ? wrongValue(path, mismatch)
    : wrongType(path, mismatch);
}

/** The branch that came furthest knows best; where none came past the value itself, all are named. */
function ofUnion(issue: z.core.$ZodIssueInvalidUnion, place: Place): RequestError {
  if (issue.discriminator !== undefined) {
    return ofOptions("options" in issue ? issue.options as readonly unknown[] : [], place);
  }
  const firsts = issue.errors.flatMap((branch) => branch.slice(0, 1));
  const furthest = firsts.find((first) => first.code !== "invalid_type" || first.path.length > 0);
  if (furthest) return requestErrorOf(furthest, place);
  const names = firsts.map((first) =>
    first.code === "invalid_type" ? TYPE_NAMES[first.expected] ?? first.expected : first.message
  );
  return wrongType(place.path, { got: place.value, expected: names.join(" or ") });
}
