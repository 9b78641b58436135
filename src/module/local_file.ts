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
    const reason = cause instanceof Deno.errors.NotFound
      ? "no such file"
      : cause instanceof Error
      ? cause.name
      : "unknown reason";
    throw new SetupError(`Cannot load module "${specifier}": ${reason}`, { cause });
  }
  throw new SetupError(`Cannot load module "${specifier}": expected a file, got a folder`);
}
