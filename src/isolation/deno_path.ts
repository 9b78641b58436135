/**
 * Which Deno runs the programs of ours that need one.
 * @module
 */
import { SetupError } from "../run/error.ts";

/** Names a Deno to use instead of the one that runs this process. */
export const DENO_VARIABLE = "FAKELLM_DENO";

/** The oldest Deno that has what we need. */
const OLDEST = "2.9.0";

/**
 * Path or name of a Deno: the one that `FAKELLM_DENO` names; else the one this process runs in; where
 * that is a compiled program, which is no Deno any more, `deno` as found on `PATH`.
 */
export function denoPath(): string {
  const named = Deno.env.get(DENO_VARIABLE);
  if (named) return named;
  return Deno.build.standalone ? "deno" : Deno.execPath();
}

/**
 * The same, once it has been found to be there and new enough.
 *
 * @param purpose what needs it, as `module "./agent.ts"`
 * @throws {SetupError} when there is none, or one that is too old
 */
export async function requireDeno(purpose: string): Promise<string> {
  const path = denoPath();
  // This process would not run otherwise.
  if (path === Deno.execPath() || path === known) return path;
  const hint = `Set ${DENO_VARIABLE} to the path of Deno ${OLDEST} or newer, or put it on PATH`;
  let version: string | undefined;
  try {
    const { stdout } = await new Deno.Command(path, { args: ["--version"], stderr: "null" })
      .output();
    version = /^deno (\d+\.\d+\.\d+)/.exec(new TextDecoder().decode(stdout))?.[1];
  } catch (cause) {
    throw new SetupError(`Cannot run ${purpose}: no Deno at "${path}". ${hint}`, { cause });
  }
  if (version === undefined || isOlder(version, OLDEST)) {
    throw new SetupError(
      `Cannot run ${purpose}: "${path}" is ${version ? `Deno ${version}` : "no Deno"}. ${hint}`,
    );
  }
  return known = path;
}

/** What was found to be good: to look again takes as long as to start. */
let known: string | undefined;

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number)) as [number[], number[]];
  const at = a.findIndex((part, index) => part !== b[index]);
  return at >= 0 && a[at]! < b[at]!;
}
