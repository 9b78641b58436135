/**
 * From a path to a resolved deployment, through every stage.
 * @module
 */
import { SetupError } from "../run/error.ts";
import { type Environment, interpolate } from "./interpolate.ts";
import { loadFile, parseText } from "./load.ts";
import type { Overrides } from "./overrides.ts";
import { resolve } from "./resolve.ts";
import type { ResolvedDeployment } from "./resolved.ts";
import type { Tree } from "./tree.ts";
import { validate } from "./validate.ts";

/** What reading needs besides the path. */
export interface ReadOptions {
  /** Where the file's variables come from. */
  readonly environment: Environment;
  /** What flags and variables say; wins over the file. */
  readonly overrides?: Overrides;
}

/** A deployment, and what must not be shown of it. */
export interface ReadDeployment {
  readonly deployment: ResolvedDeployment;
  /** Values of variables whose names say that they are secret. */
  readonly secrets: ReadonlySet<string>;
}

/**
 * Reads the deployment file at `path`.
 *
 * @throws {SetupError} with every problem of the file
 */
export function readDeployment(path: string, options: ReadOptions): Promise<ReadDeployment> {
  return placed(path, async () => await readTree(await loadFile(path), options));
}

/**
 * Reads the text of a deployment file.
 *
 * @param path names it in problems
 * @throws {SetupError} with every problem of the file
 */
export function readDeploymentText(
  text: string,
  path: string,
  options: ReadOptions,
): Promise<ReadDeployment> {
  return placed(path, () => readTree(parseText(text, path), options));
}

/**
 * Reads a file that is parsed already.
 *
 * @throws {SetupError} with every problem of the file
 */
export async function readTree(tree: Tree, options: ReadOptions): Promise<ReadDeployment> {
  const file = interpolate(tree, options.environment);
  const deployment = resolve(await validate(file, options.overrides), options.overrides);
  return { deployment, secrets: file.secrets };
}

/** What concerns the whole file is known by the file's own path. */
async function placed(
  path: string,
  read: () => Promise<ReadDeployment>,
): Promise<ReadDeployment> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const problems = error.problems.map((one) => one.path === "" ? { ...one, path } : one);
    throw new SetupError(problems, { cause: error });
  }
}
