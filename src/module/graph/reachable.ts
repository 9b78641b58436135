/**
 * Which part of what Deno resolves a module may have.
 *
 * What is imported statically belongs to a module. What it imports at run time, by `import()`, is a
 * grant like any other, with three exceptions: a module's own files, which come from where it does, what
 * packages load by themselves when they are needed, and packages that the operator's own code names. All
 * of these are there before the module runs: nothing is fetched for them afterwards.
 *
 * Files of this machine are the operator's. Code made up in a `data:` URL has no more of them than whoever
 * imports it.
 *
 * @module
 */
import type { Grants } from "../../isolation/grant.ts";
import { SetupError } from "../../run/error.ts";
import { type GraphInfo, hostOf, shownSpecifier } from "./graph_info.ts";
import { type LocalFiles, pathOf } from "./local_files.ts";

/** A file of code. */
export interface GraphFile {
  /** Where it came from: a `file:` or `http(s):` URL, or `data:`. */
  readonly specifier: string;
  /** Where it lies; undefined for `data:`. */
  readonly path: string | undefined;
}

/** An npm package. */
export interface GraphPackage {
  /** As `zod@4.1.0`. */
  readonly id: string;
  /** Where it lies. */
  readonly path: string;
}

type Module = GraphInfo["modules"][number];

/** Where reading starts, and what may be had. */
export interface ReachableOptions {
  /** Absolute specifier of the module. */
  readonly specifier: string;
  /** Imports at run time that are granted. */
  readonly imports: Grants["import"];
  /** Which files of this machine it may have. */
  readonly mayRead: LocalFiles;
}

/** Code to look at, and whether it has the rights of local code. */
interface Step {
  readonly specifier: string;
  readonly local: boolean;
}

/** What a module names to import at run time, and may not have. */
export interface Withheld {
  /** As it may be shown. */
  readonly specifier: string;
  /** The permission that would let it, as `import=example.com:443`. */
  readonly grant: string;
}

/** What belongs to a module. */
export interface Reachable {
  readonly files: readonly GraphFile[];
  readonly packages: readonly GraphPackage[];
  readonly withheld: readonly Withheld[];
}

/**
 * The files and packages that belong to a module.
 *
 * @throws {SetupError} naming what it needs and must not, or cannot, have
 */
export function reachable(
  info: GraphInfo,
  { specifier, imports, mayRead }: ReachableOptions,
): Reachable {
  const modules = new Map(info.modules.map((module) => [module.specifier, module]));
  const found = new Set<string>();
  const seen = new Set<string>();
  const packages = new Set<string>();
  const withheld = new Set<string>();
  const waiting: Step[] = [{ specifier, local: isFile(specifier) }];
  while (waiting.length > 0) {
    const { specifier: next, local } = waiting.pop()!;
    const at = resolved(next, info.redirects);
    // The same `data:` URL may be imported by others, with other rights.
    const step = `${local} ${at}`;
    if (seen.has(step)) continue;
    seen.add(step);
    found.add(at);
    const module = modules.get(at);
    if (!module || module.error !== undefined) throw missing(next, module?.error);
    for (
      const { isDynamic = false, code, npmPackage, ...dependency } of module.dependencies ?? []
    ) {
      // Types alone are not there when code runs.
      if (!code) continue;
      const target = code.specifier ?? dependency.specifier;
      const there = resolved(target, info.redirects);
      const known = modules.get(there);
      if (isFile(there)) {
        const data = dependency.assertionType !== undefined || isData(known);
        if (!mayRead({ specifier: there, data, local })) {
          // Its process would not let it have it either.
          if (!isDynamic) throw notOwn(there);
          withheld.add(there);
          continue;
        }
      } else if (isDynamic && !mayImport(module, { target, imports, local })) {
        // Nothing else leads anywhere.
        if (/^(?:https?|npm|jsr):/.test(target)) withheld.add(target);
        continue;
      }
      const wrong = code.error ?? known?.error;
      if (wrong !== undefined) {
        // Code that may never come to it can do without.
        if (isDynamic) continue;
        throw missing(target, wrong);
      }
      if (npmPackage !== undefined) addPackage(npmPackage, info, packages);
      else if (code.specifier !== undefined && !isBuiltIn(target)) {
        waiting.push({ specifier: target, local: local && /^(?:file|data):/.test(there) });
      }
    }
    if (at.startsWith("npm:")) addRootPackage(at, info, packages);
  }
  return {
    files: [...found].filter((at) => !at.startsWith("npm:")).sort().map((at) => ({
      specifier: at,
      path: modules.get(at)?.local ?? undefined,
    })),
    packages: [...packages].sort().map((id) => ({ id, path: packagePath(id, info) })),
    withheld: [...withheld].map((target) => ({
      specifier: shownSpecifier(target),
      grant: grantFor(target),
    })),
  };
}

