/**
 * Reads a deployment some of whose variables are known only where it will run.
 * @module
 */
import { SetupError } from "../../run/error.ts";
import { type Environment, interpolate } from "../interpolate.ts";
import { readTree } from "../read.ts";
import type { ResolvedDeployment } from "../resolved.ts";
import type { Tree } from "../tree.ts";

/** What a variable may have to look like: text, a number, an address, a switch, a span, a size, a store. */
const FORMS: readonly ((name: string) => string)[] = [
  (name) => `stand-in-${name}`,
  () => "1",
  (name) => `http://${name.toLowerCase().replaceAll("_", "-")}.invalid`,
  () => "true",
  () => "1s",
  () => "1MiB",
  (name) => `redis://${name.toLowerCase().replaceAll("_", "-")}.invalid`,
];

/**
 * The deployment, with something in place of each variable that is not set and has no default: only
 * its shape is to be relied on.
 *
 * @throws {SetupError} with every problem that is there whatever the variables hold
 */
export async function readWithStandIns(
  tree: Tree,
  environment: Environment,
): Promise<ResolvedDeployment> {
  const { missing, origins } = interpolate(tree, environment);
  const forms = new Map(Array.from(missing, (name) => [name, 0]));
  const standIns: Environment = (name) => {
    const form = forms.get(name);
    return form === undefined ? environment(name) : FORMS[form]!(name);
  };
  const missingAt = (path: string) =>
    (origins.get(path)?.variables ?? []).filter((name) => missing.has(name));
  for (;;) {
    try {
      return (await readTree(tree, { environment: standIns })).deployment;
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      const wrong = new Set(error.problems.flatMap(({ path }) => missingAt(path)));
      if (!changeForms(wrong, forms)) throw told(error, missingAt);
    }
  }
}

/** Gives variables another form; false where none is left. */
function changeForms(names: ReadonlySet<string>, forms: Map<string, number>): boolean {
  let changed = false;
  for (const name of names) {
    const form = forms.get(name)!;
    if (form + 1 >= FORMS.length) continue;
    forms.set(name, form + 1);
    changed = true;
  }
  return changed;
}

/** What was made up is nobody's mistake. */
function told(error: SetupError, missingAt: (path: string) => readonly string[]): SetupError {
  return new SetupError(error.problems.map((problem) => {
    const [name] = missingAt(problem.path);
    if (name === undefined) return problem;
    const message = `Variable "${name}" must be set here, too: its place takes few values; ` +
      `accepted: a variable that is set, or a default as "\${${name}:-default}"`;
    return { path: problem.path, message };
  }));
}
