/**
 * How long is read what a process has said, once it has ended.
 * @module
 */
import type { Clock } from "../run/seams.ts";

/** In milliseconds. Others whom it started may hold its pipes for ever. */
const LAST_WORDS_MS = 500;

/** Resolves when all has been read, or what can be read at once. Never rejects. */
export async function lastWords(
  read: Promise<unknown>,
  clock: Pick<Clock, "schedule">,
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = clock.schedule(LAST_WORDS_MS, resolve);
  await Promise.race([read, late]).catch(() => {});
  cancel();
}
