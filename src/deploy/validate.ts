/**
 * Checks a deployment file: every problem at once, each in one line.
 * @module
 */
import type { z } from "zod";
import { SetupError, type SetupProblem } from "../run/error.ts";
import { crossProblems } from "./cross_rules.ts";
import type { Interpolated, Origin } from "./interpolate.ts";
import type { Overrides } from "./overrides.ts";
import { type DeploymentFile, deploymentSchema } from "./schema.ts";
import { nearest } from "./suggest.ts";
import {
  asList,
  asMapping,
  formatPath,
  problem,
  quote,
  type Tree,
  type TreePath,
  valueAt,
} from "./tree.ts";

/**
 * The file as its schema describes it. `overrides` count where a rule looks at what they change.
 *
 * @throws {SetupError} with every problem there is
 */
export async function validate(
  file: Interpolated,
  overrides: Overrides = {},
): Promise<DeploymentFile> {
  const tree = readScalars(file);
  const parsed = deploymentSchema.safeParse(tree);
  const found: SetupProblem[] = [];
  const add = (problem: SetupProblem) => {
    // One cause, one line: what is already known to be wrong is not judged again.
    if (!found.some(({ path }) => path === problem.path)) found.push(problem);
  };
  file.problems.forEach(add);
  for (const { path, issue } of flatten(parsed.error?.issues ?? [], [])) {
    for (const problem of problemsOf(issue, { tree, path, origins: file.origins })) add(problem);
  }
  const secretAt = (path: TreePath) => file.origins.has(formatPath(path));
  (await crossProblems(tree, { secretAt, overrides })).forEach(add);
  if (found.length > 0) throw new SetupError(found);
  if (!parsed.success) throw new SetupError("Cannot use the deployment file");
  return parsed.data;
}

type Issue = z.core.$ZodIssue;

interface PlacedIssue {
  readonly path: TreePath;
  readonly issue: Issue;
}

/** Looks into unions: where exactly one form fits the value's kind, its issues are the real ones. */
function flatten(issues: readonly Issue[], base: TreePath): PlacedIssue[] {
  return issues.flatMap((issue): PlacedIssue[] => {
    const path: TreePath = [
      ...base,
      ...issue.path.map((step) => typeof step === "number" ? step : String(step)),
    ];
    if (issue.code !== "invalid_union") return [{ path, issue }];
    const fitting = issue.errors.filter((branch) => !branch.some(isOfOtherKind));
    return fitting.length === 1 ? flatten(fitting[0]!, path) : [{ path, issue }];
  });
}

function isOfOtherKind(issue: Issue): boolean {
  return issue.path.length === 0 &&
    (issue.code === "invalid_type" || issue.code === "invalid_value");
}

interface Place {
  readonly tree: Tree;
  readonly path: TreePath;
  readonly origins: ReadonlyMap<string, Origin>;
}

function problemsOf(issue: Issue, { tree, path, origins }: Place): SetupProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const meant = nearest(key, issue.message.split(", "));
      const hint = meant === undefined ? "" : ` (did you mean ${quote(meant)}?)`;
      return problem([...path, key], `Unknown key${hint}`, { accepted: issue.message });
    });
  }
  if (issue.code === "invalid_key") {
    const accepted = issue.issues[0]?.message ?? "another name";
    return [problem(path, "Cannot use this name", { accepted })];
  }
  const origin = origins.get(formatPath(path));
  const wrong = origin
    ? `Cannot use the value of ${origin.variables.map((name) => `"\${${name}}"`).join(", ")}`
    : describe(valueAt(tree, path), path);
  return [problem(path, wrong, { accepted: issue.message })];
}

/** Keys whose values are never shown, at any depth below them. */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  "api_key",
  "api_keys",
  "env",
  "extra_body",
  "headers",
  "key",
  "key_sha256",
  "url",
  "base_url",
]);

function describe(value: Tree | undefined, path: TreePath): string {
  if (value === undefined) return "Missing";
  if (value === null || value === "") return "Empty";
  const list = asList(value);
  if (list) return list.length === 0 ? "Cannot use an empty list" : "Cannot use a list";
  if (asMapping(value)) return "Cannot use a mapping";
  if (path.some((step) => typeof step === "string" && SECRET_KEYS.has(step))) {
    return "Cannot use this value";
  }
  return `Cannot use ${typeof value === "string" ? quote(value) : String(value)}`;
}

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NUMBER_TYPES: ReadonlySet<string> = new Set(["number", "int"]);

/** Reads texts that were one whole variable as numbers or booleans where the schema wants those. */
function readScalars(file: Interpolated): Tree {
  const whole = [...file.origins].filter(([, origin]) => origin.whole);
  if (whole.length === 0) return file.tree;
  const wanted = new Map<string, "number" | "boolean">();
  for (
    const { path, issue } of flatten(deploymentSchema.safeParse(file.tree).error?.issues ?? [], [])
  ) {
    const kind = wantedKind(issue);
    if (kind) wanted.set(formatPath(path), kind);
  }
  const kinds = new Map(whole.flatMap(([path]) => {
    const kind = wanted.get(path);
    return kind ? [[path, kind] as const] : [];
  }));
  return kinds.size === 0 ? file.tree : reread(file.tree, [], kinds);
}

function wantedKind(issue: Issue): "number" | "boolean" | undefined {
  switch (issue.code) {
    case "invalid_type":
      return NUMBER_TYPES.has(issue.expected)
        ? "number"
        : issue.expected === "boolean"
        ? "boolean"
        : undefined;
    case "invalid_value":
      return issue.values.some((value) => typeof value === "boolean") ? "boolean" : undefined;
    case "invalid_union":
      return issue.errors.flat().filter(isOfOtherKind).map(wantedKind).find((kind) => kind);
    default:
      return undefined;
  }
}

function reread(
  node: Tree,
  path: TreePath,
  kinds: ReadonlyMap<string, "number" | "boolean">,
): Tree {
  if (typeof node === "string") {
    const kind = kinds.get(formatPath(path));
    if (kind === "number" && NUMBER.test(node)) return Number(node);
    if (kind === "boolean" && (node === "true" || node === "false")) return node === "true";
    return node;
  }
  if (Array.isArray(node)) return node.map((item, index) => reread(item, [...path, index], kinds));
  const mapping = asMapping(node);
  if (!mapping) return node;
  return Object.fromEntries(
    Object.entries(mapping).map(([key, value]) => [key, reread(value, [...path, key], kinds)]),
  );
}
