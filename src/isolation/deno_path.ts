/**
 * Which Deno runs the programs of ours that need one.
 * @module
 */
import { SetupError } from "../run/error.ts";

/** Names a Deno to use instead of the one that runs this process. */
export const DENO_VARIABLE = "FAKELLM_DENO";

/** A path that depends on the folder; a name alone is looked up. */
const RELATIVE = /^(?![A-Za-z]:)[^/\\]+[/\\]/;

/** Longest it may take to say its version, in milliseconds. */
const VERSION_MS = 5000;

/** More than a version has. */
const MAX_VERSION_CHARS = 1000;

/** The oldest Deno that has what we need. */
const OLDEST = "2.9.0";

/** What was found to be good: to look again takes as long as to start. */
let known: string | undefined;

/**
 * Path or name of a Deno: the one that `FAKELLM_DENO` names; else the one this process runs in; where
 * that is a compiled program, which is no Deno any more, `deno` as found on `PATH`.
 *
 * @param named what the variable holds
 */
export function denoPath(named: string | undefined = Deno.env.get(DENO_VARIABLE)): string {
  // Programs are started in folders of their own.
  if (named && RELATIVE.test(named)) return `${Deno.cwd()}/${named}`;
  if (named) return named;
  return Deno.build.standalone ? "deno" : Deno.execPath();
}

/**
 * The same, once it has been found to be there and new enough.
 *
 * @param purpose what needs it, as `module "./agent.ts"`
 * @param path the one to look at
 * @throws {SetupError} when there is none, or one that is too old
 */
export async function requireDeno(purpose: string, path: string = denoPath()): Promise<string> {
  // This process would not run otherwise.
  if (path === Deno.execPath() || path === known) return path;
  const hint = `Set ${DENO_VARIABLE} to the path of Deno ${OLDEST} or newer, or put it on PATH`;
  let version: string | undefined;
  try {
    version = /^deno (\d+\.\d+\.\d+)/.exec(await versionOf(path))?.[1];
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

/** What a program says its version is, in the time that Deno would need to say it. */
async function versionOf(path: string): Promise<string> {
  const child = new Deno.Command(path, {
    args: ["--version"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  // What it may have started can hold its output for ever.
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), VERSION_MS);
  let said = "";
  const decoder = new TextDecoder();
  while (said.length < MAX_VERSION_CHARS) {
    const { done, value } = await reader.read();
    if (done) break;
    said += decoder.decode(value, { stream: true });
  }
  clearTimeout(timer);
  await reader.cancel();
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  await child.status;
  return said;
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number)) as [number[], number[]];
  const at = a.findIndex((part, index) => part !== b[index]);
  return at >= 0 && a[at]! < b[at]!;
}
