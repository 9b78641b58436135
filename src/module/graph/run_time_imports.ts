/**
 * What a guest's process may still fetch as code, besides what it was started with.
 * @module
 */
import type { Grants } from "../../isolation/grant.ts";
import { SetupError } from "../../run/error.ts";
import type { ModuleGraph } from "./module_graph.ts";

/** The host that every import of `npm:` goes to. */
const NPM_HOST = "registry.npmjs.org";

/**
 * Flags of Deno. An import is a way out, too: with a grant alone is anything fetched at run time, which
 * no lock file knows; what that knows stays pinned. Of imports from `npm:` Deno asks no permission, so
 * that without their own grant there are none.
 *
 * @throws {SetupError} where the module has packages of npm, may import at run time, and not from there
 */
export function importFlags(
  { packages }: ModuleGraph,
  { imports, name }: { readonly imports: Grants["import"]; readonly name: string },
): string[] {
  if (imports.length === 0) return ["--frozen", "--cached-only"];
  if (imports === "all" || imports.some((host) => host.replace(/:443$/, "") === NPM_HOST)) {
    return [];
  }
  if (packages.length === 0) return ["--no-npm"];
  throw new SetupError(
    `Cannot run module "${name}": it has packages of npm, and whoever has some and may import at run ` +
      `time may import others; grant import=${NPM_HOST}, too, or no import`,
    { path: "permissions.import" },
  );
}
