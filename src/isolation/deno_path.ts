/**
 * Which Deno runs the programs of ours that need one.
 * @module
 */

/** Names a Deno to use instead of the one that runs this process. */
export const DENO_VARIABLE = "FAKELLM_DENO";

/**
 * Path or name of a Deno: the one that `FAKELLM_DENO` names; else the one this process runs in; where
 * that is a compiled program, which is no Deno any more, `deno` as found on `PATH`.
 */
export function denoPath(): string {
  const named = Deno.env.get(DENO_VARIABLE);
  if (named) return named;
  return Deno.build.standalone ? "deno" : Deno.execPath();
}
