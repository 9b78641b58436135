/**
 * Not waiting for what nobody wants any more.
 * @module
 */

/** Waits for `work`, but no longer than until the signal's abort, whose reason is then thrown. */
export async function untilAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  // Work that ignores the signal may still fail later, when nobody listens.
  work.then(undefined, () => {});
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
