/**
 * Whether a module of this machine is there.
 * @module
 */
import { SetupError } from "../run/error.ts";

/**
 * Looks for a file.
 *
 * @param specifier names it for whoever typed it
 * @throws {SetupError} when it is missing, a folder, or may not be looked at
 */
export async function expectFile(path: string | URL, specifier: string): Promise<void> {
  try {
    const info = await Deno.stat(path);
    if (!info.isDirectory) return;
  } catch (cause) {
    throw new SetupError(`Cannot load module "${specifier}": ${reasonOf(cause)}`, { cause });
  }
  throw new SetupError(`Cannot load module "${specifier}": expected a file, got a folder`);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "no such file";
  // Deno says which permission it takes.
  if (cause instanceof Deno.errors.NotCapable) return cause.message;
  return cause instanceof Error ? cause.name : "unknown reason";
}
