/**
 * What of a deployment file is fixed once it is part of a program: everything but its variables.
 * @module
 */
import { SetupError, type SetupProblem } from "../../run/error.ts";
import { parseReference } from "../../module/reference.ts";
import type { Grants } from "../../isolation/grant.ts";
import { type Environment, interpolate } from "../interpolate.ts";
import { loadText, parseText } from "../load.ts";
import type { ResolvedDeployment, ResolvedModel } from "../resolved.ts";
import type { Tree } from "../tree.ts";
import { literalSecrets } from "./literal_secrets.ts";
import { readWithStandIns } from "./stand_ins.ts";

/** A deployment as it goes into a program. */
export interface BakedDeployment {
  /** What the file says, variables and all, as JSON: comments stay behind. */
  readonly text: string;
  /** Its shape; where variables are not set, values are made up. */
  readonly deployment: ResolvedDeployment;
  /** Modules that its models are, each once. */
  readonly modules: readonly BakedModule[];
}

/** A module that goes along. */
export interface BakedModule {
  /** Path or URL, as the file has it, without the export. */
  readonly specifier: string;
  /** What its models say of it, each once; at least one. */
  readonly uses: readonly ModuleUse[];
}

/** What a model says of its module. */
export interface ModuleUse {
  readonly permissions: Grants;
  readonly integrity: string | undefined;
}

/**
 * Reads the file at `path`.
 *
 * @throws {SetupError} with every problem: of the file, secrets in it, modules that variables name
 */
export async function bakeDeployment(
  path: string,
  environment: Environment,
): Promise<BakedDeployment> {
  const tree = parseText(await loadText(path), path);
  // Refuses trees without an end, too, so it comes first.
  const named = variableModules(tree);
  const problems = [...literalSecrets(tree), ...named];
  if (problems.length > 0) throw new SetupError(problems);
  const deployment = await readWithStandIns(tree, environment);
  return { text: jsonOf(tree), deployment, modules: modulesOf(deployment) };
}

/** JSON that is YAML as well, which has fewer characters. */
function jsonOf(tree: Tree): string {
  return JSON.stringify(tree, undefined, 2).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The key `module` of a model, in a mapping or a list. */
const MODULE_PATH = /(?:^|\.)models(?:\.[\w-]+|\["(?:[^"\\]|\\.)*"\]|\[\d+\])\.module$/;

function variableModules(tree: Tree): SetupProblem[] {
  const { origins } = interpolate(tree, () => "");
  return [...origins.keys()].filter((path) => MODULE_PATH.test(path)).map((path) => ({
    path,
    message: "Cannot bake in a module that a variable names; accepted: a path or URL without any",
  }));
}

function modulesOf({ entrypoints }: ResolvedDeployment): BakedModule[] {
  const modules = new Map<string, Map<string, ModuleUse>>();
  for (const { source } of entrypoints.flatMap(({ models }): readonly ResolvedModel[] => models)) {
    if (source.type !== "module") continue;
    const { specifier } = parseReference(source.specifier);
    const { permissions, integrity } = source;
    const uses = modules.get(specifier) ?? new Map<string, ModuleUse>();
    uses.set(JSON.stringify([permissions, integrity]), { permissions, integrity });
    modules.set(specifier, uses);
  }
  return Array.from(modules, ([specifier, uses]) => ({ specifier, uses: [...uses.values()] }));
}
