/**
 * Modules as one file each, so that they can go along in a program.
 * @module
 */
import type { BakedModule, ModuleUse } from "../../deploy/bake/bake.ts";
import { denoCommand } from "../../isolation/deno_command.ts";
import { normalGrants } from "../../isolation/grant.ts";
import { type GuestBox, prepareGuest } from "../../module/guest_box.ts";
import { resolutionFlags } from "../../module/graph/resolution_flags.ts";
import { RunError, SetupError } from "../../run/error.ts";
import type { Clock, Logger } from "../../run/seams.ts";

/** Where modules are looked for, and where they go. */
export interface BundleOptions {
  /** Absolute path that relative ones start from. */
  readonly folder: string;
  /** Path of the file that is written. */
  readonly output: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes a module and all it imports into one file. What it is made of is checked as a server would:
 * where its code comes from, and its integrity, for each of its uses. None of its code runs.
 *
 * @throws {SetupError} when it cannot be resolved, is not what its integrity says, or cannot be one file
 * @throws the signal's reason
 */
export async function bundleModule(module: BakedModule, options: BundleOptions): Promise<void> {
  const { specifier, uses: [first, ...others] } = module;
  const { output, signal, clock } = options;
  for (const use of others) {
    await using other = await prepare(specifier, use, options);
    assertNoneWithheld(other);
  }
  await using box = await prepare(specifier, first!, options);
  assertNoneWithheld(box);
  try {
    await denoCommand([
      "bundle",
      "--quiet",
      "--platform=deno",
      ...resolutionFlags(box),
      // Everything it may import is pinned by now; whatever is not, fails.
      "--frozen",
      "--allow-import",
      `--output=${output}`,
      box.specifier,
    ], { signal, clock });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RunError)) throw error;
    throw new SetupError(`Cannot make one file of module "${box.name}": ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * Whoever makes one file of a module takes along what it imports at run time. One of its models is served
 * the file where another may have less.
 */
function assertNoneWithheld({ name, withheld: [first] }: GuestBox): void {
  if (!first) return;
  throw new SetupError(
    `Cannot make one file of module "${name}": it imports "${first.specifier}" at run time, and one of ` +
      `its models may not; grant ${first.grant} to allow it`,
  );
}

function prepare(
  specifier: string,
  { permissions, integrity }: ModuleUse,
  { folder, signal, clock, logger }: BundleOptions,
): Promise<GuestBox> {
  return prepareGuest({
    specifier,
    folder,
    grants: normalGrants(permissions, folder),
    integrity,
    maxMemoryBytes: 0,
    signal,
    clock,
    logger,
  });
}
