/**
 * Runners entered once, however many names they answer to.
 * @module
 */
import type { Runner } from "../run/runner.ts";

interface Entry {
  holders: number;
  /** What entering or leaving is under way or done; the next step waits for it. */
  state: Promise<void>;
}

/** Counts who holds a Runner: the first holder starts it, the last one releases it. */
export class EnteredRunners {
  readonly #entries = new Map<Runner, Entry>();

  /** Starts `runner` unless somebody holds it already. Rejects when its start failed. */
  async enter(runner: Runner): Promise<void> {
    if (!runner.start && !runner[Symbol.asyncDispose]) return;
    let entry = this.#entries.get(runner);
    if (!entry) {
      entry = { holders: 0, state: Promise.resolve() };
      this.#entries.set(runner, entry);
    }
    const held = entry;
    held.holders += 1;
    if (held.holders === 1) held.state = held.state.then(() => runner.start?.());
    try {
      await held.state;
    } catch (error) {
      held.holders -= 1;
      // Whoever waited with us failed as well; the next one begins anew.
      if (held.holders === 0 && this.#entries.get(runner) === held) this.#entries.delete(runner);
      throw error;
    }
  }

  /** Lets go of `runner`; the last holder releases it. Rejects when its release failed. */
  async leave(runner: Runner): Promise<void> {
    const entry = this.#entries.get(runner);
    if (!entry) return;
    entry.holders -= 1;
    if (entry.holders > 0) return;
    // A release that fails must not keep the next holder from starting.
    const release = entry.state.then(() => runner[Symbol.asyncDispose]?.());
    const settled = entry.state = release.then(() => {}, () => {});
    await settled;
    if (entry.holders === 0 && entry.state === settled) this.#entries.delete(runner);
    await release;
  }
}
