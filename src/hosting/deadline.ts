/**
 * Waiting, but not forever.
 * @module
 */
import type { Clock } from "../run/seams.ts";

/** Whether `promise` settled well within `ms`. Its failure is the caller's. */
export function within(promise: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, () => resolve(false));
    promise.then(() => resolve(true), reject).finally(cancel);
  });
}
