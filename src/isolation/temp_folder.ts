/**
 * Folders for what is needed for a while.
 * @module
 */

/** A folder; disposing removes it with all that is in it. */
export interface TempFolder extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
}

/**
 * Makes an empty folder. It goes when this process exits, at the latest, whatever waits for its end
 * then.
 */
export async function tempFolder(prefix: string): Promise<TempFolder> {
  const path = await Deno.makeTempDir({ prefix });
  const atExit = () => {
    try {
      Deno.removeSync(path, { recursive: true });
    } catch {
      // Nobody is left to be told.
    }
  };
  addEventListener("unload", atExit);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await Deno.remove(path, { recursive: true }).catch(() => {});
      removeEventListener("unload", atExit);
    },
  };
}
