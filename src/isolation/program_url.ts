/**
 * Programs of ours as URLs that Deno can run from anywhere, with nothing to download or read.
 * @module
 */
import { stripTypeScriptTypes } from "node:module";

/** Longest argument that systems take, in characters. */
const MAX_CHARS = 128 * 1024 - 1;

/** How a program is written down. */
export interface ProgramUrlOptions {
  /**
   * Whether TypeScript is made JavaScript here, instead of anew by each process that runs it.
   *
   * @default where this process can: a compiled program may be without a compiler
   */
  readonly strip?: boolean;
}

/**
 * A program of several files as one `data:` URL: files become parts of the URLs of those that import
 * them, and one URL is one module.
 *
 * @param files TypeScript by the names the files know each other by, as `./main.ts`; whatever else they
 *   import is types, or Deno's own
 * @param main the file to begin with
 */
export function programUrl(
  files: Readonly<Record<string, string>>,
  main: string,
  { strip = !Deno.build.standalone }: ProgramUrlOptions = {},
): string {
  const url = urlOf(files, main, strip);
  if (url.length > MAX_CHARS) throw new Error(`Program "${main}" is too long for an argument`);
  return url;
}

function urlOf(files: Readonly<Record<string, string>>, name: string, strip: boolean): string {
  const source = files[name];
  if (source === undefined) throw new Error(`Program has no file "${name}"`);
  const script = (strip ? stripTypeScriptTypes(source) : source)
    // Types leave blanks behind, and an argument has a limit.
    .replaceAll(/[ \t]{3,}/g, " ").replaceAll(/\s*\n\s*/g, "\n")
    .replaceAll(
      /from "(\.\/\w+\.ts)"/g,
      (_, file: string) => `from "${urlOf(files, file, strip)}"`,
    );
  return `data:${strip ? "text/javascript" : "application/typescript"};base64,${btoa(script)}`;
}
