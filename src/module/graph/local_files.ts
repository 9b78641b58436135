/**
 * Which files of this machine belong to a module, so that it may have them without a grant.
 * @module
 */
import type { Grants } from "../../isolation/grant.ts";
import { findConfig } from "../reference.ts";
import type { GraphInfo } from "./graph_info.ts";

/** A file that code imports. */
export interface LocalImport {
  /** A `file:` URL. */
  readonly specifier: string;
  /** Whether it is imported as something else than code: its text, its bytes, or as JSON. */
  readonly data: boolean;
  /** Whether local code imports it, and nothing remote comes in between. */
  readonly local: boolean;
}

/** Says whether an import may be had. */
export type LocalFiles = (file: LocalImport) => boolean;

/** Where a module is, and what it may read. */
export interface LocalFilesOptions {
  /** Absolute specifier of the module. */
  readonly specifier: string;
  /** Path of the `deno.json` whose names it may use; undefined: none. */
  readonly configPath: string | undefined;
  /** Files that it is granted. */
  readonly read: Grants["read"];
}

/**
 * Finds out where the files of a graph really lie. A local module has what lies in its own folder, and
 * code of packages that its configuration leads to by a name: that is the operator's word.
 */
export async function localFiles(
  { modules }: GraphInfo,
  { specifier, configPath, read }: LocalFilesOptions,
): Promise<LocalFiles> {
  const real = new Map<string, string>();
  const packages = new Set<string>();
  for (const module of modules) {
    if (!isFile(module.specifier)) continue;
    real.set(module.specifier, await realPath(pathOf(module.specifier)));
    for (const { specifier: named, code } of module.dependencies ?? []) {
      const target = code?.specifier;
      if (target !== undefined && isFile(target) && isName(named)) {
        packages.add(await packageFolder(target));
      }
    }
  }
  const own = isFile(specifier) ? await ownFolder(specifier, configPath) : undefined;
  const granted = read === "all" ? [] : await Promise.all(read.map(realPath));
  return ({ specifier: at, data, local }) => {
    if (read === "all") return true;
    const path = real.get(at);
    if (path === undefined) return false;
    if (granted.some((folder) => isBelow(path, folder))) return true;
    if (!local || own === undefined) return false;
    // What begins with a dot is the operator's, as `.env` is.
    if (data && path.slice(own.length).includes("/.")) return false;
    if (at === specifier || isBelow(path, own)) return true;
    return !data && [...packages].some((folder) => isBelow(path, folder));
  };
}

/** The path that a `file:` URL stands for. */
export function pathOf(specifier: string): string {
  const { pathname } = new URL(specifier);
  try {
    return decodeURIComponent(pathname);
  } catch {
    // Bytes that are no text.
    return pathname;
  }
}

function ownFolder(specifier: string, configPath: string | undefined): Promise<string> {
  return realPath(folderOf(configPath ?? pathOf(specifier)));
}

async function packageFolder(specifier: string): Promise<string> {
  return await realPath(folderOf(await findConfig(specifier) ?? pathOf(specifier)));
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** Links may lead anywhere. */
async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    // It is not there.
    return new URL(`file://${path.replaceAll(/[%?#]/g, encodeURIComponent)}`).pathname;
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

function isFile(specifier: string): boolean {
  return specifier.startsWith("file:");
}

/** Whether it is a name, which only a configuration knows, and neither a path nor a URL. */
function isName(specifier: string): boolean {
  return !/^(?:\.{0,2}\/|\.{1,2}$)/.test(specifier) && URL.parse(specifier) === null;
}
