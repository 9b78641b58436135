/**
 * What code prints, and what goes wrong with nobody to catch it.
 * @module
 */

/** What code is held to; told with each piece. */
export const limits = { maxChars: 0 };

const { inspect } = Deno;
let printed = "";

function print(...values: readonly unknown[]): void {
  if (printed.length > limits.maxChars) return;
  const texts = values.map((value) => typeof value === "string" ? value : inspect(value));
  printed += `${texts.join(" ")}\n`;
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
