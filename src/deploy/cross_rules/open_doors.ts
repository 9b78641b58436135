/**
 * Nothing listens beyond loopback without a key, unless the operator insists.
 * @module
 */
import { isLoopback } from "../../hosting/loopback.ts";
import type { Overrides } from "../overrides.ts";
import { asMapping, asText, quote, type TreeMapping, type TreePath } from "../tree.ts";
import type { Findings } from "./findings.ts";

/** Checks what host, keys and overrides come to together. */
export function openDoorProblems(
  file: TreeMapping,
  overrides: Overrides,
  findings: Findings,
): void {
  if (overrides.prefix !== undefined && file.entrypoints !== undefined) {
    findings.add(["prefix"], "Cannot be set beside entrypoints", "the paths under entrypoints");
  }
  const host = overrides.host ?? asText(file.host) ?? "127.0.0.1";
  const insecure = overrides.insecure ?? file.insecure === true;
  if (host === "" || isLoopback(host) || insecure || overrides.apiKey !== undefined) return;
  for (const path of openScopes(file)) {
    findings.add(
      [...path, "api_keys"],
      `Missing while other machines can reach host ${quote(host)}`,
      "api_keys, the variable FAKELLM_API_KEY, a loopback host, or insecure",
    );
  }
}

/** Where no keys are configured. */
function openScopes(file: TreeMapping): readonly TreePath[] {
  if (file.entrypoints === undefined) return file.api_keys === undefined ? [[]] : [];
  return Object.entries(asMapping(file.entrypoints) ?? {})
    .filter(([, scope]) => asMapping(scope)?.api_keys === undefined)
    .map(([prefix]) => ["entrypoints", prefix]);
}
