/**
 * Progress that is told when hidden tools run.
 * @module
 */
import type { RunState } from "./run_state.ts";

/**
 * Tells a label, in the operator's words; several calls that say the same say it once.
 *
 * @param told what was told already of the calls at hand
 */
export function tellLabel<Deps>(
  { context, asides }: RunState<Deps>,
  label: string | undefined,
  told: Set<string>,
): void {
  if (!label || context.reasoning !== "progress" || told.has(label)) return;
  told.add(label);
  asides.push(
    { type: "reasoning-start", source: "progress" },
    { type: "reasoning-delta", text: label },
    { type: "reasoning-end" },
  );
}
