/**
 * Walls of a run, which hold for everything that runs inside it as well.
 * @module
 */
import { RunError } from "./error.ts";
import { addUsage, NO_USAGE, type Usage } from "./result.ts";

/** Walls of one run and of the runs inside it, all together; an absent one is not there. */
export interface RunLimits {
  /**
   * Most model calls.
   * @default 50, not counting those of runs inside
   */
  readonly maxSteps?: number;
  /** Most tool calls that run inside; a batch that would go beyond does not begin. */
  readonly maxToolCalls?: number;
  /** Most tokens, input and output of all model calls together. */
  readonly maxTokens?: number;
  /** Most input tokens of all model calls together. */
  readonly maxInputTokens?: number;
  /** Most output tokens of all model calls together. */
  readonly maxOutputTokens?: number;
  /** Most seconds from the run's beginning to its end. */
  readonly maxSeconds?: number;
}

/** Model calls of a run whose agent sets no limit. */
export const DEFAULT_MAX_STEPS = 50;

/** How budgets hang together. */
export interface RunBudgetOptions {
  /** Of the run this one is inside of: what is used here is used there. */
  readonly parent?: RunBudget;
  /** Most tool calls that the caller wants; beyond them the model has to do without. */
  readonly wantedToolCalls?: number;
  /** Told the tokens of runs inside. */
  readonly onInnerUsage?: (usage: Usage) => void;
}

/**
 * What a run has used, and may still use. Calls are taken before they are made, so that runs side by
 * side cannot go beyond a wall together; tokens are known afterwards only, so that a wall can be
 * overrun by the model calls under way.
 */
export class RunBudget {
  readonly #limits: RunLimits;
  readonly #parent: RunBudget | undefined;
  readonly #wantedToolCalls: number;
  readonly #onInnerUsage: ((usage: Usage) => void) | undefined;
  #ownModelCalls = 0;
  #modelCalls = 0;
  #toolCalls = 0;
  #usage: Usage = NO_USAGE;

  /** Nothing is used yet. */
  constructor(limits: RunLimits, options: RunBudgetOptions = {}) {
    this.#limits = limits;
    this.#parent = options.parent;
    this.#wantedToolCalls = options.wantedToolCalls ?? Infinity;
    this.#onInnerUsage = options.onInnerUsage;
  }

  /** Tool calls that the callers of this run and of those around it still want. */
  get wantedToolCalls(): number {
    const left = Math.max(0, this.#wantedToolCalls - this.#toolCalls);
    return Math.min(left, this.#parent?.wantedToolCalls ?? Infinity);
  }

  /**
   * Takes a model call.
   *
   * @throws {RunError} `run-failed` when there is none left
   */
  takeModelCall(): void {
    if (this.#limits.maxSteps === undefined && this.#ownModelCalls >= DEFAULT_MAX_STEPS) {
      exceed("maxSteps", DEFAULT_MAX_STEPS, this.#ownModelCalls + 1);
    }
    this.#everyWall((budget) => budget.#checkModelCalls());
    this.#ownModelCalls += 1;
    this.#everyWall((budget) => budget.#modelCalls += 1);
  }

  /**
   * Takes all calls of a batch, or none.
   *
   * @throws {RunError} `run-failed` when there are not as many left
   */
  takeToolCalls(count: number): void {
    if (count === 0) return;
    this.#everyWall((budget) => budget.#checkToolCalls(count));
    this.#everyWall((budget) => budget.#toolCalls += count);
  }

  /** Gives back calls that came to nothing. */
  returnToolCalls(count: number): void {
    this.#everyWall((budget) => budget.#toolCalls -= count);
  }

  /**
   * Counts the tokens of a model call.
   *
   * @throws {RunError} `run-failed` when more were used than allowed
   */
  addUsage(usage: Usage): void {
    this.#everyWall((budget) => budget.#usage = addUsage(budget.#usage, usage));
    if (this.#parent) this.#parent.#tellInner(usage);
    this.#everyWall((budget) => budget.#checkTokens());
  }

  /**
   * Counts tokens that code inside the run used without a run of its own.
   *
   * @throws {RunError} `run-failed` when more were used than allowed
   */
  addInnerUsage(usage: Usage): void {
    this.#onInnerUsage?.(usage);
    this.addUsage(usage);
  }

  #tellInner(usage: Usage): void {
    this.#onInnerUsage?.(usage);
    if (this.#parent) this.#parent.#tellInner(usage);
  }

  #everyWall(apply: (budget: RunBudget) => void): void {
    // deno-lint-ignore no-this-alias -- a chain is walked
    for (let budget: RunBudget | undefined = this; budget; budget = budget.#parent) apply(budget);
  }

  #checkModelCalls(): void {
    const { maxSteps } = this.#limits;
    if (maxSteps !== undefined && this.#modelCalls >= maxSteps) {
      exceed("maxSteps", maxSteps, this.#modelCalls + 1);
    }
  }

  #checkToolCalls(count: number): void {
    const { maxToolCalls } = this.#limits;
    if (maxToolCalls !== undefined && this.#toolCalls + count > maxToolCalls) {
      exceed("maxToolCalls", maxToolCalls, this.#toolCalls + count);
    }
  }

  #checkTokens(): void {
    const { maxInputTokens, maxOutputTokens, maxTokens } = this.#limits;
    const { inputTokens, outputTokens } = this.#usage;
    if (maxInputTokens !== undefined && inputTokens > maxInputTokens) {
      exceed("maxInputTokens", maxInputTokens, inputTokens);
    }
    if (maxOutputTokens !== undefined && outputTokens > maxOutputTokens) {
      exceed("maxOutputTokens", maxOutputTokens, outputTokens);
    }
    if (maxTokens !== undefined && inputTokens + outputTokens > maxTokens) {
      exceed("maxTokens", maxTokens, inputTokens + outputTokens);
    }
  }
}

/** What counts the tokens of a run inside that may tell them to its reader alone, as no agent does. */
export interface InnerUsage {
  /** For the run inside. */
  readonly budget: RunBudget;
  /**
   * Counts what of `consumed` the run has not counted by itself.
   *
   * @param consumed everything that its reader was told
   * @throws {RunError} `run-failed` when more was used than allowed
   */
  readonly settle: (consumed: Usage) => void;
}

/** Watches over a run inside the one that `parent` belongs to. */
export function innerUsage(parent: RunBudget): InnerUsage {
  let counted = NO_USAGE;
  const onInnerUsage = (usage: Usage) => {
    counted = addUsage(counted, usage);
  };
  return {
    budget: new RunBudget({}, { parent, onInnerUsage }),
    settle: (consumed) => {
      const left = leftOf(consumed, counted);
      if (left.inputTokens + left.outputTokens > 0) parent.addInnerUsage(left);
    },
  };
}

function leftOf(all: Usage, counted: Usage): Usage {
  const left = (field: keyof Usage) => Math.max(0, all[field] - counted[field]);
  return {
    inputTokens: left("inputTokens"),
    cachedInputTokens: left("cachedInputTokens"),
    outputTokens: left("outputTokens"),
    reasoningTokens: left("reasoningTokens"),
  };
}

/** What ends a run at its deadline. */
export function deadlineError(maxSeconds: number): RunError {
  return new RunError("run-failed", `Run exceeded its limit: maxSeconds is ${maxSeconds}`);
}

function exceed(limit: keyof RunLimits, max: number, wanted: number): never {
  throw new RunError(
    "run-failed",
    `Run exceeded its limit: ${limit} is ${max}, wanted ${wanted}`,
  );
}
