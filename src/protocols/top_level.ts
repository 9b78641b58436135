/**
 * Top-level fields of a request that every OpenAI endpoint treats alike.
 * @module
 */
import { RequestError } from "../run/error.ts";
import { at, describeValue, isGiven, isObject, wrongType, wrongValue } from "./issue.ts";

/** A request body: JSON's object, of which nothing else is known. */
export type Body = Readonly<Record<string, unknown>>;

/**
 * The body as an object.
 *
 * @throws {RequestError} `malformed-request` when it is none
 */
export function readBody(body: unknown): Body {
  if (!isObject(body)) throw wrongType(null, { got: body, expected: "a JSON object" });
  return body;
}

/** The fields of `body` that are neither absent nor among `interpreted`. */
export function extraParameters(body: Body, interpreted: ReadonlySet<string>): Body {
  let extra: [string, unknown][] | undefined;
  for (const key of Object.keys(body)) {
    if (interpreted.has(key) || body[key] === null) continue;
    (extra ??= []).push([key, body[key]]);
  }
  // `fromEntries` defines fields instead of assigning them: a field named `__proto__` stays a field.
  return extra === undefined ? NO_EXTRA : Object.fromEntries(extra);
}

const NO_EXTRA: Body = Object.freeze({});

const MAX_METADATA_PAIRS = 16;
const MAX_METADATA_KEY = 64;
const MAX_METADATA_VALUE = 512;

/**
 * Checks `metadata`: at most 16 pairs, keys of 64 and string values of 512 characters.
 *
 * Source: https://platform.openai.com/docs/api-reference/chat, as typed by openai 7.57.0
 * (2026-11-23)
 *
 * @throws {RequestError} with param `metadata`
 */
export function checkMetadata(value: unknown): void {
  if (!isGiven(value)) return;
  const path = at(null, "metadata");
  if (!isObject(value)) throw wrongType(path, { got: value, expected: "an object" });
  const keys = Object.keys(value);
  if (keys.length > MAX_METADATA_PAIRS) {
    throw metadataError(`got ${keys.length} pairs, expected at most ${MAX_METADATA_PAIRS}`);
  }
  for (const key of keys) {
    if (key.length > MAX_METADATA_KEY) {
      throw metadataError(
        `key ${
          describeValue(key)
        } has ${key.length} characters, expected at most ${MAX_METADATA_KEY}`,
      );
    }
    const item = value[key];
    if (typeof item !== "string") {
      throw wrongType(path, { got: item, expected: `a string for ${describeValue(key)}` });
    }
    if (item.length > MAX_METADATA_VALUE) {
      throw wrongValue(path, {
        got: item,
        expected: `at most ${MAX_METADATA_VALUE} characters for ${describeValue(key)}`,
      });
    }
  }
}

function metadataError(problem: string): RequestError {
  return new RequestError("invalid-value", `Cannot read "metadata": ${problem}`, {
    param: "metadata",
  });
}
