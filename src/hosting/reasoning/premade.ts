/**
 * Fixed texts as reasoning while a run is silent.
 * @module
 */
import type { RunEvent } from "../../run/event.ts";
import { TEXT_SEPARATOR } from "../../run/result.ts";
import type { RunContext } from "../../run/runner.ts";
import { Outlet, type Step } from "../../workflow/outlet.ts";

/** What goes on beside a run. */
export interface PremadeOptions {
  /** What to send at each turn, made by `premadeDeltas`. */
  readonly deltas: PremadeDeltas;
  /** Length of a turn, in milliseconds. */
  readonly intervalMs: number;
  /** The run's own. */
  readonly context: Pick<RunContext, "clock" | "signal">;
}

/** The texts, prepared for both places where they may stand; both lists have the same length. */
export interface PremadeDeltas {
  /** Each text as a span's first. */
  readonly first: readonly string[];
  /** Each text as it follows the one before it. */
  readonly next: readonly string[];
}

/** Prepares texts to be sent in turn, with a blank line between two that bring no white space. */
export function premadeDeltas(chunks: readonly string[]): PremadeDeltas {
  const next = chunks.map((chunk, index) => {
    const before = chunks.at(index - 1)!;
    return /\s$/.test(before) || /^\s/.test(chunk) ? chunk : TEXT_SEPARATOR + chunk;
  });
  return { first: [...chunks], next };
}

/** Where the run is: silent, in the middle of a visible part, or past any further silence. */
type Phase = "silent" | "speaking" | "over";

/**
 * A run whose own reasoning is replaced by premade texts. Each turn in which the run shows nothing
 * while its reader waits sends the next text; a visible part closes the span first. From the answer's
 * end or the first call on, nothing is added: what a client then reads is to be acted upon.
 */
export class PremadeRun implements AsyncIterableIterator<RunEvent, undefined, void> {
  readonly #run: AsyncIterable<RunEvent>;
  readonly #options: PremadeOptions;
  readonly #outlet: Outlet = new Outlet(() => this.#onWanted());
  #events: AsyncIterator<RunEvent> | undefined;
  #started = false;
  #pulling = false;
  #phase: Phase = "silent";
  /** Whether the run has shown something in this turn. */
  #shown = false;
  #spanOpen = false;
  /** How many texts were sent. */
  #turn = 0;
  #cancelTimer: (() => void) | undefined;

  /** Prepares a run that has not begun. */
  constructor(run: AsyncIterable<RunEvent>, options: PremadeOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Itself: a run can be read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next event, the run's or our own; rejects as the run does. */
  next(): Promise<Step> {
    return this.#outlet.next();
  }

  /** Stops the run. */
  async return(): Promise<Step> {
    this.#stop();
    this.#outlet.clear();
    this.#outlet.close();
    await this.#events?.return?.();
    return { done: true, value: undefined };
  }

  #onWanted(): void {
    if (!this.#started) this.#start();
    if (!this.#pulling) this.#pull();
  }

  #start(): void {
    this.#started = true;
    const { signal } = this.#options.context;
    if (signal.aborted) return this.#stop();
    signal.addEventListener("abort", this.#stop, { once: true });
    this.#schedule();
  }

  #pull(): void {
    this.#pulling = true;
    try {
      this.#events ??= this.#run[Symbol.asyncIterator]();
      this.#events.next().then(this.#onStep, this.#onError);
    } catch (error) {
      this.#onError(error);
    }
  }

  readonly #onStep = (step: IteratorResult<RunEvent>): void => {
    this.#pulling = false;
    if (step.done) {
      this.#stop();
      this.#outlet.close();
      return;
    }
    this.#take(step.value);
    if (this.#outlet.wanted && !this.#pulling) this.#pull();
  };

  readonly #onError = (error: unknown): void => {
    this.#stop();
    this.#outlet.fail(error);
  };

  #take(event: RunEvent): void {
    switch (event.type) {
      case "reasoning-start":
      case "reasoning-delta":
      case "reasoning-end":
        return;
      case "text-start":
        this.#beginVisible("speaking");
        break;
      case "text-end":
        this.#shown = true;
        if (event.phase !== "interim") this.#stop();
        else if (this.#phase === "speaking") this.#phase = "silent";
        break;
      case "refusal-start":
      case "tool-call-start":
      case "approval-request":
      case "finish":
        this.#beginVisible("over");
        break;
      case "text-delta":
      case "refusal-delta":
      case "refusal-end":
      case "tool-call-delta":
      case "tool-call-end":
      case "trace":
      case "usage":
        break;
      default:
        event satisfies never;
    }
    this.#outlet.emit(event);
  }

  #beginVisible(phase: Exclude<Phase, "silent">): void {
    if (this.#spanOpen) {
      this.#spanOpen = false;
      this.#outlet.emit({ type: "reasoning-end" });
    }
    if (phase === "over") this.#stop();
    else if (this.#phase !== "over") this.#phase = phase;
  }

  #schedule(): void {
    const { context, intervalMs } = this.#options;
    this.#cancelTimer = context.clock.schedule(intervalMs, this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#schedule();
    const shown = this.#shown;
    this.#shown = false;
    // A reader that is behind has something to read.
    if (shown || this.#phase !== "silent" || !this.#outlet.wanted) return;
    const { first, next } = this.#options.deltas;
    const index = this.#turn++ % first.length;
    if (this.#spanOpen) {
      this.#outlet.emit({ type: "reasoning-delta", text: next[index]! });
      return;
    }
    this.#spanOpen = true;
    this.#outlet.emit({ type: "reasoning-start", source: "progress" });
    this.#outlet.emit({ type: "reasoning-delta", text: first[index]! });
  };

  /** Adds nothing any more. */
  readonly #stop = (): void => {
    this.#phase = "over";
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#options.context.signal.removeEventListener("abort", this.#stop);
  };
}
