/**
 * Code for tests: a session with a process of its own, and functions that the test gives it.
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CodeSession } from "../../src/code_mode/code_session.ts";
import { Sandbox, SANDBOX_LIMITS, type SandboxLimits } from "../../src/code_mode/sandbox.ts";
import { SandboxPool } from "../../src/code_mode/sandbox_pool.ts";
import { systemClock } from "../../src/context/system.ts";
import { ModelRetry } from "../../src/tools/outcome.ts";

/** What code can call, by names of functions. */
export type Functions = Readonly<Record<string, (args: never, signal: AbortSignal) => unknown>>;

/** How code is run. */
export interface TestCodeOptions extends SandboxLimits {
  readonly functions?: Functions;
}

/** The code of one run. */
export class TestCode implements AsyncDisposable {
  readonly session: CodeSession;
  /** Names of the functions that were called, in order. */
  readonly called: string[] = [];
  readonly #functions: Functions;
  readonly #pool: SandboxPool<Sandbox>;

  /** Starts nothing yet. */
  constructor({ functions = {}, ...given }: TestCodeOptions = {}) {
    const limits = { ...SANDBOX_LIMITS, maxRunMs: 20_000, ...given };
    this.#functions = functions;
    this.#pool = new SandboxPool({
      ready: 0,
      start: (signal) => Sandbox.start({ limits, clock: systemClock }, signal),
    });
    this.session = new CodeSession(this.#pool, limits);
  }

  /** What a piece of code comes to. */
  run(
    code: string,
    options: { readonly restart?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<unknown> {
    return this.session.run(code, {
      restart: options.restart ?? false,
      signal: options.signal ?? new AbortController().signal,
      functions: Object.keys(this.#functions),
      call: async (name, args, { signal, onBegin }) => {
        onBegin();
        this.called.push(name);
        return await this.#functions[name]!(args as never, signal);
      },
    });
  }

  /** What a model is told of a piece of code that fails. */
  async fails(code: string): Promise<string> {
    return (await assertRejects(() => this.run(code), ModelRetry)).message;
  }

  /** The process that the code runs in now. */
  async pid(): Promise<number> {
    return await this.run("Deno.pid") as number;
  }

  /** Ends the session. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]();
    await this.#pool.close();
  }
}

/** Each piece of code comes to its value, all in one session. */
export async function assertValues(pairs: Readonly<Record<string, unknown>>): Promise<void> {
  await using code = new TestCode();
  for (const [piece, value] of Object.entries(pairs)) {
    assertEquals(await code.run(piece), value, piece);
  }
}

/** Whether a process is there; zombies that nobody has waited for yet do not count. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Nothing is left of a sandbox. */
export function assertGone(pid: number): void {
  assert(!isAlive(pid), `process ${pid} is left`);
}
