/**
 * One piece of code in a sandbox: its calls, its time, its result.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import { CallError } from "./call_error.ts";
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
  /** Does a call; code is told of a `CallError` alone. */
  readonly call: (name: string, args: unknown) => Promise<unknown>;
  /** Told that the code runs for too long. */
  readonly onTooLong: () => void;
}

/** Said to calls that come when code has ended, which goes on in what it did not wait for. */
export const ENDED_TEXT = "Code has ended: wait for its calls with await";

/** Follows one piece of code. */
export class SandboxEvaluation {
  /** Settles with what the code came to, when its calls are over, whether it waited for them or not. */
  readonly result: Promise<Evaluation>;
  readonly #options: SandboxEvaluationOptions;
  readonly #settled = Promise.withResolvers<Evaluation>();
  readonly #open = new Set<number>();
  #calls = 0;
  #leftMs: number;
  #runningSinceMs = 0;
  #cancelTimer: (() => void) | undefined;
  #outcome: Evaluation | undefined;

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
    if (message.type === "call") {
      if (this.#open.has(message.call)) throw new Error("used the number of a call twice");
      void this.#answer(message);
      return;
    }
    if (this.#outcome) throw new Error("ended twice");
    this.#end(bounded(message, this.#options.limits));
    if (this.#open.size === 0) this.#settled.resolve(this.#outcome!);
  }

  /** The sandbox is gone. */
  crash(reason: string): void {
    this.#end({ type: "crash", reason });
    this.#settled.resolve(this.#outcome!);
  }

  async #answer(
    { call, name, args }: Extract<FromSandbox, { readonly type: "call" }>,
  ): Promise<void> {
    const { send, limits, functions } = this.#options;
    const fail = (message: string) => send({ type: "error", call, message });
    if (this.#outcome) return fail(ENDED_TEXT);
    if (!functions.has(name)) return fail(`No function is named ${JSON.stringify(name)}`);
    this.#calls += 1;
    if (this.#calls > limits.maxCalls) {
      return fail(`Too many calls: at most ${limits.maxCalls} in one piece of code`);
    }
    this.#open.add(call);
    this.#pause();
    try {
      const value = await this.#options.call(name, args);
      if (!isSent(() => send({ type: "result", call, value }))) fail("Result is no JSON");
    } catch (error) {
      fail(error instanceof CallError ? error.message : "Call failed");
    } finally {
      this.#open.delete(call);
      if (this.#open.size === 0) {
        if (this.#outcome) this.#settled.resolve(this.#outcome);
        else this.#goOn();
      }
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
    const { clock, onTooLong } = this.#options;
    this.#runningSinceMs = clock.now();
    this.#cancelTimer = clock.schedule(Math.max(0, this.#leftMs), onTooLong);
  }

  #end(outcome: Evaluation): void {
    this.#outcome ??= outcome;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

/** A tool may return what JSON has no form for. */
function isSent(send: () => void): boolean {
  try {
    send();
    return true;
  } catch {
    return false;
  }
}

/** A sandbox need not have kept to the limits itself. */
function bounded(
  message: Extract<FromSandbox, { readonly output: string }>,
  { maxOutputChars }: Required<SandboxLimits>,
): Evaluation {
  // What says that something was cut comes on top.
  const output = message.output.slice(0, maxOutputChars + 100);
  if (message.type === "failure") {
    return { ...message, message: message.message.slice(0, maxOutputChars), output };
  }
  const { value } = message;
  const { length } = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  if (length <= maxOutputChars) return { ...message, output };
  const text =
    `Result has ${length} characters, at most ${maxOutputChars} are allowed: return less of it`;
  return { type: "failure", kind: "runtime", message: text, output };
}