/** Whether code may import at run time what it says it will. */
function mayImport(
  { specifier: from }: Module,
  { target, imports, local }: {
    readonly target: string;
    readonly imports: Grants["import"];
    readonly local: boolean;
  },
): boolean {
  if (imports === "all" || target.startsWith("data:") || isBuiltIn(target)) return true;
  const [here, there] = [URL.parse(from), URL.parse(target)];
  // What a package of a registry loads later is as much a part of it as what it loads at once.
  if (here?.host === "jsr.io") return true;
  if (!here || !there) return false;
  if (there.protocol === "npm:") return local || imports.includes("registry.npmjs.org");
  if (there.protocol === "jsr:") return local || imports.includes("jsr.io");
  return hostOf(here) === hostOf(there) || imports.includes(there.hostname) ||
    imports.includes(hostOf(there));
}

/** Whether it is there as something else than code. */
function isData(module: Module | undefined): boolean {
  return module?.kind === "asserted" || module?.kind === "external";
}

function isFile(specifier: string): boolean {
  return specifier.startsWith("file:");
}

function isBuiltIn(specifier: string): boolean {
  return specifier.startsWith("node:");
}

function resolved(specifier: string, redirects: Readonly<Record<string, string>>): string {
  let at = specifier;
  for (let hops = 0; hops < 10 && Object.hasOwn(redirects, at); hops++) at = redirects[at]!;
  return at;
}

function addPackage(id: string, info: GraphInfo, packages: Set<string>): void {
  const waiting = [id];
  while (waiting.length > 0) {
    const next = waiting.pop()!;
    if (packages.has(next)) continue;
    packages.add(next);
    waiting.push(...info.npmPackages[next]?.dependencies ?? []);
  }
}

/** A module that is itself of npm, as `npm:/zod@4.1.0`, says no more than name and version. */
function addRootPackage(specifier: string, info: GraphInfo, packages: Set<string>): void {
  const [, name] = /^npm:\/?((?:@[^/]+\/)?[^/@]+@[^/]+)/.exec(specifier) ?? [];
  for (const [id, { name: known, version }] of Object.entries(info.npmPackages)) {
    if (`${known}@${version}` === name) addPackage(id, info, packages);
  }
}

function packagePath(id: string, info: GraphInfo): string {
  const path = info.npmPackages[id]?.localPath;
  if (path === undefined) throw missing(`npm:${id}`, "it is not in the cache");
  return path;
}

/** The permission that lets code have something. */
function grantFor(specifier: string): string {
  if (isFile(specifier)) return `read=${pathOf(specifier)}`;
  if (specifier.startsWith("npm:")) return "import=registry.npmjs.org";
  if (specifier.startsWith("jsr:")) return "import=jsr.io";
  return `import=${hostOf(new URL(specifier))}`;
}

function notOwn(specifier: string): SetupError {
  return new SetupError(
    `Cannot load "${shownSpecifier(specifier)}": it is none of the module's own files; grant ` +
      `${grantFor(specifier)} to allow it`,
  );
}

function missing(specifier: string, error: string | undefined): SetupError {
  const shown = shownSpecifier(specifier);
  const host = /Requires import access to "([^"]+)"/.exec(error ?? "")?.[1];
  return new SetupError(
    host === undefined
      ? `Cannot load "${shown}": ${
        error?.split("\n", 1)[0]?.replaceAll(specifier, shown) ?? "it is not there"
      }`
      : `Cannot load "${shown}": code may not come from "${host}"; grant import=${host} to allow it`,
  );
}
