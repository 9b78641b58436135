/**
 * What the rules share: how they report, and how they look names up.
 * @module
 */
import { nearest } from "../suggest.ts";
import {
  asText,
  namedEntries,
  quote,
  type Tree,
  type TreeMapping,
  type TreePath,
} from "../tree.ts";

/** Where rules put what they find. */
export interface Findings {
  /** Adds one problem. */
  add(path: TreePath, wrong: string, accepted: string): void;
  /** Whether the text at a path came from a variable and must not be shown. */
  readonly secretAt: (path: TreePath) => boolean;
}

/** The names under a top-level key whose entries are named by `name`. */
export function namesAt(file: TreeMapping, key: string): ReadonlySet<string> {
  return new Set(namedEntries(file[key], [key], { nameKey: "name" }).map(({ name }) => name));
}

/** What a reference points into. */
export interface Target {
  /** What the names name, as "backend". */
  readonly kind: string;
  readonly names: ReadonlySet<string>;
  readonly findings: Findings;
}

/** Reports a name that is not defined. */
export function expectKnown(name: string, path: TreePath, target: Target): void {
  if (target.names.has(name)) return;
  const meant = nearest(name, target.names);
  const shown = target.findings.secretAt(path) ? "from a variable" : quote(name);
  const hint = meant === undefined ? "" : ` (did you mean ${quote(meant)}?)`;
  target.findings.add(
    path,
    `Unknown ${target.kind} ${shown}${hint}`,
    target.names.size === 0
      ? `a defined ${target.kind}, and none is defined`
      : [...target.names].map(quote).join(", "),
  );
}

/** Reports names that a list gives to more than one item. */
export function duplicateProblems(
  value: Tree | undefined,
  path: TreePath,
  options: { readonly nameKey: string; readonly findings: Findings },
): void {
  const seen = new Set<string>();
  for (const entry of namedEntries(value, path, options)) {
    if (seen.has(entry.name)) {
      options.findings.add(
        entry.namePath,
        `Duplicate ${options.nameKey} ${quote(entry.name)}`,
        `each ${options.nameKey} once`,
      );
    }
    seen.add(entry.name);
  }
}

/** Reports those of `keys` that `entry` has although they do not belong there. */
export function excludeKeys(
  entry: TreeMapping,
  path: TreePath,
  options: { readonly keys: readonly string[]; readonly when: string; readonly findings: Findings },
): void {
  for (const key of options.keys) {
    if (entry[key] !== undefined) {
      options.findings.add([...path, key], `Cannot stand beside ${options.when}`, `no ${key} here`);
    }
  }
}

/** Text under `key`, or undefined. */
export function textAt(entry: TreeMapping, key: string): string | undefined {
  return asText(entry[key]);
}
