/**
 * Reads the project's own sources for the tests beside this file.
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** One import of a module, static or dynamic, or a re-export. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from the project's root for a relative specifier, else undefined. */
  readonly target: string | undefined;
  /** Whether it is gone once types are stripped. */
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

/** Text of a file, by its path from the root. */
export function readText(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** Whether there is a file or folder at `path` from the root. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch {
    return false;
  }
}

/** All files below `folder`, as paths from the root, in order; what git ignores is left out. */
export function listFiles(folder = ""): string[] {
  const ignored = new Set(
    [".git/", ...readText(".gitignore").split("\n")].map((line) => line.replace(/\/$/, "")),
  );
  const files: string[] = [];
  const walk = (path: string) => {
    for (const entry of Deno.readDirSync(new URL(path, ROOT))) {
      if (ignored.has(entry.name) || entry.name.endsWith(".log")) continue;
      if (entry.isDirectory) walk(`${path}${entry.name}/`);
      else if (entry.isFile) files.push(path + entry.name);
    }
  };
  if (folder === "" || exists(folder)) walk(folder === "" ? "" : `${folder}/`);
  return files.sort();
}

/** TypeScript sources below `folder`, without tests and benchmarks. */
export function listSources(folder: string): string[] {
  return listFiles(folder).filter((path) => path.endsWith(".ts") && !isTest(path));
}

/** Whether a file is a test or a benchmark. */
export function isTest(path: string): boolean {
  return /_(test|bench)\.ts$/.test(path);
}

const STATIC = /^(?:import|export)\s+(type\s+)?(?:([\w$*{},\s]*?)\s*from\s*)?["']([^"'\n]+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"'\n]+)["']/g;
const COMMENT_LINE = /^\s*(?:\*|\/\/|\/\*).*$/gm;

/** Every import of the file at `path`. Code in comments does not count. */
export function importsOf(path: string): Import[] {
  const text = readText(path).replaceAll(COMMENT_LINE, "");
  const statics = Array.from(text.matchAll(STATIC), ([, type, names, specifier]): Import => ({
    specifier: specifier!,
    target: targetOf(path, specifier!),
    typeOnly: type !== undefined || onlyTypes(names),
    dynamic: false,
  }));
  const dynamics = Array.from(text.matchAll(DYNAMIC), ([, specifier]): Import => ({
    specifier: specifier!,
    target: targetOf(path, specifier!),
    typeOnly: false,
    dynamic: true,
  }));
  return [...statics, ...dynamics];
}

/** Whether `{ type A, type B }` is all that is taken. */
function onlyTypes(names: string | undefined): boolean {
  const list = names?.match(/^\{(.*)\}$/s)?.[1]?.split(",").map((name) => name.trim());
  return list?.filter((name) => name !== "").every((name) => name.startsWith("type ")) ?? false;
}

function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const base = new URL(path, "file:///");
  return new URL(specifier, base).pathname.slice(1);
}
