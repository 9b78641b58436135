/**
 * Building blocks of the deployment file's schema.
 *
 * Every block's error message is the sentence behind `accepted:` in a problem line; `validate.ts`
 * puts what is wrong before it.
 *
 * @module
 */
import { z } from "zod";
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from "../../run/units.ts";

/** Longest time a timer of the runtime can wait, rounded down to whole days. */
const MAX_DURATION_MS = 24 * 86_400_000;

/** Text with at least one character. */
export function text(accepted = "text"): z.ZodString {
  return z.string({ error: accepted }).min(1, { error: accepted });
}

/** Text that may be empty. */
export function anyText(accepted = "text"): z.ZodString {
  return z.string({ error: accepted });
}

/** Text of a given form. */
export function form(pattern: RegExp, accepted: string): z.ZodString {
  return z.string({ error: accepted }).regex(pattern, { error: accepted });
}

/** A whole number within bounds, both included. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodNumber {
  const error = max === Number.MAX_SAFE_INTEGER
    ? `a whole number of at least ${min}`
    : `a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** A number within bounds, both included. */
export function decimal(min: number, max: number): z.ZodNumber {
  const error = `a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** A number above zero. */
export function positive(): z.ZodNumber {
  const error = "a number above 0";
  return z.number({ error }).gt(0, { error });
}

/** `true` or `false`. */
export function flag(): z.ZodBoolean {
  return z.boolean({ error: "true or false" });
}

/** One of some words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: words.join(", ") });
}

/** A time span with its unit; at most 24 days, which is as long as a timer can wait. */
export function duration(options: { readonly minMs: number }): z.ZodString {
  const accepted = `a duration with its unit (ms, s, m, h, d) as "30s", ${
    options.minMs > 0 ? "above 0 and " : ""
  }at most 24d`;
  return form(DURATION_PATTERN, accepted).refine((text) => {
    const ms = parseDuration(text);
    return ms === undefined || (ms >= options.minMs && ms <= MAX_DURATION_MS);
  }, { error: accepted });
}

/** A number of bytes with its unit; at least one byte, at most 1 GiB. */
export function size(): z.ZodString {
  const accepted = 'a size with its unit (B, KB, MB, GB, KiB, MiB, GiB) as "64MiB", at most 1GiB';
  return form(SIZE_PATTERN, accepted).refine((text) => {
    const bytes = parseSize(text);
    return bytes === undefined || (bytes >= 1 && bytes <= 2 ** 30);
  }, { error: accepted });
}

/** Whether `text` is an absolute URL that a client of the given schemes can call as it is. */
function isUrl(text: string, schemes: readonly string[]): boolean {
  const url = URL.parse(text);
  return url !== null && schemes.includes(url.protocol) && url.host !== "" &&
    url.username === "" && url.password === "" && url.hash === "";
}

/** An absolute URL without user name, password and fragment. */
export function url(schemes: readonly [string, ...string[]]): z.ZodString {
  const shown = schemes.map((scheme) => `${scheme}//`).join(" or ");
  const accepted = `an absolute ${shown} URL without user name, password or fragment`;
  return z.string({ error: accepted }).refine((text) => isUrl(text, schemes), { error: accepted });
}

const NAME_ACCEPTED = "a name of 1 to 256 characters, no blank at its ends, no control characters";

/** A name that ids, paths and log lines can carry. */
export function name(accepted: string = NAME_ACCEPTED): z.ZodString {
  return form(/^(?!\s)(?!.*\s$)\P{Cc}{1,256}$/u, accepted);
}

/** A list of at least one item. */
export function list<Item extends z.ZodType>(item: Item, accepted: string): z.ZodArray<Item> {
  return z.array(item, { error: accepted }).min(1, { error: accepted });
}

/** One text or a list of them. */
export function oneOrMore<Item extends z.ZodType>(
  item: Item,
  accepted: string,
): z.ZodUnion<[Item, z.ZodArray<Item>]> {
  return z.union([item, list(item, accepted)], { error: accepted });
}

/** A mapping with exactly these keys. */
export function mapping<Shape extends z.ZodRawShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => issue.code === "unrecognized_keys" ? keys : `a mapping with ${keys}`,
  });
}

/** A mapping from any name to `value`. */
export function dictionary<Key extends z.ZodString, Value extends z.ZodType>(
  key: Key,
  value: Value,
  accepted: string,
): z.ZodRecord<Key, Value> {
  return z.record(key, value, { error: accepted });
}

/** A mapping by name, or a list whose items carry the name under `nameKey`. */
export function named<const NameKey extends string, Shape extends z.ZodRawShape>(
  nameKey: NameKey,
  shape: Shape,
) {
  const error = `a mapping by name, or a list of mappings with ${nameKey}`;
  const item = { [nameKey]: name() } as Record<NameKey, ReturnType<typeof name>>;
  return z.union([
    dictionary(name(), mapping(shape), error),
    z.array(mapping({ ...item, ...shape }), { error }),
  ], { error });
}

/** The name of a header. */
export function headerName(): z.ZodString {
  return form(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "a header name");
}

/** What a header can hold. */
export function headerText(): z.ZodString {
  return form(/^[\t\x20-\x7e\xa0-\xff]*$/, "Latin-1 text without line breaks");
}

/** Headers by name. */
export function headers(): z.ZodRecord<z.ZodString, z.ZodString> {
  return dictionary(headerName(), headerText(), "a mapping from header names to text");
}
