/**
 * The code of one run: a sandbox that is started when it is needed, and what code comes to.
 * @module
 */
import { ModelRetry } from "../tools/outcome.ts";
import { FileReferences } from "./files.ts";
import type { Sandbox, SandboxLimits } from "./sandbox.ts";
import type { Evaluation } from "./sandbox_evaluation.ts";
import type { SandboxPool } from "./sandbox_pool.ts";

/** A piece of code, and what it may call. */
export interface CodeOptions {
  /** Whether everything declared before is forgotten. */
  readonly restart: boolean;
  /** Ends the code. */
  readonly signal: AbortSignal;
  /** Names of functions. */
  readonly functions: readonly string[];
  /** Does a call; what it throws is thrown where the code called. */
  readonly call: (name: string, args: unknown) => Promise<unknown>;
}

/** Code of one run. */
export class CodeSession implements AsyncDisposable {
  readonly #pool: SandboxPool;
  readonly #limits: Required<SandboxLimits>;
  readonly #files = new FileReferences();
  #sandbox: Sandbox | undefined;
  #calls = 0;

  /** Starts nothing yet. */
  constructor(pool: SandboxPool, limits: Required<SandboxLimits>) {
    this.#pool = pool;
    this.#limits = limits;
  }

  /**
   * Runs code.
   *
   * @returns the value of its last expression, with what it printed if it did
   * @throws {ModelRetry} telling the model what went wrong with its code
   */
  async run(code: string, { restart, signal, functions, call }: CodeOptions): Promise<unknown> {
    if (restart) await this.#close();
    const sandbox = await this.#open();
    const started: string[] = [];
    const evaluation = await sandbox.evaluate(code, {
      signal,
      functions,
      call: async (name, args) => {
        if (this.#calls >= this.#limits.maxRunCalls) {
          throw new Error(`Too many calls: at most ${this.#limits.maxRunCalls} in all`);
        }
        this.#calls += 1;
        started.push(name);
        return this.#files.toCode(await call(name, args));
      },
    });
    signal.throwIfAborted();
    return this.#told(evaluation, started);
  }

  /** Ends the sandbox. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async #open(): Promise<Sandbox> {
    if (this.#sandbox?.alive) return this.#sandbox;
    await this.#close();
    return this.#sandbox = await this.#pool.take();
  }

  async #close(): Promise<void> {
    const sandbox = this.#sandbox;
    this.#sandbox = undefined;
    await sandbox?.[Symbol.asyncDispose]();
  }

  #told(evaluation: Evaluation, started: readonly string[]): unknown {
    switch (evaluation.type) {
      case "value":
        return this.#result(evaluation);
      case "failure": {
        const { kind, message, output } = evaluation;
        const title = kind === "syntax" ? "Syntax error in code:" : "Runtime error:";
        const printed = output === "" ? "" : `\n\nPrinted before:\n${output}`;
        throw new ModelRetry(`${title}\n${message}${printed}`);
      }
      case "crash": {
        const calls = started.length === 0
          ? "No function was called."
          : `Functions called until then: ${started.join(", ")}.`;
        throw new ModelRetry(
          `Runtime error:\nThe code ${evaluation.reason}. ${calls} ` +
            "Everything declared before is forgotten.",
        );
      }
      default:
        return evaluation satisfies never;
    }
  }

  #result({ value = null, output }: Extract<Evaluation, { readonly type: "value" }>): unknown {
    if (output === "") return value === null ? {} : this.#files.fromCode(value);
    return value === null ? { output } : { output, result: value };
  }
}
