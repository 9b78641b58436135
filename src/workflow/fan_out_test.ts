import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import type { Usage } from "../run/result.ts";
import type { Runner } from "../run/runner.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import type { InnerRun } from "./fan_out.ts";
import type { InnerResult } from "./inner_run.ts";
import type { WorkflowRequest } from "./request.ts";
import { AgenticWorkflow } from "./workflow.ts";

const USAGE: Usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0 };

function* saying(text: string): Generator<RunEvent> {
  yield { type: "text-start" };
  yield { type: "text-delta", text };
  yield { type: "text-end" };
  yield { type: "finish", reason: "stop" };
}

/** Says `text` once `ready` lets it. */
function runnerOf(text: string, ready: Promise<void> = Promise.resolve()): Runner {
  return {
    async *run() {
      yield { type: "usage", usage: USAGE };
      await ready;
      yield* saying(text);
    },
  };
}

function failing(error: Error, ready: Promise<void> = Promise.resolve()): Runner {
  return {
    // deno-lint-ignore require-yield -- fails before it has anything to say
    async *run() {
      await ready;
      throw error;
    },
  };
}

/** Waits for its signal, then cleans up, which takes until `cleaned`. */
class Waiting implements Runner {
  readonly started = Promise.withResolvers<void>();
  readonly stopped = Promise.withResolvers<unknown>();
  readonly cleaned = Promise.withResolvers<void>();
  ended = false;

  // deno-lint-ignore require-yield -- waits for its signal
  async *run(_: unknown, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<RunEvent> {
    this.started.resolve();
    try {
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    } finally {
      this.stopped.resolve(signal.reason);
      await this.cleaned.promise;
      this.ended = true;
    }
  }
}

/** Runs `use` in a workflow and gives what it returns. */
async function inside<T>(
  use: (request: WorkflowRequest) => Promise<T>,
  signal: AbortSignal = new AbortController().signal,
): Promise<T> {
  let result: { readonly value: T } | undefined;
  const workflow = new AgenticWorkflow(async (request) => {
    result = { value: await use(request) };
    return "";
  });
  await fold(workflow.run(testRequest("Outer question"), testContext({ signal })));
  return result!.value;
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

const texts = (results: readonly InnerResult[]) => results.map((result) => result.text);

Deno.test("runAll() gives every answer, in the order of the runs", async () => {
  const gate = Promise.withResolvers<void>();
  const quick: Runner = {
    async *run({ messages }, { deps }) {
      gate.resolve();
      await Promise.resolve();
      yield* saying(JSON.stringify([messages.length, deps]));
    },
  };
  const [slow, second, third] = await inside((request) =>
    request.runAll([
      { runner: runnerOf("slow", gate.promise) },
      { runner: quick, prompt: "Inner question", options: { deps: { a: 1 } } },
      { runner: quick, prompt: [{ role: "system", content: "x" }, { role: "user", content: [] }] },
    ])
  );
  const known: InnerResult[] = [slow, second, third];
  assertEquals(texts(known), ["slow", '[1,{"a":1}]', "[2,null]"]);
  assertEquals(await inside((request) => request.runAll([])), []);
});

Deno.test("runAll() stops the others at the first failure and throws it once they have cleaned up", async () => {
  const waiting = [new Waiting(), new Waiting()] as const;
  const error = new RunError("backend-down", "No route to host");
  const started = Promise.all(waiting.map((runner) => runner.started.promise));
  let settled = false;
  const run = inside((request) =>
    request.runAll([
      { runner: waiting[0] },
      { runner: failing(error, started.then(() => {})) },
      { runner: waiting[1] },
    ]).finally(() => settled = true)
  );
  run.catch(() => {});
  for (const { stopped } of waiting) {
    const reason = await stopped.promise;
    assert(reason instanceof RunError && reason.code === "cancelled");
    assertStrictEquals(reason.cause, error);
  }
  waiting[0].cleaned.resolve();
  await macrotask();
  assertEquals([settled, waiting[0].ended, waiting[1].ended], [false, true, false]);
  waiting[1].cleaned.resolve();
  assertStrictEquals(await assertRejects(() => run), error);
  assert(waiting[1].ended);
});

Deno.test("runAll() throws what failed first, not what comes first", async () => {
  const gate = Promise.withResolvers<void>();
  const first = new Error("first in time");
  const late: Runner = {
    // deno-lint-ignore require-yield -- fails before it has anything to say
    async *run(_, { signal }) {
      signal.addEventListener("abort", () => gate.resolve(), { once: true });
      await gate.promise;
      throw new Error("consequence");
    },
  };
  const run = inside((request) => request.runAll([{ runner: late }, { runner: failing(first) }]));
  assertStrictEquals(await assertRejects(() => run), first);
});

Deno.test("runAll() with settle lets the others go on and tells how each ended", async () => {
  const gate = Promise.withResolvers<void>();
  const error = new Error("asked for");
  const [good, bad] = await inside((request) =>
    request.runAll([
      { runner: runnerOf("good", gate.promise) },
      { runner: failing(error, Promise.resolve().then(() => gate.resolve())) },
    ], { settle: true })
  );
  assert(good.status === "fulfilled" && good.value.text === "good");
  assert(bad.status === "rejected" && bad.reason === error);
});

Deno.test("runAll() obeys a signal of its own, and with settle keeps what was there in time", async () => {
  const reason = new Error("Time is up");
  for (const settle of [false, true] as const) {
    const controller = new AbortController();
    const waiting = new Waiting();
    waiting.cleaned.resolve();
    const runs: InnerRun[] = [{ runner: runnerOf("quick") }, { runner: waiting }];
    const { signal } = controller;
    const run = inside(async (request) =>
      settle
        ? await request.runAll(runs, { signal, settle })
        : await request.runAll(runs, { signal })
    );
    run.catch(() => {});
    await waiting.started.promise;
    await macrotask();
    controller.abort(reason);
    if (settle) {
      assertEquals((await run).map((each) => "status" in each && each.status), [
        "fulfilled",
        "rejected",
      ]);
    } else assertStrictEquals(await assertRejects(() => run), reason);
    assertStrictEquals(await waiting.stopped.promise, reason);
  }
});

Deno.test("runAll() lets one run's own signal end that run", async () => {
  const controller = new AbortController();
  const waiting = new Waiting();
  waiting.cleaned.resolve();
  const run = inside((request) =>
    request.runAll([
      { runner: waiting, options: { signal: controller.signal } },
      { runner: runnerOf("other") },
    ], { settle: true })
  );
  await waiting.started.promise;
  const reason = new Error("Not that one");
  controller.abort(reason);
  const [stopped, other] = await run;
  assert(stopped.status === "rejected" && stopped.reason === reason);
  assert(other.status === "fulfilled");
});

Deno.test("a client that leaves stops everything runAll() started, also inside", async () => {
  for (const settle of [false, true] as const) {
    const controller = new AbortController();
    const waiting = Array.from({ length: 4 }, () => new Waiting());
    for (const { cleaned } of waiting) cleaned.resolve();
    const runs = (some: readonly Runner[]) => some.map((runner) => ({ runner }));
    const nested = new AgenticWorkflow(async (request) => {
      await request.runAll(runs(waiting.slice(2)));
      return "";
    });
    const all = runs([...waiting.slice(0, 2), nested]);
    const run = inside<unknown>(
      (request) => settle ? request.runAll(all, { settle }) : request.runAll(all),
      controller.signal,
    );
    run.catch(() => {});
    await Promise.all(waiting.map((runner) => runner.started.promise));
    const reason = new Error("The client has left");
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => run), reason);
    for (const { stopped } of waiting) assertStrictEquals(await stopped.promise, reason);
  }
});

