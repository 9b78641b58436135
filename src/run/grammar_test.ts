import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { RunEvent } from "./event.ts";
import { checkGrammar, EventGrammar, GrammarError } from "./grammar.ts";

/** Reproducible random numbers (mulberry32): 0 up to 1. */
function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const USAGE: RunEvent = {
  type: "usage",
  usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0 },
};
const TRACE: RunEvent = { type: "trace", trace: { kind: "model-call", step: 1, model: "m" } };

/** A random run that keeps the grammar. */
function randomRun(random: () => number): RunEvent[] {
  const events: RunEvent[] = [];
  let calls = 0;
  const asides = () => {
    while (random() < 0.2) events.push(random() < 0.5 ? USAGE : TRACE);
  };
  const part = (start: RunEvent, delta: RunEvent, end: RunEvent) => {
    events.push(start);
    asides();
    while (random() < 0.6) {
      events.push(delta);
      asides();
    }
    events.push(end);
  };
  while (random() < 0.75) {
    asides();
    const kind = Math.floor(random() * 5);
    if (kind === 0) {
      part({ type: "text-start" }, { type: "text-delta", text: "t" }, { type: "text-end" });
    } else if (kind === 1) {
      part({ type: "refusal-start" }, { type: "refusal-delta", text: "r" }, {
        type: "refusal-end",
      });
    } else if (kind === 2) {
      part(
        { type: "reasoning-start", source: "model" },
        { type: "reasoning-delta", text: "w" },
        { type: "reasoning-end" },
      );
    } else if (kind === 3) {
      events.push({ type: "approval-request", id: `mcpr_${++calls}`, label: "l", text: "t" });
    } else {
      part(
        { type: "tool-call-start", id: `call_${++calls}`, name: "f", kind: "function" },
        { type: "tool-call-delta", arguments: "{}" },
        { type: "tool-call-end" },
      );
    }
  }
  asides();
  const reasons = calls > 0
    ? ["tool-calls", "length", "content-filter"] as const
    : ["stop", "length", "content-filter"] as const;
  events.push({ type: "finish", reason: reasons[Math.floor(random() * 3)]! });
  return events;
}

function accepts(events: readonly RunEvent[]): boolean {
  const grammar = new EventGrammar();
  try {
    for (const event of events) grammar.accept(event);
    grammar.end();
    return true;
  } catch (error) {
    if (error instanceof GrammarError) return false;
    throw error;
  }
}

/** Changes that leave no run in the grammar, whatever the run. */
const MUTATIONS: Record<string, (events: RunEvent[], random: () => number) => RunEvent[]> = {
  "finish dropped": (events) => events.slice(0, -1),
  "finish doubled": (events) => [...events, events.at(-1)!],
  "an event after finish": (events) => [...events, USAGE],
  "a delta before any part": (events) => [{ type: "text-delta", text: "x" }, ...events],
  "an end before any part": (events) => [{ type: "reasoning-end" }, ...events],
  "a part never closed": (events) => [{ type: "refusal-start" }, ...events],
  "a question inside a part": (events) => [
    { type: "text-start" },
    { type: "approval-request", id: "inside", label: "l", text: "t" },
    { type: "text-end" },
    ...events.slice(0, -1),
    { type: "finish", reason: "tool-calls" },
  ],
  "a question asked twice": (events) => [
    ...[1, 2].map((): RunEvent => ({ type: "approval-request", id: "q", label: "l", text: "t" })),
    ...events.slice(0, -1),
    { type: "finish", reason: "tool-calls" },
  ],
  "an unknown event": (events) => [{ type: "surprise" } as unknown as RunEvent, ...events],
  "a start or an end dropped": (events, random) => {
    const edges = events.flatMap((event, index) => /-(start|end)$/.test(event.type) ? [index] : []);
    const index = edges[Math.floor(random() * edges.length)] ?? events.length - 1;
    return events.toSpliced(index, 1);
  },
  "a start doubled": (events, random) => {
    const starts = events.flatMap((event, index) => event.type.endsWith("-start") ? [index] : []);
    const index = starts[Math.floor(random() * starts.length)] ?? events.length - 1;
    return events.toSpliced(index, 0, events[index]!);
  },
};

