/**
 * Guests for tests: modules of `modules/`, told what to do and asked how it went.
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { systemClock, systemIds } from "../../src/context/system.ts";
import { parseGrants } from "../../src/isolation/grant.ts";
import { GuestModule, type GuestModuleOptions } from "../../src/module/guest_module.ts";
import { fold } from "../../src/run/fold.ts";
import { checkGrammar } from "../../src/run/grammar.ts";
import type { RunContext } from "../../src/run/runner.ts";
import { CollectingLogger, testContext, testRequest } from "../../src/testing/test_context.ts";

const MODULES = new URL("modules/", import.meta.url).pathname;

/** Longest a guest of a test may be silent, in milliseconds: no healthy one is on a busy machine. */
const HANG_MS = 8000;

/** Longest an answer may take, in milliseconds: longer than anything should. */
const LONGEST_MS = 20_000;

/** A guest, and what it is started with. */
export interface TestGuestOptions
  extends Partial<Omit<GuestModuleOptions, "grants" | "clock" | "logger">> {
  /** Words of `--grant`. @default none */
  readonly grants?: readonly string[];
}

/** How something went that a guest was told to do. */
export type Outcome = { readonly value: unknown } | { readonly error: string };

/** A running guest. */
export class TestGuest implements AsyncDisposable {
  /** The host's side. */
  readonly module: GuestModule;
  /** What the host's operator reads. */
  readonly logger = new CollectingLogger();

  private constructor({ grants = [], ...options }: TestGuestOptions) {
    this.module = new GuestModule({
      specifier: "obedient.ts",
      folder: MODULES,
      hangMs: HANG_MS,
      ...options,
      grants: parseGrants(grants),
      clock: systemClock,
      logger: this.logger,
    });
  }

  /** One that somebody else starts. */
  static unstarted(options: TestGuestOptions = {}): TestGuest {
    return new TestGuest(options);
  }

  /** Starts one; the module that does what it is told, by default. */
  static async start(options: TestGuestOptions = {}): Promise<TestGuest> {
    const guest = new TestGuest(options);
    await guest.module.start();
    return guest;
  }

  /** Asks its only model, and gives the whole answer's text. */
  async asks(text: string, context: Partial<RunContext> = {}): Promise<string> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error("Took too long")), LONGEST_MS);
    const signal = context.signal ? AbortSignal.any([context.signal, late.signal]) : late.signal;
    const own: RunContext = {
      ...testContext({ clock: systemClock, ids: systemIds }),
      ...context,
      signal,
    };
    try {
      const events = this.module.run(undefined, testRequest(text), own);
      return (await fold(checkGrammar(events))).text;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Has `code` run in the guest: it sees nothing of this file but `args`. */
  async does<Args extends readonly unknown[]>(
    code: (...args: Args) => unknown,
    ...args: Args
  ): Promise<Outcome> {
    return JSON.parse(await this.asks(JSON.stringify({ code: `${code}`, args })));
  }

  /** The same, where it must work. */
  async value<Args extends readonly unknown[]>(
    code: (...args: Args) => unknown,
    ...args: Args
  ): Promise<unknown> {
    const outcome = await this.does(code, ...args);
    assert("value" in outcome, `${code} failed: ${"error" in outcome && outcome.error}`);
    return outcome.value;
  }

  /** Has each attempt made `at` something, side by side; each must fail as `expected` says. */
  async isRefused<At>(
    expected: RegExp,
    at: At,
    attempts: Readonly<Record<string, (at: NoInfer<At>) => unknown>>,
  ): Promise<void> {
    const wrong = await Promise.all(
      Object.entries(attempts).map(async ([name, code]) => {
        const outcome = await this.does(code, at).catch((error: Error) => ({
          error: `run failed: ${error.message}`,
        }));
        if ("value" in outcome) return [`${name} gave ${JSON.stringify(outcome.value)}`];
        return expected.test(outcome.error) ? [] : [`${name} failed: ${outcome.error}`];
      }),
    );
    assertEquals(wrong.flat(), []);
  }

  /** Number of its process. */
  async pid(): Promise<number> {
    return await this.value(() => Deno.pid) as number;
  }

  /** What was denied, as the operator reads it: `permission value`. */
  get denials(): readonly string[] {
    return this.logger.entries.filter(({ message }) => message === "Guest was denied")
      .map(({ fields }) => `${fields.permission} ${fields.value}`);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.module[Symbol.asyncDispose]();
  }
}

/** How Deno refuses what is not granted. */
export const NOT_CAPABLE = /^NotCapable: Requires \w+ access/;

/**
 * Starts a guest without grants, and beside it a witness. Whatever `test` has the guest do, neither the
 * host nor the witness must notice.
 */
export async function withWitness(
  options: TestGuestOptions,
  test: (guest: TestGuest) => Promise<void>,
): Promise<void> {
  const [started, other] = await Promise.all([TestGuest.start(options), TestGuest.start()]);
  await using witness = other;
  await using guest = started;
  const pid = await witness.pid();
  await test(guest);
  assertEquals(await witness.pid(), pid, "The witness was started again");
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
  assertEquals(Object.keys(Object.prototype), []);
}

/** Where a guest's process has its cache, which nobody else has. */
export async function folderOf(pid: number): Promise<string> {
  const environment = await Deno.readTextFile(`/proc/${pid}/environ`);
  return /(?:^|\0)DENO_DIR=([^\0]*)/.exec(environment)![1]!;
}

/** Whether a process is there; zombies that nobody has waited for yet do not count. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Fields of a line of the log. */
export function entryOf(guest: TestGuest, message: string): Readonly<Record<string, unknown>> {
  const entry = guest.logger.entries.find((known) => known.message === message);
  assert(entry, `Not told: ${message}; told are ${JSON.stringify(guest.logger.entries)}`);
  return entry.fields;
}

/** Asserts that a run fails, and how. */
export async function failsWith(run: Promise<unknown>, expected: RegExp): Promise<void> {
  const error = await run.then((value) => value, (reason: unknown) => reason);
  assert(error instanceof Error, `Must fail, gave ${JSON.stringify(error)}`);
  assertMatch(`${error.name}: ${error.message}`, expected);
}