Deno.test("a failure deep inside nested runAll() stops all of them", async () => {
  const outside = new Waiting();
  const beside = new Waiting();
  outside.cleaned.resolve();
  beside.cleaned.resolve();
  const error = new Error("deep down");
  const started = Promise.all([outside.started.promise, beside.started.promise]).then(() => {});
  const nested = new AgenticWorkflow(async (request) => {
    await request.runAll([{ runner: beside }, { runner: failing(error, started) }]);
    return "";
  });
  const run = inside((request) => request.runAll([{ runner: outside }, { runner: nested }]));
  assertStrictEquals(await assertRejects(() => run), error);
  assert(outside.ended && beside.ended);
});

Deno.test("runAll() takes a hundred runs at once", async () => {
  let running = 0;
  let most = 0;
  const gate = Promise.withResolvers<void>();
  const runner: Runner = {
    async *run({ messages }) {
      most = Math.max(most, ++running);
      if (running === 100) gate.resolve();
      await gate.promise;
      running -= 1;
      const { content } = messages[0]!;
      yield* saying(typeof content === "string" ? content : "");
    },
  };
  const numbers = Array.from({ length: 100 }, (_, index) => String(index));
  const results = await inside((request) =>
    request.runAll(numbers.map((content) => ({
      runner,
      prompt: [{ role: "system", content }],
    })))
  );
  assertEquals(texts(results), numbers);
  assertEquals(most, 100);
});

Deno.test("runAll() reports tokens as they are used", async () => {
  const gate = Promise.withResolvers<void>();
  const workflow = new AgenticWorkflow(async (request) => {
    const runs = [{ runner: runnerOf("a", gate.promise) }, { runner: runnerOf("b") }];
    return texts(await request.runAll(runs)).join();
  });
  const events = workflow.run(testRequest(), testContext());
  assertEquals((await events.next()).value, { type: "usage", usage: USAGE });
  assertEquals((await events.next()).value, { type: "usage", usage: USAGE });
  gate.resolve();
  const result = await fold(events);
  assertEquals(result.text, "a,b");
});

Deno.test("runAll() that nobody waits for harms nobody", async () => {
  const workflow = new AgenticWorkflow((request) => {
    request.runAll([{ runner: failing(new Error("unheard")) }]);
    return "Not waiting";
  });
  assertEquals((await fold(workflow.run(testRequest(), testContext()))).text, "Not waiting");
  await macrotask();
});