Deno.test("EventGrammar accepts every run the grammar makes", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = randomFrom(seed);
  for (let run = 0; run < 2_000; run++) {
    const events = randomRun(random);
    assertEquals(accepts(events), true, `seed ${seed}: ${JSON.stringify(events)}`);
  }
});

for (const [name, mutate] of Object.entries(MUTATIONS)) {
  Deno.test(`EventGrammar rejects any run with ${name}`, () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = randomFrom(seed);
    for (let run = 0; run < 500; run++) {
      const events = mutate(randomRun(random), random);
      assertEquals(accepts(events), false, `seed ${seed}: ${JSON.stringify(events)}`);
    }
  });
}

Deno.test("EventGrammar rejects a part inside another and names both", () => {
  const grammar = new EventGrammar();
  grammar.accept({ type: "text-start" });
  const error = assertThrows(
    () => grammar.accept({ type: "reasoning-start", source: "model" }),
    GrammarError,
  );
  assertStringIncludes(error.message, '"reasoning-start" while a text part is open');
});

Deno.test("EventGrammar rejects a delta of another part than the open one", () => {
  const grammar = new EventGrammar();
  grammar.accept({ type: "text-start" });
  assertThrows(() => grammar.accept({ type: "refusal-delta", text: "no" }), GrammarError);
});

Deno.test("EventGrammar rejects a tool call id used twice", () => {
  const grammar = new EventGrammar();
  const start: RunEvent = { type: "tool-call-start", id: "call_1", name: "f", kind: "function" };
  grammar.accept(start);
  grammar.accept({ type: "tool-call-end" });
  assertThrows(() => grammar.accept(start), GrammarError, 'id "call_1" used twice');
});

Deno.test("EventGrammar rejects a question under the id of a call, and a call under a question's", () => {
  const call: RunEvent = { type: "tool-call-start", id: "x", name: "f", kind: "function" };
  const question: RunEvent = { type: "approval-request", id: "x", label: "l", text: "t" };
  const end: RunEvent = { type: "tool-call-end" };
  const finish: RunEvent = { type: "finish", reason: "tool-calls" };
  assertEquals(accepts([call, end, question, finish]), false);
  assertEquals(accepts([question, call, end, finish]), false);
  assertEquals(accepts([question, { ...call, id: "y" }, end, finish]), true);
});

Deno.test("EventGrammar ties the finish reason to whether there were calls", () => {
  assertEquals(accepts([{ type: "finish", reason: "tool-calls" }]), false);
  const call: RunEvent[] = [
    { type: "tool-call-start", id: "call_1", name: "f", kind: "custom" },
    { type: "tool-call-end" },
  ];
  assertEquals(accepts([...call, { type: "finish", reason: "stop" }]), false);
  assertEquals(accepts([...call, { type: "finish", reason: "tool-calls" }]), true);
  assertEquals(accepts([...call, { type: "finish", reason: "length" }]), true);
  const question: RunEvent = { type: "approval-request", id: "q", label: "l", text: "t" };
  assertEquals(accepts([question, { type: "finish", reason: "stop" }]), false);
  assertEquals(accepts([question, { type: "finish", reason: "tool-calls" }]), true);
});

Deno.test("EventGrammar tells when a run has finished", () => {
  const grammar = new EventGrammar();
  assertEquals(grammar.finished, false);
  assertThrows(() => grammar.end(), GrammarError, "without finish");
  grammar.accept({ type: "finish", reason: "stop" });
  assertEquals(grammar.finished, true);
  grammar.end();
});

Deno.test("checkGrammar() passes events on up to the one that breaks the grammar", async () => {
  async function* broken(): AsyncGenerator<RunEvent> {
    yield { type: "text-start" };
    yield { type: "finish", reason: "stop" };
  }
  const seen: string[] = [];
  await assertRejects(async () => {
    for await (const event of checkGrammar(broken())) seen.push(event.type);
  }, GrammarError);
  assertEquals(seen, ["text-start"]);
});

Deno.test("checkGrammar() rejects a run that ends without finish", async () => {
  async function* unfinished(): AsyncGenerator<RunEvent> {
    yield USAGE;
  }
  await assertRejects(
    async () => {
      for await (const _ of checkGrammar(unfinished())) { /* only the end matters */ }
    },
    GrammarError,
    "without finish",
  );
});
