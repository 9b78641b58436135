import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { RunEvent } from "../../run/event.ts";
import { fold } from "../../run/fold.ts";
import { EventGrammar, GrammarError } from "../../run/grammar.ts";
import { ManualClock } from "../../testing/manual_clock.ts";
import { eventLine } from "../../testing/transcript.ts";
import { settle } from "../fixture_test.ts";
import { premadeDeltas, PremadeRun } from "./premade.ts";

const INTERVAL_MS = 100;

/** A run that gives its events when told to. */
class HandFed implements AsyncIterableIterator<RunEvent> {
  returned = false;
  readonly #signal: AbortSignal;
  #given: (() => IteratorResult<RunEvent>)[] = [];
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.fail(signal.reason), { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<RunEvent>> {
    this.#signal.throwIfAborted();
    for (;;) {
      const given = this.#given.shift();
      if (given) return given();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  return(): Promise<IteratorResult<RunEvent>> {
    this.returned = true;
    this.#give(() => ({ done: true, value: undefined }));
    return Promise.resolve({ done: true, value: undefined });
  }

  give(...events: readonly RunEvent[]): void {
    for (const value of events) this.#give(() => ({ done: false, value }));
  }

  end(): void {
    this.#give(() => ({ done: true, value: undefined }));
  }

  fail(error: unknown): void {
    this.#give(() => {
      throw error;
    });
  }

  #give(step: () => IteratorResult<RunEvent>): void {
    this.#given.push(step);
    this.#wake?.();
  }
}

/** A hand-fed run accompanied by `chunks`, on a clock that stands still. */
function accompanied(...chunks: readonly string[]) {
  const clock = new ManualClock();
  const controller = new AbortController();
  const inner = new HandFed(controller.signal);
  const run = new PremadeRun(inner, {
    deltas: premadeDeltas(chunks),
    intervalMs: INTERVAL_MS,
    context: { clock, signal: controller.signal },
  });
  return { clock, controller, inner, run };
}

/** Reads for as long as the run goes on; what it got is in `lines` at any time. */
function reading(run: AsyncIterable<RunEvent>) {
  const lines: string[] = [];
  const ended = (async () => {
    for await (const event of run) lines.push(eventLine(event));
  })();
  ended.catch(() => {});
  return { lines, ended };
}

const answer: readonly RunEvent[] = [
  { type: "text-start" },
  { type: "text-delta", text: "Done" },
  { type: "text-end" },
  { type: "finish", reason: "stop" },
];

Deno.test("premade texts come in turn while the run is silent, and stop with its answer", async () => {
  const { clock, inner, run } = accompanied("Thinking", "Still thinking");
  const { lines, ended } = reading(run);
  await settle();
  assertEquals(lines, []);
  for (let turn = 0; turn < 3; turn++) {
    clock.advance(INTERVAL_MS);
    await settle();
  }
  assertEquals(lines, [
    "reasoning-start progress",
    'reasoning-delta "Thinking"',
    'reasoning-delta "\\n\\nStill thinking"',
    'reasoning-delta "\\n\\nThinking"',
  ]);
  inner.give(...answer);
  await settle();
  assertEquals(clock.pending, 0);
  inner.end();
  await ended;
  assertEquals(lines.slice(4), [
    "reasoning-end",
    "text-start",
    'text-delta "Done"',
    "text-end final",
    "finish stop",
  ]);
});

Deno.test("a run that answers within the first interval is left as it is", async () => {
  const { clock, inner, run } = accompanied("Thinking");
  inner.give(...answer);
  inner.end();
  const { lines, ended } = reading(run);
  await ended;
  assertEquals([lines.length, clock.pending], [4, 0]);
});

Deno.test("premade texts stay away from text, and come again in the silence after interim text", async () => {
  const { clock, inner, run } = accompanied("Thinking");
  const { lines, ended } = reading(run);
  inner.give({ type: "text-start" }, { type: "text-delta", text: "Let me look." });
  await settle();
  clock.advance(5 * INTERVAL_MS);
  await settle();
  assertEquals(lines, ["text-start", 'text-delta "Let me look."']);
  inner.give({ type: "text-end", phase: "interim" });
  await settle();
  clock.advance(INTERVAL_MS);
  await settle();
  assertEquals(lines.slice(2), ["text-end interim"]);
  clock.advance(INTERVAL_MS);
  await settle();
  assertEquals(lines.slice(3), ["reasoning-start progress", 'reasoning-delta "Thinking"']);
  inner.give(...answer);
  inner.end();
  await ended;
});

