/**
 * Bounds for JSON that comes from somebody who may want to do harm with it.
 * @module
 */

/** Levels of nesting that whoever writes it down again can bear. */
const MAX_DEPTH = 100;

/** Most values of one text: each costs many times the memory that its text does. */
const MAX_VALUES = 100_000;

/** Shorter text cannot hold as many values. */
const HARMLESS_CHARS = MAX_VALUES;

/** Whether parsed JSON is nested no deeper than can be written down again. */
export function isShallow(value: unknown): boolean {
  return isWithin(value, MAX_DEPTH);
}

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  // `for`-`in` would look at what is inherited.
  for (const child of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof child === "object" && !isWithin(child, depth - 1)) return false;
  }
  return true;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING = new Set([0x5b, 0x7b]);

/** Whether a text holds too many values to be parsed: found out without parsing it. */
export function holdsTooMuch(json: string): boolean {
  return json.length >= HARMLESS_CHARS && holdsMoreThan(MAX_VALUES, json);
}

/** Whether a text holds more values, as far as commas and brackets tell. */
export function holdsMoreThan(maxValues: number, json: string): boolean {
  let values = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(json, at);
      if (at < 0) return false;
    } else if ((char === COMMA || OPENING.has(char)) && ++values > maxValues) return true;
  }
  return false;
}

/** The place of the closing quote; -1 where there is none, which no parser takes. */
function endOfString(json: string, start: number): number {
  for (let at = start;;) {
    at = json.indexOf('"', at + 1);
    if (at < 0) return -1;
    let backslashes = 0;
    while (json[at - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}
