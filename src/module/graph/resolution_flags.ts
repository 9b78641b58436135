/**
 * How Deno resolves what a module imports: the same whenever it reads or runs the module.
 * @module
 */

/** Whose imports are resolved. */
export interface Resolution {
  /** Absolute path of the `deno.json` whose names it uses; undefined: none. */
  readonly configPath: string | undefined;
  /** Absolute path of the lock file. */
  readonly lockPath: string;
}

/** Flags for any of Deno's commands that resolve imports. */
export function resolutionFlags({ configPath, lockPath }: Resolution): string[] {
  return [
    configPath === undefined ? "--no-config" : `--config=${configPath}`,
    // Its configuration may ask for these: Deno would write them beside the module, not into its cache.
    "--node-modules-dir=none",
    "--vendor=false",
    `--lock=${lockPath}`,
  ];
}
