/**
 * Rules of `backends`.
 * @module
 */
import { namedEntries, type NamedEntry, quote, textsOf, type TreeMapping } from "../tree.ts";
import { duplicateProblems, excludeKeys, expectKnown, type Findings } from "./findings.ts";

const ENDPOINT_KEYS = [
  "base_url",
  "api_key",
  "headers",
  "timeout",
  "max_retries",
  "fetch_urls",
] as const;

/** Checks types and their keys, names of fallbacks, and that no chain of fallbacks is a ring. */
export function backendProblems(file: TreeMapping, findings: Findings): void {
  const entries = namedEntries(file.backends, ["backends"], { nameKey: "name" });
  duplicateProblems(file.backends, ["backends"], { nameKey: "name", findings });
  const names = new Set(entries.map(({ name }) => name));
  for (const { value, path } of entries) {
    if (value.type === "demo") {
      excludeKeys(value, path, { keys: ENDPOINT_KEYS, when: "type demo", findings });
    } else {
      for (const key of ["base_url", "model"]) {
        if (value[key] === undefined) {
          findings.add([...path, key], "Missing", `${key} of the endpoint, or type demo`);
        }
      }
    }
    for (const { text, path: at } of textsOf(value.fallback, [...path, "fallback"])) {
      expectKnown(text, at, { kind: "backend", names, findings });
    }
  }
  ringProblems(entries, findings);
}

/** Walks every chain of fallbacks once; a ring is reported where it closes. */
function ringProblems(entries: readonly NamedEntry[], findings: Findings): void {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const done = new Set<string>();

  function walk(entry: NamedEntry, chain: readonly string[]): void {
    const names = [...chain, entry.name];
    for (const { text, path } of textsOf(entry.value.fallback, [...entry.path, "fallback"])) {
      const start = names.indexOf(text);
      const next = byName.get(text);
      if (start >= 0) {
        const ring = [...names.slice(start), text].map(quote).join(" -> ");
        findings.add(path, `Ring of fallbacks ${ring}`, "fallbacks that end");
      } else if (next && !done.has(text)) {
        walk(next, names);
      }
    }
    done.add(entry.name);
  }

  for (const entry of entries) if (!done.has(entry.name)) walk(entry, []);
}
