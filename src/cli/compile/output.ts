/**
 * Where a program is written, and what must not be lost there.
 * @module
 */
import type { BakedModule } from "../../deploy/bake/bake.ts";
import { locate } from "../../module/reference.ts";
import { SetupError } from "../../run/error.ts";

/** First line of every script, by which it is known as one. */
export const SCRIPT_MARKER = "// Made by fakellm compile.\n";

/** What a program is made of. */
export interface OutputSources {
  /** Absolute path of the deployment file. */
  readonly file: string;
  /** Absolute path that modules start from. */
  readonly from: string;
  readonly modules: readonly BakedModule[];
}

/**
 * Looks whether a program may be written to the absolute path `output`.
 *
 * @throws {SetupError} when there is a folder, a source of the program, or a script of somebody else
 */
export async function expectOutput(output: string, sources: OutputSources): Promise<void> {
  if (/[\\/]$/.test(output)) throw refusal(output, "it is a folder");
  const info = await Deno.stat(output).catch(() => undefined);
  if (info === undefined) return;
  if (info.isDirectory) throw refusal(output, "it is a folder");
  const { file, from, modules } = sources;
  const paths = modules.flatMap(({ specifier }) => {
    const location = locate(specifier, from);
    return location.type === "local" ? [location.path] : [];
  });
  const real = await Deno.realPath(output);
  for (const path of [file, ...paths]) {
    if (await Deno.realPath(path).catch(() => undefined) === real) {
      throw refusal(output, "the program is made of it");
    }
  }
  if (output.endsWith(".js") && !await isOurs(output)) {
    throw refusal(output, "it is there already, and not made by fakellm compile");
  }
}

/** Marks the script at `path` as one that may be written again. */
export async function markScript(path: string): Promise<void> {
  await Deno.writeTextFile(path, SCRIPT_MARKER + await Deno.readTextFile(path));
}

async function isOurs(path: string): Promise<boolean> {
  using file = await Deno.open(path);
  const start = new Uint8Array(SCRIPT_MARKER.length);
  const count = await file.read(start);
  return new TextDecoder().decode(start.subarray(0, count ?? 0)) === SCRIPT_MARKER;
}

function refusal(output: string, reason: string): SetupError {
  return new SetupError(
    `Cannot write "${output}": ${reason}; accepted: the path of a new file, or of an earlier result`,
    { path: "--output" },
  );
}
