/**
 * One piece of code in a sandbox: its calls, its time, its result.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import type { SandboxLimits } from "./sandbox.ts";
import type { FromSandbox, ToSandbox } from "./sandbox_messages.ts";

/** What code came to. */
export type Evaluation =
  | { readonly type: "value"; readonly value?: unknown; readonly output: string }
  | {
    readonly type: "failure";
    readonly kind: "syntax" | "runtime";
    readonly message: string;
    readonly output: string;
  }
  /** The sandbox is gone, and all that code had declared with it. */
  | { readonly type: "crash"; readonly reason: string };

/** What is evaluated with. */
export interface SandboxEvaluationOptions {
  readonly limits: Required<SandboxLimits>;
  readonly clock: Clock;
  readonly send: (message: ToSandbox) => void;
  readonly functions: ReadonlySet<string>;
  readonly call: (name: string, args: unknown) => Promise<unknown>;
  /** Told that the code runs for too long. */
  readonly onTooLong: () => void;
}

/** Follows one piece of code. */
export class SandboxEvaluation {
  /** Settles with what the code came to. */
  readonly result: Promise<Evaluation>;
  readonly #options: SandboxEvaluationOptions;
  readonly #settled = Promise.withResolvers<Evaluation>();
  readonly #open = new Set<number>();
  #calls = 0;
  #leftMs: number;
  #runningSinceMs = 0;
  #cancelTimer: (() => void) | undefined;
  #over = false;

  /** Begins to count its time. */
  constructor(options: SandboxEvaluationOptions) {
    this.#options = options;
    this.result = this.#settled.promise;
    this.#leftMs = options.limits.maxRunMs;
    this.#goOn();
  }

  /**
   * Takes what the sandbox says.
   *
   * @throws {Error} when it may not say that
   */
  take(message: Exclude<FromSandbox, { readonly type: "ready" }>): void {
    if (this.#over) return;
    if (message.type !== "call") return this.#settle(message);
    if (this.#open.has(message.call)) throw new Error("used the number of a call twice");
    void this.#answer(message);
  }

  /** The sandbox is gone. */
  crash(reason: string): void {
    this.#settle({ type: "crash", reason });
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#over = true;
    this.#cancelTimer?.();
  }

  async #answer(
    { call, name, args }: Extract<FromSandbox, { readonly type: "call" }>,
  ): Promise<void> {
    const { send, limits, functions } = this.#options;
    this.#calls += 1;
    const fail = (message: string) => send({ type: "error", call, name: "Error", message });
    if (!functions.has(name)) return fail(`No function is named ${name}`);
    if (this.#calls > limits.maxCalls) {
      return fail(`Too many calls: at most ${limits.maxCalls} in one piece of code`);
    }
    this.#open.add(call);
    this.#pause();
    try {
      send({ type: "result", call, value: await this.#options.call(name, args) });
    } catch (error) {
      const { name = "Error", message = String(error) } = error as Partial<Error>;
      send({ type: "error", call, name, message });
    } finally {
      this.#open.delete(call);
      if (this.#open.size === 0) this.#goOn();
    }
  }

  /** Time that code waits for tools is not its own. */
  #pause(): void {
    if (!this.#cancelTimer) return;
    this.#cancelTimer();
    this.#cancelTimer = undefined;
    this.#leftMs -= this.#options.clock.now() - this.#runningSinceMs;
  }

  #goOn(): void {
    if (this.#over || this.#cancelTimer) return;
    const { clock, onTooLong } = this.#options;
    this.#runningSinceMs = clock.now();
    this.#cancelTimer = clock.schedule(Math.max(0, this.#leftMs), onTooLong);
  }

  #settle(evaluation: Evaluation): void {
    if (this.#over) return;
    this.stop();
    this.#settled.resolve(evaluation);
  }
}
