/**
 * Rules of `api_keys`.
 * @module
 */
import {
  asList,
  asMapping,
  asText,
  namedEntries,
  textsOf,
  type TreeMapping,
  type TreePath,
} from "../tree.ts";
import { expectKnown, type Findings } from "./findings.ts";

/** Checks the keys of one entrypoint: one value each, no value twice, known models. */
export async function apiKeyProblems(
  scope: TreeMapping,
  path: TreePath,
  findings: Findings,
): Promise<void> {
  const models = new Set(
    namedEntries(scope.models, [], { nameKey: "model_id" }).map(({ name }) => name),
  );
  const hashes = new Set<string>();
  for (const [index, item] of (asList(scope.api_keys) ?? []).entries()) {
    const key = asMapping(item);
    if (!key) continue;
    const at = [...path, "api_keys", index];
    await valueProblems(key, { path: at, hashes, findings });
    modelScopeProblems(key, { path: at, models, findings });
  }
}

interface ValueOptions {
  readonly path: TreePath;
  /** Hashes of the keys seen so far. */
  readonly hashes: Set<string>;
  readonly findings: Findings;
}

async function valueProblems(
  key: TreeMapping,
  { path, hashes, findings }: ValueOptions,
): Promise<void> {
  const accepted = "exactly one of key and key_sha256";
  const { key: plain, key_sha256: digest } = key;
  if (plain === undefined && digest === undefined) {
    findings.add([...path, "key"], "Missing", accepted);
    return;
  }
  if (plain !== undefined && digest !== undefined) {
    findings.add([...path, "key_sha256"], "Cannot stand beside key", accepted);
  }
  const text = asText(plain);
  const hash = text ? await sha256Hex(text) : asText(digest)?.toLowerCase();
  if (!hash) return;
  if (hashes.has(hash)) {
    const at = [...path, text ? "key" : "key_sha256"];
    findings.add(at, "The same key as an earlier one", "each key once");
  }
  hashes.add(hash);
}

async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}

interface ModelScopeOptions {
  readonly path: TreePath;
  readonly models: ReadonlySet<string>;
  readonly findings: Findings;
}

function modelScopeProblems(key: TreeMapping, { path, models, findings }: ModelScopeOptions): void {
  if (key.model_id !== undefined && key.models !== undefined) {
    findings.add([...path, "models"], "Cannot stand beside model_id", "one of model_id and models");
  }
  const named = [
    ...textsOf(key.model_id, [...path, "model_id"]),
    ...textsOf(key.models, [...path, "models"]),
  ];
  for (const { text, path: at } of named) {
    if (text) expectKnown(text, at, { kind: "model", names: models, findings });
  }
}
