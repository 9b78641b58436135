/**
 * Modules as one file each, so that they can go along in a program.
 * @module
 */
import type { BakedModule } from "../../deploy/bake/bake.ts";
import { denoCommand } from "../../isolation/deno_command.ts";
import { prepareGuest } from "../../module/guest_box.ts";
import { locate } from "../../module/reference.ts";
import { RunError, SetupError } from "../../run/error.ts";
import type { Clock, Logger } from "../../run/seams.ts";

/** Where modules are looked for, and where they go. */
export interface BundleOptions {
  /** Absolute path that relative ones start from. */
  readonly folder: string;
  /** Path of the file that is written. */
  readonly output: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes a module and all it imports into one file. What it is made of is checked as a server would:
 * where its code comes from, and its integrity. None of its code runs.
 *
 * @throws {SetupError} when it cannot be resolved, is not what its integrity says, or cannot be one file
 */
export async function bundleModule(module: BakedModule, options: BundleOptions): Promise<void> {
  const { folder, output, clock, logger } = options;
  const { specifier, permissions: grants, integrity } = module;
  await using box = await prepareGuest({
    specifier,
    folder,
    grants,
    integrity,
    maxMemoryBytes: 0,
    clock,
    logger,
  });
  const { type } = locate(specifier, folder);
  try {
    await denoCommand([
      "bundle",
      "--quiet",
      "--platform=deno",
      box.configPath === undefined ? "--no-config" : `--config=${box.configPath}`,
      "--node-modules-dir=none",
      `--lock=${box.lockPath}`,
      ...type === "local" ? [] : [`--allow-import`],
      `--output=${output}`,
      box.specifier,
    ]);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    throw new SetupError(`Cannot make one file of module "${box.name}": ${error.message}`, {
      cause: error,
    });
  }
}
