/**
 * Loads a local module into this process and picks what it serves.
 * @module
 */
import { SetupError } from "../run/error.ts";
import { isRunner, type Runner } from "../run/runner.ts";
import { expectFile } from "./local_file.ts";
import { locate, type ModuleReference, parseReference } from "./reference.ts";

/** What an export must be: one model, a registry or record of several, or a factory of any. */
export type Servable =
  | Runner
  | Iterable<unknown>
  | ((...args: never) => unknown)
  | Readonly<Record<string, unknown>>;

/** What a module gave. */
export interface LoadedModule {
  readonly source: Servable;
  /** Name of the export taken. */
  readonly exportName: string;
}

/** Exports looked for when none is named, in this order. */
const USUAL_EXPORTS = ["default", "agent", "MODELS"] as const;

const ACCEPTED = "an agent, a workflow, a FakeModels, a record of those, or a factory of any";

/**
 * Loads what `text` names, as `./agent.ts`, `./agent.ts#support` or `./agent.ts:support`. The module
 * runs with all that this process may do: it is the operator's own code.
 *
 * @param folder absolute path that relative ones start from
 * @param options `standalone`: whether this is a compiled program, which can load no more code than it
 *   has; told by the runtime
 * @throws {SetupError} when the module is not local, is missing, cannot be loaded, or has no such
 *   export, or the export cannot be served
 */
export async function loadModule(
  text: string,
  folder: string,
  { standalone = Deno.build.standalone }: { readonly standalone?: boolean } = {},
): Promise<LoadedModule> {
  const reference = parseReference(text);
  const location = locate(reference.specifier, folder);
  if (location.type === "remote") {
    throw new SetupError(
      `Cannot load module "${
        shown(reference.specifier)
      }": only paths and file URLs can be served, ` +
        "as code from elsewhere needs a process of its own",
    );
  }
  await expectFile(location.path, reference.specifier);
  if (standalone) {
    throw new SetupError(
      `Cannot load module "${reference.specifier}": a compiled fakellm takes no code into itself; ` +
        "run it in a process of its own, with --sandbox or --grant",
    );
  }
  return pick(await importModule(location.url, reference.specifier), reference);
}

/** A specifier as it may be shown: a URL can carry a password or token. */
function shown(specifier: string): string {
  return specifier.replace(/\/\/[^/@]*@/, "//").replace(/\?.*$/s, "");
}

type Namespace = Readonly<Record<string, unknown>>;

async function importModule(url: string, specifier: string): Promise<Namespace> {
  try {
    return await import(url);
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new SetupError(`Cannot load module "${specifier}": ${reason.split("\n", 1)[0]}`, {
      cause,
    });
  }
}

function pick(namespace: Namespace, { specifier, exportName }: ModuleReference): LoadedModule {
  const names = Object.keys(namespace);
  const name = exportName ?? USUAL_EXPORTS.find((usual) => names.includes(usual));
  if (name === undefined || !names.includes(name)) {
    const wanted = name === undefined
      ? `none of the exports ${USUAL_EXPORTS.map((usual) => `"${usual}"`).join(", ")}`
      : `no export "${name}"`;
    const there = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
    throw new SetupError(`Cannot serve module "${specifier}": found ${wanted}; ${there}`);
  }
  const source = namespace[name];
  if (!isServable(source)) {
    throw new SetupError(
      `Cannot serve export "${name}" of module "${specifier}": expected ${ACCEPTED}, ` +
        `got ${kindOf(source)}`,
    );
  }
  return { source, exportName: name };
}

/** Whether `value` has the outer form of something that can be served. */
export function isServable(value: unknown): value is Servable {
  if (typeof value === "function") return !isClass(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (isRunner(value)) return true;
  if (Symbol.iterator in value) return "add" in value && typeof value.add === "function";
  const entries = Object.values(value);
  return entries.length > 0 &&
    entries.every((entry) => isRunner(entry) || (typeof entry === "function" && !isClass(entry)));
}

/** A class cannot be called as a factory is. */
function isClass(value: unknown): boolean {
  return typeof value === "function" &&
    /^class\b/.test(Function.prototype.toString.call(value));
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "function") return "a class; export an instance or a factory";
  return typeof value === "object" ? "an object that cannot answer" : `a ${typeof value}`;
}
