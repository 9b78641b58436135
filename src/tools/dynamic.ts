/**
 * Toolsets that are made while an agent runs.
 * @module
 */
import type { StepContext } from "./context.ts";
import type { Tool } from "./tool.ts";
import { enterToolset, leaveToolset, type Toolset } from "./toolset.ts";

/** Makes a toolset; undefined: there are no tools. */
export type ToolsetFactory<Deps = unknown> = (
  ctx: StepContext<Deps>,
) => Toolset<Deps> | undefined | Promise<Toolset<Deps> | undefined>;

/** Settings of a {@linkcode DynamicToolset}. */
export interface DynamicToolsetOptions {
  /** Names it in errors; unique within an agent. @default "dynamic" */
  readonly id?: string;
  /** How long a toolset that was made is used. @default "run" */
  readonly per?: "run" | "step";
}

/**
 * A toolset that a function makes for each run or each step, say one per user. What it makes is
 * entered, and left with the run; per step, as soon as another one has taken its place. One that
 * several runs or steps in a row are given stays entered in between.
 */
export class DynamicToolset<Deps = unknown> implements Toolset<Deps> {
  /** As given. */
  readonly id: string;
  /** Makes the toolset, or what makes one for each step. */
  readonly forRun: NonNullable<Toolset<Deps>["forRun"]>;

  /** Makes toolsets with `make`. */
  constructor(make: ToolsetFactory<Deps>, options: DynamicToolsetOptions = {}) {
    const id = options.id ?? "dynamic";
    this.id = id;
    this.forRun = options.per === "step"
      ? () => new SteppedToolset(make, id)
      // Whoever asked for it enters and leaves it.
      : async (ctx) => await forRunOf(await make(ctx), ctx) ?? { id, tools: () => [] };
  }

  /** None: there are no tools outside a run. */
  tools(): readonly Tool<Deps>[] {
    return [];
  }
}

/** One run's toolsets, one at a time. */
class SteppedToolset<Deps> implements Toolset<Deps> {
  readonly id: string;
  readonly #make: ToolsetFactory<Deps>;
  /** As the function made it. */
  #made: Toolset<Deps> | undefined;
  /** What that is for the run; entered. */
  #current: Toolset<Deps> | undefined;
  #closed = false;

  constructor(make: ToolsetFactory<Deps>, id: string) {
    this.id = id;
    this.#make = make;
  }

  readonly forStep = async (ctx: StepContext<Deps>): Promise<Toolset<Deps>> => {
    const made = await this.#make(ctx);
    if (made !== this.#made) await this.#replace(made, ctx);
    const current = this.#current;
    return await current?.forStep?.(ctx) ?? current ?? this;
  };

  tools(): readonly Tool<Deps>[] {
    return [];
  }

  /** Nothing yet; without it nobody would care to dispose. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const current = this.#current;
    this.#current = undefined;
    if (current) await leaveToolset(current);
  }

  async #replace(made: Toolset<Deps> | undefined, ctx: StepContext<Deps>): Promise<void> {
    const next = await forRunOf(made, ctx);
    // First the new one: what both are made of stays entered.
    if (next) await enterToolset(next);
    if (this.#closed) {
      // The run ended while this waited, and nobody else would let go.
      if (next) await leaveToolset(next);
      return;
    }
    const former = this.#current;
    this.#made = made;
    this.#current = next;
    if (!former) return;
    try {
      await leaveToolset(former);
    } catch {
      ctx.run.logger.log("warn", "Toolset did not close", { runId: ctx.runId });
    }
  }
}

async function forRunOf<Deps>(
  toolset: Toolset<Deps> | undefined,
  ctx: StepContext<Deps>,
): Promise<Toolset<Deps> | undefined> {
  return await toolset?.forRun?.(ctx) ?? toolset;
}
