/**
 * Rules between keys of the deployment file: names that must exist, keys that exclude each other.
 *
 * They read the tree as it is and pass over what has the wrong shape, so that they find their
 * problems also in a file whose schema has others.
 *
 * @module
 */
import type { SetupProblem } from "../run/error.ts";
import { apiKeyProblems } from "./cross_rules/api_keys.ts";
import { backendProblems } from "./cross_rules/backends.ts";
import { mcpProblems } from "./cross_rules/mcps.ts";
import { modelProblems } from "./cross_rules/models.ts";
import type { Overrides } from "./overrides.ts";
import { openDoorProblems } from "./cross_rules/open_doors.ts";
import { duplicateProblems, expectKnown, type Findings, namesAt } from "./cross_rules/findings.ts";
import { asMapping, problem, textsOf, type Tree, type TreeMapping, type TreePath } from "./tree.ts";

/** What the rules need besides the tree. */
export interface CrossRuleOptions {
  /** Whether the text at a path came from a variable and must not be shown. */
  readonly secretAt: (path: TreePath) => boolean;
  /** What flags and variables say. */
  readonly overrides: Overrides;
}

/** Every problem between keys of `tree`. */
export async function crossProblems(
  tree: Tree,
  options: CrossRuleOptions,
): Promise<readonly SetupProblem[]> {
  const file = asMapping(tree);
  if (!file) return [];
  const problems: SetupProblem[] = [];
  const findings: Findings = {
    add: (path, wrong, accepted) => problems.push(problem(path, wrong, { accepted })),
    secretAt: options.secretAt,
  };
  backendProblems(file, findings);
  mcpProblems(file, findings);
  storeProblems(file, findings);
  await entrypointProblems(file, findings);
  openDoorProblems(file, options.overrides, findings);
  return problems;
}

const EXCLUDED_BY_ENTRYPOINTS = ["models", "prefix", "api_keys"] as const;

async function entrypointProblems(file: TreeMapping, findings: Findings): Promise<void> {
  const shared = { backends: namesAt(file, "backends"), mcps: namesAt(file, "mcps") };
  if (file.entrypoints === undefined) {
    await scopeProblems(file, { path: [], findings, ...shared });
    return;
  }
  for (const key of EXCLUDED_BY_ENTRYPOINTS) {
    if (file[key] !== undefined) {
      findings.add([key], "Cannot stand beside entrypoints", `${key} inside an entrypoint`);
    }
  }
  const seen = new Map<string, string>();
  const entrypoints = asMapping(file.entrypoints);
  if (!entrypoints) return;
  if (Object.keys(entrypoints).length === 0) {
    findings.add(["entrypoints"], "Empty", "at least one entrypoint");
  }
  for (const [prefix, entrypoint] of Object.entries(entrypoints)) {
    const path = ["entrypoints", prefix];
    const same = prefix.replace(/\/$/, "");
    if (seen.has(same)) findings.add(path, "Duplicate path", "each path once");
    seen.set(same, prefix);
    const scope = asMapping(entrypoint);
    if (scope) await scopeProblems(scope, { path, findings, ...shared });
  }
}

interface Scope {
  readonly path: TreePath;
  readonly findings: Findings;
  readonly backends: ReadonlySet<string>;
  readonly mcps: ReadonlySet<string>;
}

/** Models and keys of one entrypoint. */
async function scopeProblems(scope: TreeMapping, options: Scope): Promise<void> {
  const path = [...options.path, "models"];
  const { models } = scope;
  if (models === undefined && options.path.length === 0) {
    options.findings.add(path, "Missing", "at least one model, or entrypoints");
  }
  if (typeof models === "object" && models !== null && Object.keys(models).length === 0) {
    options.findings.add(path, "Empty", "at least one model");
  }
  if (options.path.length > 0) {
    for (const { text, path: at } of textsOf(scope.mcps, [...options.path, "mcps"])) {
      expectKnown(text, at, {
        kind: "MCP server",
        names: options.mcps,
        findings: options.findings,
      });
    }
  }
  duplicateProblems(models, path, { nameKey: "model_id", findings: options.findings });
  modelProblems(models, path, options);
  await apiKeyProblems(scope, options.path, options.findings);
}

/** Keys of a store that not every type has. */
const STORE_KEYS: readonly (readonly [key: string, types: readonly string[]])[] = [
  ["path", ["sqlite"]],
  ["url", ["redis"]],
  ["max_size", ["memory", "sqlite"]],
];

function storeProblems(file: TreeMapping, findings: Findings): void {
  const store = asMapping(file.store);
  if (!store) return;
  for (const [key, types] of STORE_KEYS) {
    if (store[key] !== undefined && !types.some((type) => type === store.type)) {
      findings.add(
        ["store", key],
        "Cannot stand beside this type",
        `${key} with type ${types.join(" or ")} only`,
      );
    }
  }
}
