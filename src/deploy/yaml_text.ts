/**
 * Writes plain data as YAML.
 * @module
 */

/** What can be written; undefined entries are left out. */
export type Writable =
  | string
  | number
  | boolean
  | null
  | readonly Writable[]
  | { readonly [key: string]: Writable | undefined };

/** `value` as YAML lines without a line break at the end. */
export function yamlText(value: Writable): string {
  return lines(value, "").join("\n");
}

function lines(value: Writable, indent: string): string[] {
  if (isList(value)) {
    return value.flatMap((item) => {
      const nested = lines(item, `${indent}  `);
      const first = nested[0] ?? "";
      return isBlock(item)
        ? [`${indent}- ${first.trimStart()}`, ...nested.slice(1)]
        : [`${indent}- ${scalar(item)}`];
    });
  }
  if (isMapping(value)) {
    return Object.entries(value).flatMap(([key, item]) => {
      if (item === undefined) return [];
      const name = `${indent}${scalar(key)}:`;
      return isBlock(item) ? [name, ...lines(item, `${indent}  `)] : [`${name} ${scalar(item)}`];
    });
  }
  return [`${indent}${scalar(value)}`];
}

function isList(value: Writable): value is readonly Writable[] {
  return Array.isArray(value);
}

function isMapping(value: Writable): value is { readonly [key: string]: Writable | undefined } {
  return typeof value === "object" && value !== null && !isList(value);
}

/** Whether `value` takes lines of its own. */
function isBlock(value: Writable): boolean {
  if (isList(value)) return value.length > 0;
  return isMapping(value) && Object.values(value).some((item) => item !== undefined);
}

/** Text that no YAML reader takes for anything else. */
const PLAIN = /^[A-Za-z/][\w./-]*$/;
const WORD = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

function scalar(value: Writable): string {
  if (typeof value === "string") {
    return PLAIN.test(value) && !WORD.test(value) ? value : JSON.stringify(value);
  }
  if (isList(value)) return "[]";
  if (isMapping(value)) return "{}";
  return String(value);
}
