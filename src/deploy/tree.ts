/**
 * The deployment file as plain data, before anything is known of its shape.
 * @module
 */
import type { SetupProblem } from "../run/error.ts";

/** Plain data as YAML or JSON gives it. */
export type Tree = null | boolean | number | string | readonly Tree[] | TreeMapping;

/** A mapping of plain data. */
export interface TreeMapping {
  readonly [key: string]: Tree;
}

/** Where a value stands: keys and list positions from the root. */
export type TreePath = readonly (string | number)[];

/** `value` when it is a mapping, else undefined. */
export function asMapping(value: Tree | undefined): TreeMapping | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as TreeMapping
    : undefined;
}

/** `value` when it is a list, else undefined. */
export function asList(value: Tree | undefined): readonly Tree[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** `value` when it is text, else undefined. */
export function asText(value: Tree | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The texts of one text or a list, each with its path; anything else is left to the schema. */
export function textsOf(
  value: Tree | undefined,
  path: TreePath,
): readonly { readonly text: string; readonly path: TreePath }[] {
  if (typeof value === "string") return [{ text: value, path }];
  return (asList(value) ?? []).flatMap((item, index) =>
    typeof item === "string" ? [{ text: item, path: [...path, index] }] : []
  );
}

/** The value at `path`, or undefined where there is none. */
export function valueAt(tree: Tree, path: TreePath): Tree | undefined {
  let value: Tree | undefined = tree;
  for (const step of path) {
    value = typeof step === "number"
      ? asList(value)?.[step]
      : Object.entries(asMapping(value) ?? {}).find(([key]) => key === step)?.[1];
    if (value === undefined) return undefined;
  }
  return value;
}

/** One entry of a mapping by name, or of a list whose items carry their name. */
export interface NamedEntry {
  readonly name: string;
  readonly value: TreeMapping;
  /** Path of the entry. */
  readonly path: TreePath;
  /** Path of what names it: the entry itself in a mapping, its name key in a list. */
  readonly namePath: TreePath;
}

/** The entries of `value` that have a name and are mappings; the rest is left to the schema. */
export function namedEntries(
  value: Tree | undefined,
  path: TreePath,
  options: { readonly nameKey: string },
): readonly NamedEntry[] {
  const list = asList(value);
  if (!list) {
    return Object.entries(asMapping(value) ?? {}).flatMap(([name, item]) => {
      const mapping = asMapping(item);
      const at = [...path, name];
      return mapping ? [{ name, value: mapping, path: at, namePath: at }] : [];
    });
  }
  return list.flatMap((item, index) => {
    const mapping = asMapping(item);
    const name = asText(mapping?.[options.nameKey]);
    const at = [...path, index];
    return mapping && name
      ? [{ name, value: mapping, path: at, namePath: [...at, options.nameKey] }]
      : [];
  });
}

const PLAIN_KEY = /^[\w-]+$/;
const MAX_SHOWN_CHARS = 80;

/** A path as people read it: `models.alpha.mcps[0]`, `entrypoints["/a/v1"].models`. */
export function formatPath(path: TreePath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!PLAIN_KEY.test(step)) text += `[${quote(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** `text` in quotes on one line, cut when long. */
export function quote(text: string): string {
  const shown = text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
  return JSON.stringify(shown).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One thing that is wrong, in the form every problem has. */
export function problem(
  path: TreePath,
  wrong: string,
  options: { readonly accepted: string },
): SetupProblem {
  return { path: formatPath(path), message: `${wrong}; accepted: ${options.accepted}` };
}
