/**
 * The order of calls that code makes side by side: sequential ones run alone.
 * @module
 */

/** Lets calls begin. Earlier ones finish before a sequential one, later ones start after it. */
export class CallOrder {
  /** Settles when the last sequential call is over. */
  #barrier: Promise<unknown> = Promise.resolve();
  /** Calls since then. */
  #since: Promise<unknown>[] = [];

  /** Does a call as soon as it may begin; one that must run alone with nothing beside it. */
  run<T>(sequential: boolean, work: () => Promise<T>): Promise<T> {
    const before = sequential ? Promise.allSettled([this.#barrier, ...this.#since]) : this.#barrier;
    const call = before.then(work);
    const over = call.catch(() => {});
    if (sequential) {
      this.#barrier = over;
      this.#since = [];
    } else this.#since.push(over);
    return call;
  }
}
