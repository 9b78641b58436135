/**
 * The program that is compiled: a deployment and its modules as texts, and the package that serves them.
 * @module
 */
import type { BakedDeployment } from "../../deploy/bake/bake.ts";
import type { Clock, Logger } from "../../run/seams.ts";
import { bundleModule } from "./modules.ts";

/** What a program is written with. */
export interface ProgramOptions {
  /** Names the deployment: the name of its file. */
  readonly name: string;
  /** Absolute path that modules start from. */
  readonly from: string;
  /** Absolute path of an empty folder. */
  readonly folder: string;
  /** Specifier of this package's command line. */
  readonly cli: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes a program into a folder.
 *
 * @returns the path of its main module
 * @throws {SetupError} when a module cannot go along
 * @throws the signal's reason
 */
export async function writeProgram(
  { text, modules }: BakedDeployment,
  { name, from, folder, cli, ...bundling }: ProgramOptions,
): Promise<string> {
  await Deno.writeTextFile(`${folder}/deployment.txt`, text);
  const files = modules.map(({ specifier }, index) => ({ specifier, file: `module_${index}.js` }));
  for (const [index, module] of modules.entries()) {
    const output = `${folder}/${files[index]!.file}`;
    await bundleModule(module, { ...bundling, folder: from, output });
  }
  const main = `${folder}/main.ts`;
  await Deno.writeTextFile(main, sourceOf({ name, cli, files }));
  return main;
}

function sourceOf({ name, cli, files }: {
  readonly name: string;
  readonly cli: string;
  readonly files: readonly { readonly specifier: string; readonly file: string }[];
}): string {
  const imports = files.map(({ file }, index) =>
    `import module${index} from "./${file}" with { type: "text" };\n`
  );
  const entries = files.map(({ specifier }, index) =>
    `    [${JSON.stringify(specifier)}]: module${index},\n`
  );
  return `import { serveCompiled } from ${JSON.stringify(cli)};
import deployment from "./deployment.txt" with { type: "text" };
${imports.join("")}
Deno.exit(
  await serveCompiled(Deno.args, {
    name: ${JSON.stringify(name)},
    deployment,
    modules: {
${entries.join("")}    },
  }),
);
`;
}