Deno.test("nothing is added after the answer, a refusal or the first call", async () => {
  const beginnings: readonly RunEvent[][] = [
    [{ type: "text-start" }, { type: "text-end" }],
    [{ type: "refusal-start" }, { type: "refusal-delta", text: "No" }, { type: "refusal-end" }],
    [
      { type: "tool-call-start", id: "c", name: "f", kind: "function" },
      { type: "tool-call-end" },
    ],
  ];
  for (const events of beginnings) {
    const { clock, inner, run } = accompanied("Thinking");
    const { lines } = reading(run);
    inner.give(...events);
    await settle();
    clock.advance(5 * INTERVAL_MS);
    await settle();
    assertEquals([lines.length, clock.pending], [events.length, 0]);
    await run.return();
  }
});

Deno.test("the run's own reasoning is replaced; traces and usage go on inside the span", async () => {
  const { clock, inner, run } = accompanied("Thinking");
  const { lines, ended } = reading(run);
  inner.give({ type: "reasoning-start", source: "model" }, {
    type: "reasoning-delta",
    text: "secret",
  });
  await settle();
  clock.advance(INTERVAL_MS);
  await settle();
  inner.give(
    { type: "reasoning-end" },
    { type: "trace", trace: { kind: "model-call", step: 1, model: "m" } },
  );
  await settle();
  clock.advance(INTERVAL_MS);
  await settle();
  assertEquals(lines, [
    "reasoning-start progress",
    'reasoning-delta "Thinking"',
    "trace model-call 1 m",
    'reasoning-delta "\\n\\nThinking"',
  ]);
  inner.give(...answer);
  inner.end();
  await ended;
});

Deno.test("a reader that is behind is not given more to read", async () => {
  const { clock, inner, run } = accompanied("Thinking");
  const first = run.next();
  clock.advance(INTERVAL_MS);
  assertEquals((await first).value, { type: "reasoning-start", source: "progress" });
  clock.advance(50 * INTERVAL_MS);
  assertEquals((await run.next()).value, { type: "reasoning-delta", text: "Thinking" });
  const third = run.next();
  inner.give(...answer);
  assertEquals((await third).value, { type: "reasoning-end" });
  await run.return();
  assertEquals(clock.pending, 0);
});

Deno.test("premadeDeltas() puts a blank line where neither text brings white space", () => {
  assertEquals(premadeDeltas(["a", "b ", "c", "\nd"]).next, ["\n\na", "\n\nb ", "c", "\nd"]);
  assertEquals(premadeDeltas(["a"]), { first: ["a"], next: ["\n\na"] });
});

Deno.test("nothing begins before the first next(), nor for a signal that is aborted", async () => {
  const { clock, controller, run } = accompanied("Thinking");
  assertEquals(clock.pending, 0);
  const reason = new Error("Gone");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => run.next()), reason);
  assertEquals(clock.pending, 0);
});

Deno.test("an abort ends the timer at once, though nobody reads and the run is deaf", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const deaf: AsyncIterable<RunEvent> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  };
  const run = new PremadeRun(deaf, {
    deltas: premadeDeltas(["Thinking"]),
    intervalMs: INTERVAL_MS,
    context: { clock, signal: controller.signal },
  });
  const first = run.next();
  clock.advance(INTERVAL_MS);
  await first;
  assertEquals(clock.pending, 1);
  controller.abort();
  assertEquals(clock.pending, 0);
  assertEquals(await run.return(), { done: true, value: undefined });
});

Deno.test("a run that fails fails as it did, and its timer ends", async () => {
  const { clock, inner, run } = accompanied("Thinking");
  const { lines, ended } = reading(run);
  await settle();
  clock.advance(INTERVAL_MS);
  const error = new Error("Down");
  inner.fail(error);
  assertStrictEquals(await assertRejects(() => ended), error);
  assertEquals([lines.length, clock.pending], [2, 0]);
});

