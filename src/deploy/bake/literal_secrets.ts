/**
 * Secrets that a deployment file holds itself: whoever gets what it is baked into could read them.
 * @module
 */
import type { SetupProblem } from "../../run/error.ts";
import { SECRET_NAME } from "../interpolate.ts";
import { problem, type Tree, type TreePath } from "../tree.ts";

/** A variable, maybe with a default. */
const VARIABLE = /\$\{[A-Za-z_]\w*(?::-([^}]*))?\}/g;
const PASSWORD = /\/\/[^/?#@]*:([^/?#@]+)@/;

/** A problem for each of them. */
export function literalSecrets(tree: Tree): readonly SetupProblem[] {
  return find(tree, []);
}

function find(node: Tree, path: TreePath): SetupProblem[] {
  if (typeof node === "string") return isLiteralSecret(node, path) ? [told(path)] : [];
  if (typeof node !== "object" || node === null) return [];
  const entries: [string | number, Tree][] = Array.isArray(node)
    ? node.map((item, index) => [index, item])
    : Object.entries(node);
  return entries.flatMap(([key, item]) => find(item, [...path, key]));
}

function told(path: TreePath): SetupProblem {
  return problem(path, "Secret would be baked in for everyone to read", {
    accepted: 'a variable without a default, as "${NAME}"',
  });
}

function isLiteralSecret(text: string, path: TreePath): boolean {
  if (isSecretPlace(path)) return literalPart(text) !== "";
  const password = PASSWORD.exec(text)?.[1];
  return password !== undefined && literalPart(password) !== "";
}

/** What is there whatever the variables hold, the name of a scheme aside. */
function literalPart(text: string): string {
  let defaults = "";
  const rest = text.replaceAll(VARIABLE, (_, fallback: string | undefined) => {
    defaults += fallback ?? "";
    return "";
  });
  // Around a variable stand words; alone they would be the secret.
  return rest === text ? text.trim() : defaults;
}

function isSecretPlace(path: TreePath): boolean {
  const [last, above] = [path.at(-1), path.at(-2)];
  if (last === "api_key") return true;
  if (last === "key") return path.includes("api_keys");
  const named = above === "headers" || above === "env";
  return named && typeof last === "string" && SECRET_NAME.test(last);
}
