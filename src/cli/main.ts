/**
 * Dispatches commands.
 * @module
 */

/** Runs one command line; resolves to the exit code. */
export function main(_args: readonly string[]): Promise<number> {
  return Promise.resolve(2);
}
