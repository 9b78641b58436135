/**
 * Rules of `mcps`.
 * @module
 */
import { isCredentialHeader } from "../../context/request_context.ts";
import { asMapping, asText, namedEntries, type TreeMapping, type TreePath } from "../tree.ts";
import { duplicateProblems, excludeKeys, type Findings } from "./findings.ts";

const PROCESS_KEYS = ["command", "args", "env", "cwd"] as const;
const HTTP_KEYS = ["url", "headers", "sessions"] as const;
const SOURCES = ["from_header", "from_extra", "from_auth"] as const;

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
    headerProblems(value, [...path, "headers"], findings);
  }
}

/** Checks values that are taken from the client's request. */
function headerProblems(mcp: TreeMapping, path: TreePath, findings: Findings): void {
  for (const [name, given] of Object.entries(asMapping(mcp.headers) ?? {})) {
    const value = asMapping(given);
    if (!value) continue;
    const at = [...path, name];
    if (SOURCES.filter((source) => value[source] !== undefined).length !== 1) {
      findings.add(
        at,
        "Has none or several sources",
        "exactly one of from_header, from_extra and from_auth",
      );
    }
    const header = asText(value.from_header);
    if (header !== undefined && isCredentialHeader(header)) {
      findings.add(
        [...at, "from_header"],
        "Cannot pass on credentials",
        "a header without credentials, or from_auth for the name of the caller's key",
      );
    }
  }
}
