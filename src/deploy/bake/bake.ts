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
  /** The file as it is, variables and all. */
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
  const text = await loadText(path);
  const tree = parseText(text, path);
  const problems = [...literalSecrets(tree), ...variableModules(tree)];
  if (problems.length > 0) throw new SetupError(problems);
  const deployment = await readWithStandIns(tree, environment);
  return { text, deployment, modules: modulesOf(deployment) };
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
  const modules = new Map<string, BakedModule>();
  for (const { source } of entrypoints.flatMap(({ models }): readonly ResolvedModel[] => models)) {
    if (source.type !== "module") continue;
    const { specifier } = parseReference(source.specifier);
    modules.set(specifier, { ...source, specifier });
  }
  return [...modules.values()];
}
