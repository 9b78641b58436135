/**
 * Toolsets: tools that come, live and go together.
 * @module
 */
import type { StepContext } from "./context.ts";
import type { Tool } from "./tool.ts";

/** A source of tools. Long-lived and safe for concurrent runs, unless `forRun` makes a new one. */
export interface Toolset<Deps = unknown> {
  /** Names it in errors; unique within an agent. */
  readonly id: string;
  /** Retries of its tools that have none of their own. @default the agent's */
  readonly retries?: number;
  /**
   * Its tools, where they are the same at every step of every run: read once, and `tools` is not
   * called.
   */
  readonly fixedTools?: readonly Tool<Deps>[];
  /**
   * Its tools as far as they are known since its start, though they may change: so that an agent finds
   * two of one name when it starts rather than in a run.
   */
  readonly knownTools?: readonly Tool<Deps>[] | undefined;
  /** Another toolset to use for one run: the place for state, and for tools per user. */
  readonly forRun?: (ctx: StepContext<Deps>) => Toolset<Deps> | Promise<Toolset<Deps>>;
  /** Another toolset to use for one step. */
  readonly forStep?: (ctx: StepContext<Deps>) => Toolset<Deps> | Promise<Toolset<Deps>>;
  /** Acquires what the tools need. Called before the first of several users, see `enterToolset`. */
  readonly start?: () => Promise<void>;
  /** Added to the agent's instructions at each step. */
  readonly instructions?: (
    ctx: StepContext<Deps>,
  ) => string | undefined | Promise<string | undefined>;
  /** The tools of a step. */
  tools(ctx: StepContext<Deps>): readonly Tool<Deps>[] | Promise<readonly Tool<Deps>[]>;
  /** Releases what `start` acquired; called after the last user left. */
  readonly [Symbol.asyncDispose]?: () => PromiseLike<void>;
}

interface Lifetime {
  users: number;
  readonly started: Promise<void>;
}

const lifetimes = new WeakMap<object, Lifetime>();

/**
 * Uses a toolset from now on; the first user starts it, and several wait for one start. Each call
 * that resolves needs one `leaveToolset`.
 */
export async function enterToolset(toolset: Toolset<never>): Promise<void> {
  if (!toolset.start) return;
  let lifetime = lifetimes.get(toolset);
  if (!lifetime) {
    lifetime = { users: 0, started: toolset.start() };
    lifetimes.set(toolset, lifetime);
  }
  lifetime.users += 1;
  try {
    await lifetime.started;
  } catch (error) {
    // The next user may try again.
    if (lifetimes.get(toolset) === lifetime) lifetimes.delete(toolset);
    throw error;
  }
}

/** Uses several toolsets, which start side by side; when one fails to start, all are left again. */
export async function enterToolsets(toolsets: readonly Toolset<never>[]): Promise<void> {
  const starts = await Promise.allSettled(toolsets.map(enterToolset));
  const failed = starts.find(({ status }) => status === "rejected");
  if (!failed) return;
  const entered = toolsets.filter((_, index) => starts[index]!.status === "fulfilled");
  await Promise.allSettled(entered.map(leaveToolset));
  throw (failed as PromiseRejectedResult).reason;
}

/** Uses a toolset no longer; the last user disposes it. */
export async function leaveToolset(toolset: Toolset<never>): Promise<void> {
  const lifetime = lifetimes.get(toolset);
  if (!lifetime) return;
  lifetime.users -= 1;
  if (lifetime.users > 0) return;
  lifetimes.delete(toolset);
  await toolset[Symbol.asyncDispose]?.();
}
