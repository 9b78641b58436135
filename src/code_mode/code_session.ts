/**
 * The code of one run: a sandbox that is started when it is needed, and what code comes to.
 * @module
 */
import { ToolContent } from "../tools/content.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { CallError } from "./call_error.ts";
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
  /**
   * Does a call. A `CallError` is thrown where the code called; whatever else it throws ends the code.
   */
  readonly call: (name: string, args: unknown, control: CallControl) => Promise<unknown>;
}

/** A call's reins. */
export interface CallControl {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** To be told when it begins, which may be later than it was made. */
  readonly onBegin: () => void;
}

/** Code of one run. */
export class CodeSession implements AsyncDisposable {
  readonly #pool: SandboxPool<Sandbox>;
  readonly #limits: Required<SandboxLimits>;
  readonly #files = new FileReferences();
  readonly #end = new AbortController();
  #sandbox: Sandbox | undefined;
  #running: Promise<unknown> | undefined;
  #calls = 0;
  readonly #known = new Set<string>();

  /** Starts nothing yet. */
  constructor(pool: SandboxPool<Sandbox>, limits: Required<SandboxLimits>) {
    this.#pool = pool;
    this.#limits = limits;
  }

  /**
   * Runs code, one piece at a time. Its calls are over when this settles.
   *
   * @returns the value of its last expression, with what it printed if it did
   * @throws {ModelRetry} telling the model what went wrong with its code
   * @throws the signal's reason once it is aborted, and what a call threw that was not for the code
   */
  async run(code: string, options: CodeOptions): Promise<unknown> {
    const running = this.#run(code, options);
    this.#running = running;
    return await running;
  }

  /** Whether this is the first time that the run asks for a name. */
  isNew(name: string): boolean {
    const isNew = !this.#known.has(name);
    this.#known.add(name);
    return isNew;
  }

  /** Ends the code and its sandbox. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error("Code session has ended"));
    await this.#running?.catch(() => {});
    await this.#close();
  }

  async #run(code: string, { restart, signal, functions, call }: CodeOptions): Promise<unknown> {
    const over = new AbortController();
    const stop = AbortSignal.any([signal, this.#end.signal, over.signal]);
    const started: string[] = [];
    const open = new Set<Promise<unknown>>();
    let fatal: { readonly error: unknown } | undefined;
    const callOnce = async (name: string, args: unknown) => {
      this.#countCall();
      const work = call(name, args, { signal: stop, onBegin: () => started.push(name) });
      open.add(work);
      try {
        return this.#files.toCode(await work);
      } catch (error) {
        if (!(error instanceof CallError)) {
          fatal ??= { error };
          over.abort(error);
        }
        throw error;
      } finally {
        open.delete(work);
      }
    };
    try {
      if (restart) await this.#close();
      const sandbox = await this.#open(stop);
      const evaluation = await sandbox.evaluate(code, { signal: stop, functions, call: callOnce });
      signal.throwIfAborted();
      if (fatal) throw fatal.error;
      stop.throwIfAborted();
      return this.#told(evaluation, started);
    } finally {
      over.abort(new Error("Code has ended"));
      await Promise.allSettled(open);
    }
  }

  #countCall(): void {
    const { maxRunCalls } = this.#limits;
    if (this.#calls >= maxRunCalls) {
      throw new CallError(`Too many calls: at most ${maxRunCalls} in all`);
    }
    this.#calls += 1;
  }

  async #open(signal: AbortSignal): Promise<Sandbox> {
    if (this.#sandbox?.alive) return this.#sandbox;
    await this.#close();
    return this.#sandbox = await this.#pool.take(signal);
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
          `Runtime error:\nThe code was ended, since it ${evaluation.reason}. ${calls} ` +
            "The session was reset: everything declared before is forgotten.",
        );
      }
      default:
        return evaluation satisfies never;
    }
  }

  #result({ value = null, output }: Extract<Evaluation, { readonly type: "value" }>): unknown {
    if (value === null) return output === "" ? {} : { output };
    const result = this.#files.fromCode(value);
    if (output === "") return result;
    return result instanceof ToolContent
      ? new ToolContent([{ type: "text", text: output }, ...result.parts])
      : { output, result };
  }
}
