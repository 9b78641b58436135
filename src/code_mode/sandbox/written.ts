/**
 * Values of code as JSON.
 * @module
 */
import { limits } from "./limits.ts";

const { inspect } = Deno;
const { stringify } = JSON;
// Before functions take their names.
const { Promise, Map, Set, Error, RegExp, Iterator, Headers, FormData, URLSearchParams } =
  globalThis;
const { Array, ArrayBuffer, DataView, Object, Reflect, String, TypeError } = globalThis;

/**
 * A value as JSON, as far as it can be written down; at once, unless there are promises in it.
 *
 * @throws {TypeError} when it goes round in circles
 */
export function toJson(value: unknown): string | undefined | Promise<string | undefined> {
  const known: Known = new Map();
  const pending = collect(value, known);
  if (pending.length === 0) return jsonOf(value, known);
  return settle(pending, known).then(() => jsonOf(value, known));
}

/** What a value comes to, as JSON: at least a text of it; undefined when there is none. */
export async function writeDown(given: unknown): Promise<string | undefined> {
  const value = await given;
  if (value === undefined) return undefined;
  const known: Known = new Map();
  await settle(collect(value, known), known);
  try {
    return jsonOf(value, known) ?? stringify(String(value));
  } catch {
    return stringify(inspect(value));
  }
}

/** Promises to what they came to, and iterators, which can be read once, to lists. */
type Known = Map<unknown, unknown>;

function jsonOf(value: unknown, known: Known): string | undefined {
  return stringify(value, (key, given) => {
    const item = known.has(given) ? knownOf(given, key, known) : given;
    if (typeof item === "bigint") return String(item);
    if (typeof item !== "object" || item === null) return item;
    if (item instanceof Map) return isRecord(item) ? Object.fromEntries(item) : [...item];
    if (item instanceof Error) return `${item.name}: ${item.message}`;
    if (item instanceof RegExp) return String(item);
    return isList(item) ? [...item] : item;
  });
}

/** What stands for a promise or an iterator, in a form of its own where it has one. */
function knownOf(given: unknown, key: string, known: Known): unknown {
  let item = given;
  while (known.has(item)) item = known.get(item);
  const { toJSON } = Object(item);
  return typeof toJSON === "function" ? toJSON.call(item, key) : item;
}

function isRecord(map: ReadonlyMap<unknown, unknown>): boolean {
  return [...map.keys()].every((key) => typeof key === "string");
}

function isList(item: object): item is Iterable<unknown> {
  return item instanceof Set || ArrayBuffer.isView(item) && !(item instanceof DataView) ||
    item instanceof URLSearchParams || item instanceof Headers || item instanceof FormData;
}

/** Waits for promises, and for those in what they come to. */
async function settle(promises: Promise<unknown>[], known: Known): Promise<void> {
  for (let pending = promises; pending.length > 0;) {
    const values = await Promise.all(pending);
    for (const [index, promise] of pending.entries()) {
      known.set(promise, values[index]);
    }
    pending = values.flatMap((value) => collect(value, known));
  }
}

/** Reads iterators; finds promises that are not known yet. */
function collect(value: unknown, known: Known): Promise<unknown>[] {
  const promises: Promise<unknown>[] = [];
  const seen = new Set<unknown>();
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const item = rest.pop();
    if (typeof item !== "object" || item === null || seen.has(item) || known.has(item)) continue;
    seen.add(item);
    if (item instanceof Promise) promises.push(item);
    else if (item instanceof Iterator) {
      const items = readAll(item);
      known.set(item, items);
      rest.push(items);
    } else for (const inner of itemsOf(item)) rest.push(inner);
  }
  return promises;
}

function itemsOf(item: object): Iterable<unknown> {
  try {
    if (ArrayBuffer.isView(item) || typeof Reflect.get(item, "toJSON") === "function") return [];
    if (item instanceof Map || item instanceof Set) return item.values();
    return Array.isArray(item) ? item : Object.values(item);
  } catch {
    // It cannot be written down either.
    return [];
  }
}

/** An iterator need not end; what is longer than this has no room anyway. */
function readAll(iterator: Iterable<unknown>): unknown[] {
  const items: unknown[] = [];
  for (const item of iterator) {
    if (items.length >= limits.maxChars / 2) throw new TypeError("Iterator has too many values");
    items.push(item);
  }
  return items;
}