Deno.test("return() stops the run and ends whoever waits", async () => {
  const { clock, inner, run } = accompanied("Thinking");
  const waiting = run.next();
  await settle();
  await run.return();
  assertEquals((await waiting).done, true);
  assertEquals([inner.returned, clock.pending], [true, 0]);
  assertEquals((await run.next()).done, true);
});

Deno.test("an iterable that throws instead of rejecting fails the run", async () => {
  const error = new Error("Broken");
  const run = new PremadeRun({
    [Symbol.asyncIterator]() {
      throw error;
    },
  }, {
    deltas: premadeDeltas(["Thinking"]),
    intervalMs: INTERVAL_MS,
    context: { clock: new ManualClock(), signal: new AbortController().signal },
  });
  assertStrictEquals(await assertRejects(() => run.next()), error);
});

/** mulberry32: small, and the same numbers for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The events of a whole run that keeps the grammar. */
function randomEvents(random: (below: number) => number): RunEvent[] {
  const events: RunEvent[] = [];
  const aside = () => {
    if (random(4) === 0) {
      events.push({ type: "trace", trace: { kind: "model-call", step: 1, model: "m" } });
    }
  };
  let calls = 0;
  for (let parts = random(6); parts > 0; parts--) {
    aside();
    const kind = (["text", "refusal", "reasoning", "tool-call"] as const)[random(4)]!;
    if (kind === "tool-call") {
      events.push({ type: "tool-call-start", id: `c${calls++}`, name: "f", kind: "function" });
    } else if (kind === "reasoning") {
      events.push({ type: "reasoning-start", source: random(2) ? "model" : "progress" });
    } else {
      events.push({ type: `${kind}-start` });
    }
    for (let deltas = random(4); deltas > 0; deltas--) {
      aside();
      events.push(
        kind === "tool-call"
          ? { type: "tool-call-delta", arguments: "{}" }
          : { type: `${kind}-delta`, text: kind },
      );
    }
    events.push(
      kind === "text"
        ? { type: "text-end", phase: random(2) ? "interim" : "final" }
        : { type: `${kind}-end` },
    );
  }
  events.push({ type: "finish", reason: calls > 0 ? "tool-calls" : "stop" });
  return events;
}

Deno.test("premade texts keep the grammar and the answer of random runs, and leave no timer", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = randomFrom(seed);
  let added = 0;
  for (let round = 0; round < 300; round++) {
    const events = randomEvents(random);
    const { clock, controller, inner, run } = accompanied("One", " two");
    const grammar = new EventGrammar();
    const seen: RunEvent[] = [];
    const fate = (["end", "end", "abort", "return", "fail"] as const)[random(5)]!;
    const left = [...events];
    const stopAt = fate === "end" ? -1 : random(events.length);
    const read = (async () => {
      for await (const event of run) {
        grammar.accept(event);
        seen.push(event);
      }
    })().catch((error) => {
      if (!(error instanceof GrammarError)) return;
      throw new Error(`Seed ${seed}, round ${round}`, { cause: error });
    });
    for (;;) {
      while (random(3) > 0) {
        await settle();
        clock.advance(random(2 * INTERVAL_MS));
      }
      const given = events.length - left.length;
      if (given === stopAt) {
        if (fate === "abort") controller.abort(new Error("Gone"));
        if (fate === "fail") inner.fail(new Error("Down"));
        if (fate === "return") await run.return();
        break;
      }
      const next = left.shift();
      if (next) inner.give(next);
      else break;
    }
    if (fate === "end") inner.end();
    await read;
    assertEquals(clock.pending, 0, `Seed ${seed}, round ${round}`);
    added += seen.filter((event) => event.type === "reasoning-delta").length;
    if (fate !== "end") continue;
    grammar.end();
    const own = (type: string) => !type.startsWith("reasoning-");
    assertEquals(
      seen.filter(({ type }) => own(type)),
      events.filter(({ type }) => own(type)),
      `Seed ${seed}, round ${round}`,
    );
    const [plain, told] = await Promise.all([fold(replay(events)), fold(replay(seen))]);
    assertEquals([told.text, told.refusal, told.toolCalls], [
      plain.text,
      plain.refusal,
      plain.toolCalls,
    ]);
  }
  assert(added > 0, `Seed ${seed}: no premade text came at all`);
});

async function* replay(events: readonly RunEvent[]): AsyncGenerator<RunEvent> {
  yield* events;
  await Promise.resolve();
}
