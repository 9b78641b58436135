/**
 * What every Runner keeps, each as a check of its own.
 * @module
 */
import { assert, assertEquals, assertFalse, assertRejects, assertStrictEquals } from "@std/assert";
import type { RunEvent } from "../run/event.ts";
import { Fold, fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { Message, RunRequest, ToolSpec } from "../run/request.ts";
import type { RunResult, Usage } from "../run/result.ts";
import type { Runner } from "../run/runner.ts";
import type { ConformanceFactory, ConformanceScenario } from "./runner_conformance.ts";
import { testContext, testRequest } from "./test_context.ts";

/** One thing a Runner must keep. */
export interface ConformanceCheck {
  /** What the Runner is brought to do for it. */
  readonly scenario: ConformanceScenario["type"];
  /** What it keeps, as the end of a sentence about the Runner. */
  readonly title: string;
  /** Throws when the Runner does not. */
  readonly check: (makeRunner: ConformanceFactory) => Promise<void>;
}

/** How long a Runner may take to notice that it is to stop. */
const PROMPT_MS = 5_000;

const WEATHER: ToolSpec = {
  name: "get_weather",
  kind: "function",
  description: "The weather in a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
  },
};
const CALL_ARGUMENTS = { city: "Paris" };

/** Everything a Runner must keep. */
export const CONFORMANCE_CHECKS: readonly ConformanceCheck[] = [
  {
    scenario: "echo",
    title: "answers, keeps the grammar and finishes with stop",
    check: async (make) => {
      const result = await answer(make({ type: "echo" }), testRequest("Say this"));
      assertEquals(result.text, "Say this");
      assertEquals(result.finishReason, "stop");
      assertEquals(result.toolCalls, []);
    },
  },
  {
    scenario: "echo",
    title: "answers alike streamed and unstreamed",
    check: async (make) => {
      const runner = make({ type: "echo" });
      const request = testRequest("The same either way");
      const streamed = await answer(runner, { ...request, stream: true });
      assertEquals(streamed, await answer(runner, { ...request, stream: false }));
    },
  },
  {
    scenario: "echo",
    title: "keeps concurrent runs apart",
    check: async (make) => {
      const runner = make({ type: "echo" });
      const texts = Array.from(
        { length: 20 },
        (_, index) => `Run number ${index} speaks for itself`,
      );
      const runs = texts.map((text) => ({
        events: runner.run(testRequest(text), testContext())[Symbol.asyncIterator](),
        fold: new Fold(),
      }));
      // Each run in turn gives one event, so all are under way at once.
      for (let open = runs; open.length > 0;) {
        const steps = await Promise.all(open.map(({ events }) => events.next()));
        steps.forEach((step, index) => step.done || open[index]!.fold.add(step.value));
        open = open.filter((_, index) => !steps[index]!.done);
      }
      assertEquals(runs.map((run) => run.fold.result().text), texts);
    },
  },
  {
    scenario: "echo",
    title: "leaves the request as it was",
    check: async (make) => {
      const request = deepFreeze(
        testRequest({ tools: [WEATHER], settings: { temperature: 1 }, parameters: { user: "u" } }),
      );
      const before = structuredClone(request);
      await answer(make({ type: "echo" }), request);
      assertEquals(request, before);
    },
  },
  {
    scenario: "echo",
    title: "does not start when the signal is aborted already",
    check: async (make) => {
      const reason = new Error("Too late");
      const context = testContext({ signal: AbortSignal.abort(reason) });
      const events = make({ type: "echo" }).run(testRequest(), context)[Symbol.asyncIterator]();
      const thrown = await assertRejects(() => promptly(events.next(), "reject"));
      assertStrictEquals(thrown, reason);
    },
  },
  {
    scenario: "cut",
    title: "finishes with length when it was cut",
    check: async (make) => {
      const result = await answer(make({ type: "cut", text: "Once upon" }), testRequest());
      assertEquals(result.text, "Once upon");
      assertEquals(result.finishReason, "length");
    },
  },
  {
    scenario: "client-call",
    title: "hands calls of client tools out and takes their results up",
    check: async (make) => {
      const runner = make({ type: "client-call", arguments: CALL_ARGUMENTS });
      const request = deepFreeze(testRequest({ tools: [WEATHER] }));
      const context = testContext();
      const asked = await answer(runner, request, context);
      assertEquals(asked.finishReason, "tool-calls");
      assertEquals(asked.toolCalls.map((call) => [call.name, call.kind]), [[
        "get_weather",
        "function",
      ]]);
      const call = asked.toolCalls[0]!;
      assertEquals(JSON.parse(call.arguments), CALL_ARGUMENTS);
      const messages: Message[] = [
        ...request.messages,
        { role: "assistant", content: asked.text, toolCalls: asked.toolCalls },
        { role: "tool", toolCallId: call.id, content: [{ type: "text", text: "Sunny" }] },
      ];
      const resumed = await answer(runner, deepFreeze({ ...request, messages }), context);
      assertEquals(resumed.text, "Sunny");
      assertEquals(resumed.finishReason, "stop");
    },
  },
  {
    scenario: "client-call",
    title: "gives the calls of different runs different ids",
    check: async (make) => {
      const runner = make({ type: "client-call", arguments: CALL_ARGUMENTS });
      const context = testContext();
      const request = testRequest({ tools: [WEATHER] });
      const first = await answer(runner, request, context);
      const second = await answer(runner, request, context);
      assert(first.toolCalls[0]!.id !== second.toolCalls[0]!.id, "Two calls share one id");
    },
  },
  {
    scenario: "usage",
    title: "reports what it used",
    check: async (make) => {
      const usage: Usage = {
        inputTokens: 70,
        cachedInputTokens: 30,
        outputTokens: 9,
        reasoningTokens: 4,
      };
      const result = await answer(make({ type: "usage", usage }), testRequest());
      assertEquals(result.consumed, usage);
    },
  },
  {
    scenario: "fail",
    title: "throws what went wrong instead of finishing",
    check: async (make) => {
      const error = new Error("The oven is cold");
      const thrown = await assertRejects(() =>
        answer(make({ type: "fail", error }), testRequest())
      );
      assert(
        thrown === error || (thrown instanceof Error && thrown.cause === error),
        `Must throw the error or have it as cause, threw ${thrown}`,
      );
    },
  },
  {
    scenario: "silent",
    title: "does nothing before the first next()",
    check: async (make) => {
      const work = watch();
      const run = make({ type: "silent", ...work.hooks }).run(testRequest(), testContext());
      const events = run[Symbol.asyncIterator]();
      await macrotask();
      assertFalse(work.hasStarted(), "Work began before anybody asked for an event");
      await events.return?.();
      assertFalse(work.hasStarted(), "Work began when nobody wanted it");
    },
  },
  {
    scenario: "silent",
    title: "ends at once with the signal's reason when aborted while it waits",
    check: async (make) => {
      const work = watch();
      const controller = new AbortController();
      const context = testContext({ signal: controller.signal });
      const events = make({ type: "silent", ...work.hooks }).run(testRequest(), context);
      const ended = consume(events);
      // Both are awaited below; until then a rejection must not count as unhandled.
      ended.catch(() => {});
      await promptly(work.started, "start");
      const reason = new Error("The client has left");
      controller.abort(reason);
      assertStrictEquals(await assertRejects(() => promptly(ended, "end")), reason);
      await promptly(work.stopped, "stop its work");
    },
  },
  {
    scenario: "endless",
    title: "ends with the signal's reason when aborted while it speaks",
    check: async (make) => {
      const work = watch();
      const controller = new AbortController();
      const context = testContext({ signal: controller.signal });
      const run = make({ type: "endless", ...work.hooks }).run(
        testRequest({ stream: true }),
        context,
      );
      const reason = new Error("The client has left");
      const ended = (async () => {
        let count = 0;
        for await (const _ of run) if (++count === 3) controller.abort(reason);
      })();
      assertStrictEquals(await assertRejects(() => promptly(ended, "end")), reason);
      await promptly(work.stopped, "stop its work");
    },
  },
  {
    scenario: "endless",
    title: "stops its work when its reader returns",
    check: async (make) => {
      const work = watch();
      const run = make({ type: "endless", ...work.hooks }).run(
        testRequest({ stream: true }),
        testContext(),
      );
      let count = 0;
      for await (const _ of run) if (++count === 3) break;
      await promptly(work.stopped, "stop its work");
    },
  },
];

/** Runs to the end, checking the grammar on the way. */
function answer(
  runner: Runner,
  request: RunRequest,
  context = testContext(),
): Promise<RunResult> {
  return fold(checkGrammar(runner.run(request, context)));
}

async function consume(events: AsyncIterable<RunEvent>): Promise<void> {
  for await (const _ of events) { /* only the end matters */ }
}

/** Hooks of a scenario, and what they have told. */
function watch(): {
  readonly hooks: { readonly started: () => void; readonly stopped: () => void };
  readonly started: Promise<void>;
  readonly stopped: Promise<void>;
  hasStarted(): boolean;
} {
  const started = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  let begun = false;
  return {
    hooks: {
      started() {
        begun = true;
        started.resolve();
      },
      stopped: () => stopped.resolve(),
    },
    started: started.promise,
    stopped: stopped.promise,
    hasStarted: () => begun,
  };
}

/** Waits for `promise`, but not for ever. */
async function promptly<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Runner did not ${what} within ${PROMPT_MS} ms`)),
      PROMPT_MS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets everything run that was ready to; waits for no time to pass. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
