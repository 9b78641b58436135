/**
 * Rules of `models`.
 * @module
 */
import {
  asMapping,
  asText,
  namedEntries,
  quote,
  textsOf,
  type Tree,
  type TreeMapping,
  type TreePath,
} from "../tree.ts";
import { excludeKeys, expectKnown, type Findings } from "./findings.ts";

/** Names that models can point to. */
export interface Known {
  readonly backends: ReadonlySet<string>;
  readonly mcps: ReadonlySet<string>;
  readonly findings: Findings;
}

const MODULE_KEYS = ["permissions", "integrity", "backends"] as const;
const AGENT_KEYS = ["instructions", "settings", "code_mode", "approval"] as const;
const MODULE_SCHEMES: ReadonlySet<string> = new Set([
  "http:",
  "https:",
  "jsr:",
  "npm:",
  "data:",
  "file:",
]);
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]+:/;

/** Checks what answers each model, the names it points to, and keys that exclude each other. */
export function modelProblems(models: Tree | undefined, path: TreePath, known: Known): void {
  for (const entry of namedEntries(models, path, { nameKey: "model_id" })) {
    sourceProblems(entry.value, entry.path, known);
    referenceProblems(entry.value, entry.path, known);
    approvalProblems(entry.value, [...entry.path, "approval"], known.findings);
    reasoningProblems(entry.value, [...entry.path, "responses_reasoning"], known.findings);
  }
}

function sourceProblems(model: TreeMapping, path: TreePath, { findings }: Known): void {
  const { backend, module } = model;
  if (backend === undefined && module === undefined) {
    findings.add(path, "Has neither backend nor module", "exactly one of backend and module");
  } else if (backend !== undefined && module !== undefined) {
    findings.add(path, "Has both backend and module", "exactly one of backend and module");
  } else if (module === undefined) {
    excludeKeys(model, path, { keys: MODULE_KEYS, when: "backend", findings });
  } else {
    excludeKeys(model, path, { keys: AGENT_KEYS, when: "module", findings });
  }
  const scheme = SCHEME.exec(asText(module) ?? "")?.[0];
  if (scheme !== undefined && !MODULE_SCHEMES.has(scheme.toLowerCase())) {
    const at = [...path, "module"];
    const shown = findings.secretAt(at) ? "this scheme" : `scheme ${quote(scheme)}`;
    findings.add(
      at,
      `Cannot load from ${shown}`,
      "a path, or a URL of http, https, jsr, npm, data or file",
    );
  }
}

function referenceProblems(model: TreeMapping, path: TreePath, known: Known): void {
  const { findings } = known;
  const backends = { kind: "backend", names: known.backends, findings };
  const backend = asText(model.backend);
  if (backend) expectKnown(backend, [...path, "backend"], backends);
  for (const { text, path: at } of textsOf(model.backends, [...path, "backends"])) {
    expectKnown(text, at, backends);
  }
  const cheaper = asText(asMapping(model.background_tasks)?.backend);
  if (cheaper) expectKnown(cheaper, [...path, "background_tasks", "backend"], backends);
  for (const { text, path: at } of textsOf(model.mcps, [...path, "mcps"])) {
    expectKnown(text, at, { kind: "MCP server", names: known.mcps, findings });
  }
}

function approvalProblems(model: TreeMapping, path: TreePath, findings: Findings): void {
  const approval = asMapping(model.approval);
  if (!approval) return;
  const { ask, label, text } = approval;
  if (ask === "client") {
    if (label !== undefined && text === undefined) {
      findings.add([...path, "text"], "Missing", "text beside label");
    }
    if (text !== undefined && label === undefined) {
      findings.add([...path, "label"], "Missing", "label beside text");
    }
  } else {
    const keys = ["label", "text", "prompts"];
    excludeKeys(approval, path, { keys, when: "ask: nobody", findings });
  }
}

function reasoningProblems(model: TreeMapping, path: TreePath, findings: Findings): void {
  const reasoning = asMapping(model.responses_reasoning);
  if (!reasoning) return;
  if (reasoning.mode === "premade" && reasoning.chunks === undefined) {
    findings.add([...path, "chunks"], "Missing", "the texts that mode premade shows");
  }
  if (typeof reasoning.mode === "string" && reasoning.mode !== "premade") {
    excludeKeys(reasoning, path, { keys: ["chunks", "interval"], when: "this mode", findings });
  }
}
