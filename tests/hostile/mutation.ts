/**
 * Breaks JSON by chance: its values, its keys, its text, its bytes.
 * @module
 */
import type { Random } from "../secrecy/random.ts";

/** Values that break things. JSON text, since some of them no JavaScript value would give. */
const JUNK: readonly string[] = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-1",
  "1.5",
  "1e309",
  "-1e309",
  "1e-400",
  "9007199254740993",
  "123456789012345678901234567890",
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\\u2028\\u2029"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"auto"',
  '"required"',
  '"function"',
  '"assistant"',
  '"tool"',
  '"data:;base64,"',
  '"data:image/png;base64,%%%"',
  '"ftp://x"',
  '"http://127.0.0.1/"',
  '"https://"',
  '"javascript:alert(1)"',
  '"a/b c?d=e#f"',
  JSON.stringify("🂡".repeat(50)),
  JSON.stringify("x".repeat(5000)),
  JSON.stringify('{"nested":"json"}'),
  "[]",
  "[null]",
  "[[]]",
  "[{}]",
  "[[[[[[[[[[]]]]]]]]]]",
  "{}",
  '{"":null}',
  '{"__proto__":{"type":"text","role":"user"}}',
  '{"constructor":{"prototype":{}}}',
  '{"toString":1,"valueOf":2,"then":3}',
  '{"length":1,"0":{}}',
  '{"type":"function"}',
  '{"type":"text","text":"x"}',
  '{"role":"user","content":"x"}',
  '{"$ref":"#"}',
  '{"$ref":"#/definitions/none","type":["string","null"]}',
  '{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}',
  '{"type":"string","pattern":"(a+)+$"}',
  '{"allOf":[{"not":{}}]}',
  '{"enum":[]}',
];

const KEYS = ["__proto__", "constructor", "toString", "hasOwnProperty", "", "type", "then", "0"];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A node of the tree: what holds it and where. */
interface Place {
  readonly holder: Json[] | { [key: string]: Json };
  readonly key: string | number;
}

/** `body` with one to four things wrong, as text or bytes. */
export function mutate(body: unknown, random: Random): string | Uint8Array<ArrayBuffer> {
  const tree: Json = structuredClone(body) as Json;
  for (let times = 1 + random.below(3); times > 0; times--) mutateTree(tree, random);
  const text = JSON.stringify(tree);
  if (random.chance(0.85)) return text;
  return random.chance(0.5) ? mutateText(text, random) : mutateBytes(text, random);
}

function mutateTree(tree: Json, random: Random): void {
  const places = placesOf(tree);
  if (places.length === 0) return;
  const { holder, key } = random.pick(places);
  const value = get({ holder, key });
  switch (random.below(7)) {
    case 0:
    case 1:
      return set({ holder, key }, JSON.parse(random.pick(JUNK)));
    case 2:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      return;
    case 3:
      if (Array.isArray(holder)) holder.push(structuredClone(value));
      else set({ holder, key: random.pick(KEYS) }, structuredClone(value));
      return;
    case 4:
      return set({ holder, key }, structuredClone(get(random.pick(places))));
    case 5:
      return set({ holder, key }, random.chance(0.5) ? [value] : { [random.pick(KEYS)]: value });
    default:
      return set({ holder, key }, twisted(value, random));
  }
}

/** A value of the same kind. */
function twisted(value: Json, random: Random): Json {
  if (typeof value === "number") return value * random.pick([-1, 0, 1e9, 1.5, 1e300]);
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") {
    const at = random.below(value.length + 1);
    return random.pick([
      value.slice(0, at),
      value.slice(at),
      `${value.slice(0, at)}\u0000${value.slice(at)}`,
      value.toUpperCase(),
      value.repeat(3),
    ]);
  }
  if (Array.isArray(value)) return value.toReversed();
  return value;
}

/** Defines instead of assigning: a key named `__proto__` is a key. */
function set({ holder, key }: Place, value: Json): void {
  Object.defineProperty(holder, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function get({ holder, key }: Place): Json {
  return (holder as { [key: string | number]: Json })[key] ?? null;
}

function placesOf(value: Json, into: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null) return into;
  for (const key of Object.keys(value)) {
    const place: Place = { holder: value, key: Array.isArray(value) ? Number(key) : key };
    into.push(place);
    placesOf(get(place), into);
  }
  return into;
}

const SYNTAX = ['"', "{", "}", "[", "]", ",", ":", "\\", "e", "-", "\n", "null", '{"a":', "\u2028"];

function mutateText(text: string, random: Random): string {
  const at = random.below(text.length);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + random.pick(SYNTAX) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(at + 1);
    default: {
      // The first field twice, with another value.
      const key = text.slice(1, text.indexOf(":"));
      return `{${key}:${random.pick(JUNK)},${text.slice(1)}`;
    }
  }
}

function mutateBytes(text: string, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  for (let times = 1 + random.below(4); times > 0; times--) {
    bytes[random.below(bytes.length)] = random.below(256);
  }
  return bytes;
}
