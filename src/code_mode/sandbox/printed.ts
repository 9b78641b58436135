/**
 * What code prints, and what goes wrong with nobody to catch it.
 * @module
 */
import { limits } from "./limits.ts";

const { inspect } = Deno;
// Before functions take their names.
const { Map, Set, Error, Array, Object, Reflect } = globalThis;
let printed = "";

function print(...values: readonly unknown[]): void {
  if (printed.length > limits.maxChars) return;
  const texts = values.map((value) => typeof value === "string" ? value : shown(value));
  printed += `${texts.join(" ")}\n`;
}

/** A value with all that is in it, unless that is more than may be printed. */
function shown(value: unknown): string {
  const { maxChars } = limits;
  return fits(value, maxChars)
    ? inspect(value, { depth: SHOWN_DEPTH, iterableLimit: maxChars, strAbbreviateSize: maxChars })
    : inspect(value);
}

const SHOWN_DEPTH = 20;

/** Whether a value takes about so many characters at most; what it holds twice counts twice. */
function fits(value: unknown, maxChars: number): boolean {
  const rest: { readonly item: unknown; readonly depth: number }[] = [{ item: value, depth: 0 }];
  let chars = 0;
  try {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const { item, depth } = next;
      chars += typeof item === "string" ? item.length : 2;
      if (chars > maxChars) return false;
      if (typeof item !== "object" || item === null || depth > SHOWN_DEPTH) continue;
      const items = item instanceof Map
        ? [...item.keys(), ...item.values()]
        : item instanceof Set || Array.isArray(item)
        ? item
        : Object.values(Object.getOwnPropertyDescriptors(item)).map((property) => property.value);
      for (const inner of items) {
        rest.push({ item: inner, depth: depth + 1 });
        if (chars + rest.length > maxChars) return false;
      }
    }
    return true;
  } catch {
    return false;
  }
}

/** Takes what was printed since the last time. */
export function takePrinted(): string {
  const { maxChars } = limits;
  const output = printed;
  printed = "";
  return output.length <= maxChars
    ? output
    : `${output.slice(0, maxChars)}\n[Cut: more than ${maxChars} characters]\n`;
}

// Everything a console has: it would write to standard output by itself.
for (const name of Object.keys(console)) {
  const silent = /^(?:count|time|group|clear|profile|indentLevel)/.test(name);
  Reflect.set(console, name, silent ? () => {} : print);
}
// deno-lint-ignore no-console -- what code prints is part of its result.
console.assert = (held, ...values) => held || print("Assertion failed", ...values);

// What nobody catches is told, and ends nothing.
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  print(`Unhandled rejection: ${told(event.reason)}`);
});
addEventListener("error", (event) => {
  event.preventDefault();
  print(`Uncaught: ${told(event.error)}`);
});

function told(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : inspect(thrown);
}
