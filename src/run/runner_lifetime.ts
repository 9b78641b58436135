/**
 * Runners held in several places, under several names or as routes: started once, released once.
 * @module
 */
import type { Runner } from "./runner.ts";

interface Lifetime {
  holders: number;
  /** What starting or releasing is under way or done; the next step waits for it. */
  state: Promise<void>;
}

const lifetimes = new WeakMap<Runner, Lifetime>();

/**
 * Holds a Runner from now on; the first holder starts it, and several wait for one start. Each call
 * that resolves needs one `leaveRunner`. Rejects when the start failed; the next holder tries again.
 */
export async function enterRunner(runner: Runner): Promise<void> {
  if (!runner.start && !runner[Symbol.asyncDispose]) return;
  let lifetime = lifetimes.get(runner);
  if (!lifetime) {
    lifetime = { holders: 0, state: Promise.resolve() };
    lifetimes.set(runner, lifetime);
  }
  const held = lifetime;
  held.holders += 1;
  if (held.holders === 1) held.state = held.state.then(() => runner.start?.());
  try {
    await held.state;
  } catch (error) {
    // Whoever waited with us failed as well; the next one begins anew.
    held.holders -= 1;
    if (lifetimes.get(runner) === held) lifetimes.delete(runner);
    throw error;
  }
}

/** Holds a Runner no longer; the last holder releases it. Rejects when the release failed. */
export async function leaveRunner(runner: Runner): Promise<void> {
  const lifetime = lifetimes.get(runner);
  if (!lifetime || lifetime.holders === 0) return;
  lifetime.holders -= 1;
  if (lifetime.holders > 0) return;
  const release = lifetime.state.then(() => runner[Symbol.asyncDispose]?.());
  // A release that fails must not keep the next holder from starting.
  const settled = lifetime.state = release.then(() => {}, () => {});
  await settled;
  if (lifetime.holders === 0 && lifetime.state === settled) lifetimes.delete(runner);
  await release;
}
