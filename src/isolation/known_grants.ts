/**
 * Whether Deno understands what is granted.
 * @module
 */
import { RunError, SetupError, type SetupProblem } from "../run/error.ts";
import type { Clock } from "../run/seams.ts";
import { denoCommand } from "./deno_command.ts";
import { GRANT_KINDS, type GrantKind, type Grants, NO_GRANTS, permissionFlags } from "./grant.ts";

/**
 * Has Deno read the grants as flags: to a process that may do everything its own queries call anything
 * granted.
 *
 * @throws {SetupError} naming each kind with a text that Deno does not take
 */
export async function checkKnownGrants(grants: Grants, clock: Clock): Promise<void> {
  const kinds = GRANT_KINDS.filter((kind) => grants[kind] !== "all" && grants[kind].length > 0);
  if (kinds.length === 0 || await complaint(grants, clock) === undefined) return;
  const problems = await Promise.all(
    kinds.map((kind) => problemOf({ ...NO_GRANTS, [kind]: grants[kind] }, kind, clock)),
  );
  throw new SetupError(problems.flat());
}

async function problemOf(grants: Grants, kind: GrantKind, clock: Clock): Promise<SetupProblem[]> {
  const why = await complaint(grants, clock);
  if (why === undefined) return [];
  return [{ path: `permissions.${kind}`, message: `Cannot grant what Deno does not know: ${why}` }];
}

/** What Deno says instead of running nothing; undefined: it takes the flags. */
async function complaint(grants: Grants, clock: Clock): Promise<string | undefined> {
  const flags = ["--quiet", "--no-prompt", "--no-config", "--no-lock", ...permissionFlags(grants)];
  try {
    await denoCommand(["run", ...flags, "data:text/javascript,"], { clock });
    return undefined;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    // That there is no Deno is told by whoever starts one.
    return error.code === "run-failed" ? error.message.split(" Caused by:", 1)[0] : undefined;
  }
}
