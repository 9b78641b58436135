/**
 * Secrets that a deployment file holds itself: whoever gets what it is baked into could read them.
 * @module
 */
import type { SetupProblem } from "../../run/error.ts";
import { interpolate } from "../interpolate.ts";
import { problem, type Tree, type TreePath } from "../tree.ts";
import { isHarmlessName, namesSecret } from "./secret_names.ts";

/** What stands before a variable in a header. */
const SCHEME = /^\s*(?:Bearer|Basic|Token)\s+(?=\$\{)/i;
const PASSWORD = /\/\/[^/?#@\s]*:[^/?#@\s]+@/;
/** A name alone is what some hosts take for a token. */
const LONE_NAME = /(?:https?|rediss?):\/\/[^/?#@:\s]+@/i;
const PARAMETER = /[?&#;]([^?&#;=\s]+)=(?=[^&#;\s])/g;
const ASSIGNMENT = /(?<![\w.-])-{0,2}([\w.-]+)=(?=["']?[^\s"'])/g;
const JSON_FIELD = /"([^"]+)"\s*:\s*(?=[\d"][^"])/g;
const HEADER = /^(?:-{0,2}[\w.-]+=)?([\w-]+):\s*(\S.*)$/s;
const FLAG = /^--?([\w.-]+)$/;

/** A problem for each of them. `tree` holds no alias inside its own anchor. */
export function literalSecrets(tree: Tree): readonly SetupProblem[] {
  return find(tree, []);
}

function find(node: Tree, path: TreePath): SetupProblem[] {
  if (typeof node === "string") return isLiteralSecret(node, path) ? [told(path)] : [];
  if (typeof node !== "object" || node === null) return [];
  if (Array.isArray(node)) {
    return node.flatMap((item, index) =>
      isArguments(path) && isArgumentSecret(item, node[index - 1])
        ? [told([...path, index])]
        : find(item, [...path, index])
    );
  }
  return Object.entries(node).flatMap(([key, item]) => find(item, [...path, key]));
}

function told(path: TreePath): SetupProblem {
  return problem(path, "Secret would be baked in for everyone to read", {
    accepted: 'a variable without a default, as "${NAME}"',
  });
}

function isLiteralSecret(text: string, path: TreePath): boolean {
  return isSecretPlace(path) ? !isVariables(text) : isAddressSecret(literalPart(text));
}

/** Whether an address in `text` has a password or a token. */
function isAddressSecret(text: string): boolean {
  return PASSWORD.test(text) || LONE_NAME.test(text) ||
    Array.from(text.matchAll(PARAMETER)).some(([, name]) => namesSecret(name!));
}

function isArgumentSecret(item: Tree, before: Tree | undefined): boolean {
  if (typeof item !== "string") return false;
  const text = literalPart(item);
  if (isAddressSecret(text)) return true;
  const named = [...text.matchAll(ASSIGNMENT), ...text.matchAll(JSON_FIELD)];
  if (named.some(([, name]) => namesSecret(name!))) return true;
  const [, header, value] = HEADER.exec(item) ?? [];
  if (header !== undefined && namesSecret(header) && !isVariables(value!)) return true;
  const flag = typeof before === "string" ? FLAG.exec(before)?.[1] : undefined;
  return flag !== undefined && namesSecret(flag) && !text.startsWith("-") && !isVariables(item);
}

/** Whether `text` is nothing but variables, the name of a scheme aside. */
function isVariables(text: string): boolean {
  return /^[\s:]*$/.test(literalPart(text.replace(SCHEME, "")));
}

/** What is there whatever the variables hold. */
function literalPart(text: string): string {
  // A variable that is empty shows its default. What is malformed is refused by whoever reads it.
  const { tree: [literal] } = interpolate([text], () => "") as { readonly tree: readonly Tree[] };
  return typeof literal === "string" ? literal : "";
}

/** Entries of backends and MCP servers, by name or in a list. */
function isUpstream(path: TreePath, key: string): boolean {
  return (path[0] === "backends" || path[0] === "mcps") && path[2] === key;
}

function isArguments(path: TreePath): boolean {
  return path.length === 3 && isUpstream(path, "args");
}

function isSecretPlace(path: TreePath): boolean {
  const last = path.at(-1);
  if (path.length === 3 && isUpstream(path, "api_key")) return true;
  if (last === "key") return path.at(-3) === "api_keys";
  const named = isUpstream(path, "headers") || isUpstream(path, "env");
  return named && path.length === 4 && typeof last === "string" && !isHarmlessName(last);
}
