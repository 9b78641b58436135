/**
 * The least a Runner can be, and Runners that are none: the suite must tell them apart.
 */
import { assertEquals, AssertionError, assertRejects } from "@std/assert";
import type { Runner } from "../../src/run/runner.ts";
import {
  type ConformanceFactory,
  type ConformanceScenario,
  runnerConformance,
} from "../../src/testing/runner_conformance.ts";
import { lastText, play, text } from "./scenarios.ts";

const handWritten: ConformanceFactory = (scenario) => ({
  run: (request, { signal, ids }) =>
    play(scenario, request, { signal, callId: () => ids.mint("call_") }),
});

runnerConformance("hand-written Runner", handWritten);

/** Ways not to be a Runner, and a scenario in which the suite must notice. */
const FAULTS: Record<string, [ConformanceScenario["type"], Runner["run"]]> = {
  "one without finish": ["echo", async function* (request) {
    yield* text([lastText(request)]);
  }],
  "one that finishes twice": ["echo", async function* (request) {
    yield* text([lastText(request)]);
    yield { type: "finish", reason: "stop" };
    yield { type: "finish", reason: "stop" };
  }],
  "one that leaves its text open": ["echo", async function* (request) {
    yield { type: "text-start" };
    yield { type: "text-delta", text: lastText(request) };
    yield { type: "finish", reason: "stop" };
  }],
  "one that ignores an aborted signal": ["echo", async function* (request) {
    yield* text([lastText(request)]);
    yield { type: "finish", reason: "stop" };
  }],
  "one that changes the request": ["echo", async function* (request, { signal }) {
    signal.throwIfAborted();
    yield* text([lastText(request)]);
    (request.messages as unknown[]).push({ role: "system", content: "changed" });
    yield { type: "finish", reason: "stop" };
  }],
  "one that answers otherwise when streamed": ["echo", async function* (request, { signal }) {
    signal.throwIfAborted();
    yield* text([request.stream ? lastText(request).slice(1) : lastText(request)]);
    yield { type: "finish", reason: "stop" };
  }],
  "one that swallows its error": ["fail", async function* () {
    yield { type: "finish", reason: "stop" };
  }],
  "one that reports no usage": ["usage", async function* () {
    yield { type: "finish", reason: "stop" };
  }],
  "one that gives every call the same id": ["client-call", async function* (request) {
    if (request.messages.at(-1)?.role === "tool") {
      yield* text([lastText(request)]);
      yield { type: "finish", reason: "stop" };
      return;
    }
    yield { type: "tool-call-start", id: "call_0", name: "get_weather", kind: "function" };
    yield { type: "tool-call-delta", arguments: '{"city":"Paris"}' };
    yield { type: "tool-call-end" };
    yield { type: "finish", reason: "tool-calls" };
  }],
};

for (const [name, [scenario, run]] of Object.entries(FAULTS)) {
  Deno.test(`runnerConformance() finds fault with ${name}`, async () => {
    assertEquals(await failures(() => ({ run }), scenario) > 0, true);
  });
}

Deno.test("runnerConformance() finds fault with one whose runs share state", async () => {
  let shared = "";
  const run: Runner["run"] = async function* (request, { signal }) {
    signal.throwIfAborted();
    shared = lastText(request);
    yield { type: "text-start" };
    yield { type: "text-delta", text: shared };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  };
  assertEquals(await failures(() => ({ run }), "echo"), 1);
});

Deno.test("runnerConformance() finds fault with one that works before it is asked", async () => {
  const factory: ConformanceFactory = (scenario) => ({
    run(request, context) {
      if (scenario.type === "silent") scenario.started();
      return handWritten(scenario).run(request, context);
    },
  });
  assertEquals(await failures(factory, "silent"), 1);
});

Deno.test("runnerConformance() ignores what is skipped and says why", () => {
  const seen: string[] = [];
  runnerConformance("R", handWritten, {
    skip: { cut: "R has no length" },
    test: ({ name, ignore }) => ignore && seen.push(name),
  });
  assertEquals(seen, ["R: finishes with length when it was cut (skipped: R has no length)"]);
});

/** Number of the suite's tests that fail, of those that use `scenario`. */
async function failures(
  factory: ConformanceFactory,
  scenario: ConformanceScenario["type"],
): Promise<number> {
  const all = ["echo", "cut", "client-call", "usage", "fail", "silent", "endless"] as const;
  const skip = Object.fromEntries(
    all.filter((type) => type !== scenario).map((type) => [type, "not asked"]),
  );
  const tests: (() => Promise<void>)[] = [];
  runnerConformance("faulty", factory, {
    skip,
    test: ({ ignore, fn }) => ignore || tests.push(fn),
  });
  let count = 0;
  for (const test of tests) {
    try {
      await test();
    } catch {
      count++;
    }
  }
  return count;
}

Deno.test("runnerConformance() fails by throwing, so any test runner can run it", async () => {
  const tests: (() => Promise<void>)[] = [];
  runnerConformance("faulty", () => ({
    run: async function* () {
      yield { type: "finish", reason: "stop" };
    },
  }), { test: ({ fn }) => tests.push(fn) });
  await assertRejects(() => tests[0]!(), AssertionError);
});
