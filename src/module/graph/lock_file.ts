/**
 * The lock file of a guest: what Deno wrote for all that it resolved, cut down to what the guest has.
 * @module
 */
import { z } from "zod";
import type { GraphPackage } from "./reachable.ts";

/** The part of the format (version 5) that names packages of npm. */
const lockSchema = z.looseObject({
  version: z.string(),
  specifiers: z.record(z.string(), z.string()).optional(),
  npm: z.record(z.string(), z.looseObject({ integrity: z.string().optional() })).optional(),
});

/** A lock file's content. */
export type LockFile = z.infer<typeof lockSchema>;

/** Reads a lock file; an absent one is empty. */
export async function readLock(path: string): Promise<LockFile> {
  try {
    return lockSchema.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { version: "5" };
    throw error;
  }
}

/** Without the packages that the guest does not have: Deno would miss them when it starts. */
export function withPackages(lock: LockFile, packages: readonly GraphPackage[]): LockFile {
  const kept = new Set(packages.map(({ id }) => id));
  const { specifiers = {}, npm = {}, ...rest } = lock;
  return {
    ...rest,
    specifiers: Object.fromEntries(
      Object.entries(specifiers).filter(([specifier, version]) =>
        !specifier.startsWith("npm:") || kept.has(`${nameOf(specifier)}@${version}`)
      ),
    ),
    npm: Object.fromEntries(Object.entries(npm).filter(([id]) => kept.has(id))),
  };
}

/** The name in `npm:@scope/name@^1`. */
function nameOf(specifier: string): string {
  return /^npm:((?:@[^/]+\/)?[^@/]+)/.exec(specifier)?.[1] ?? "";
}
