/**
 * Rules of `mcps`.
 * @module
 */
import { namedEntries, type TreeMapping } from "../tree.ts";
import { duplicateProblems, excludeKeys, type Findings } from "./findings.ts";

const PROCESS_KEYS = ["command", "args", "env", "cwd"] as const;
const HTTP_KEYS = ["url", "headers"] as const;

/** Checks that each server has the keys of its transport and no others. */
export function mcpProblems(file: TreeMapping, findings: Findings): void {
  duplicateProblems(file.mcps, ["mcps"], { nameKey: "name", findings });
  for (const { value, path } of namedEntries(file.mcps, ["mcps"], { nameKey: "name" })) {
    const { command, url, transport } = value;
    if (transport === undefined && command === undefined && url === undefined) {
      findings.add(path, "Has neither command nor url", "command (stdio) or url (http, sse)");
      continue;
    }
    if (transport === undefined && command !== undefined && url !== undefined) {
      findings.add(path, "Has both command and url", "command (stdio) or url (http, sse)");
      continue;
    }
    const stdio = transport === "stdio" || (transport === undefined && command !== undefined);
    const [needed, others] = stdio
      ? ["command", HTTP_KEYS] as const
      : ["url", PROCESS_KEYS] as const;
    const when = stdio ? "transport stdio" : "an HTTP transport";
    if (value[needed] === undefined) {
      findings.add([...path, needed], "Missing", `${needed}, which ${when} needs`);
    }
    excludeKeys(value, path, { keys: others, when, findings });
  }
}
