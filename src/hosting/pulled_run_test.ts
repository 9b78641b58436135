import { assertEquals, assertRejects } from "@std/assert";
import type { RunEvent } from "../run/event.ts";
import { GrammarError } from "../run/grammar.ts";
import { macrotask } from "../testing/macrotask.ts";
import { gate, settle, textEvents } from "./fixture_test.ts";
import { PulledRun } from "./pulled_run.ts";

const TRACE: RunEvent = { type: "trace", trace: { kind: "model-call", step: 1, model: "m" } };

/** The rest of a run, its first sign included. */
async function rest(run: PulledRun): Promise<readonly string[]> {
  const types: string[] = [];
  const first = run.takeFirst();
  if (first) types.push(first.type);
  for (;;) {
    const { done, value } = await run.next();
    if (done) return types;
    types.push(value.type);
  }
}

const TEXT = ["text-start", "text-delta", "text-end", "usage", "finish"];

Deno.test("firstSign() passes over traces, and what it waited for comes once", async () => {
  let starts = 0;
  const run = new PulledRun(async function* () {
    starts += 1;
    yield TRACE;
    yield* textEvents("Hi");
  });
  assertEquals([starts, run.waiting], [0, false]);
  const waiting = run.firstSign();
  assertEquals(run.waiting, true);
  await waiting;
  assertEquals([starts, run.waiting], [1, false]);
  assertEquals(await rest(run), TEXT);
  assertEquals([starts, run.takeFirst()], [1, undefined]);
});

Deno.test("release() ends the wait, and no event is lost by it", async () => {
  const answered = gate();
  const run = new PulledRun(async function* () {
    yield TRACE;
    await answered.promise;
    yield* textEvents("Hi");
  });
  run.release();
  const waiting = run.firstSign();
  await settle();
  run.release();
  await waiting;
  assertEquals([run.waiting, run.takeFirst()], [false, undefined]);
  answered.resolve();
  assertEquals(await rest(run), TEXT);
});

Deno.test("firstSign() rejects with what the run throws, also at once, and waits no more", async () => {
  const atOnce = new PulledRun(() => {
    throw new Error("at once");
  });
  // deno-lint-ignore require-yield -- it fails before it could.
  const later = new PulledRun(async function* () {
    throw new Error("later");
  });
  await assertRejects(() => atOnce.firstSign(), Error, "at once");
  await assertRejects(() => later.firstSign(), Error, "later");
  assertEquals([atOnce.waiting, later.waiting], [false, false]);
  const silent = new PulledRun(async function* () {
    yield TRACE;
  });
  await assertRejects(() => silent.firstSign(), GrammarError);
});

Deno.test("a failure after the wait is heard by whoever pulls, and by nobody before", async () => {
  const failing = gate();
  // deno-lint-ignore require-yield -- it fails before it could.
  const late = new PulledRun(async function* () {
    await failing.promise;
  });
  const waiting = late.firstSign();
  late.release();
  await waiting;
  failing.reject(new Error("late"));
  await macrotask();
  await assertRejects(() => late.next(), Error, "late");
  const told = new PulledRun(() => (async function* () {})());
  told.failNext(new Error("told"));
  // A rejection that nobody handles ends the process here.
  await macrotask();
  await assertRejects(() => told.next(), Error, "told");
});

Deno.test("leave() ends what has begun, and starts nothing", async () => {
  let left = false;
  const run = new PulledRun(async function* () {
    try {
      yield* textEvents("Hi");
    } finally {
      left = true;
    }
  });
  assertEquals(run.leave(), undefined);
  await run.firstSign();
  await run.leave();
  assertEquals([left, (await run.next()).done], [true, true]);
});
