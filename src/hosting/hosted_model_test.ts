import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { failing, hostedModel, saying, TestRunner, untilAborted } from "./fixture_test.ts";

async function answer(
  host: Runner,
  overrides: Partial<RunContext> = {},
): Promise<string> {
  const context: RunContext = { ...testContext(), ...overrides };
  return (await fold(checkGrammar(host.run(testRequest(), context)))).text;
}

const down = () => new RunError("backend-down", "refused");

Deno.test("fail: a model that cannot be built fails each run as its factory did; the app is ready", async () => {
  const { host, clock } = hostedModel(() => {
    throw new RunError("model-unavailable", "needs MCP");
  }, { lifecycle: "lazy" });
  await host.start();
  clock.advance(1000);
  for (let runs = 1; runs <= 2; runs++) {
    const error = await assertRejects(() => answer(host), RunError, "needs MCP");
    assertEquals(error.code, "model-unavailable");
    assertEquals(host.record, {
      lifecycle: "lazy",
      dependencyPolicy: "fail",
      state: "failed",
      sinceMs: clock.now(),
      lastError: "model-unavailable",
      runs,
      backgroundTasks: {},
    });
  }
  assert(host.ready);
});

Deno.test("degrade: a model that fails for another reason keeps the app from being ready", async () => {
  const { host } = hostedModel(() => {
    throw new RunError("model-unavailable", "needs MCP");
  }, { lifecycle: "lazy", dependencyPolicy: "degrade" });
  await host.start();
  assert(host.ready);
  await assertRejects(() => answer(host), RunError, "needs MCP");
  assertEquals(host.record.state, "failed");
  assertFalse(host.ready);
});

Deno.test("degrade: an unreachable dependency at the start is recorded, not fatal, and retried", async () => {
  const runner = saying("Hi");
  runner.starting = () => Promise.reject(down());
  const { host } = hostedModel(runner, { dependencyPolicy: "degrade", degradedMessage: "Later." });
  await host.start();
  assertEquals([host.record.state, host.record.lastError], ["degraded", "backend-down"]);
  assert(host.ready);
  assertEquals(await answer(host), "Later.");
  runner.starting = () => Promise.resolve();
  assertEquals(await answer(host), "Hi");
  assertEquals(host.record.state, "up");
  await host[Symbol.asyncDispose]();
});

Deno.test("degrade: a bug at the start is still fatal", async () => {
  const runner = saying();
  runner.starting = () => Promise.reject(new TypeError("x is undefined"));
  const { host } = hostedModel(runner, { dependencyPolicy: "degrade" });
  await assertRejects(() => host.start(), RunError);
  assert(!host.ready);
});

Deno.test("degrade: a failing run says so, the record remembers, a good run clears it", async () => {
  let broken = true;
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "So far" };
    if (broken) throw down();
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  const { host, clock, logger } = hostedModel(runner, {
    dependencyPolicy: "degrade",
    degradedMessage: "Sorry.",
  });
  await host.start();
  assertEquals(await answer(host), "So far\n\nSorry.");
  assertEquals([host.record.state, host.record.lastError], ["degraded", "backend-down"]);
  assert(logger.entries.some(({ message }) => message === "model degraded"));
  const { sinceMs } = host.record;
  clock.advance(1000);
  assertEquals(await answer(host), "So far\n\nSorry.");
  assertEquals(host.record.sinceMs, sinceMs);
  broken = false;
  assertEquals(await answer(host), "So far");
  assertEquals([host.record.state, host.record.lastError], ["up", "backend-down"]);
  await host[Symbol.asyncDispose]();
});

Deno.test("degrade: what cannot be ended well fails as it did", async () => {
  const call: readonly RunEvent[] = [
    { type: "tool-call-start", id: "c", name: "t", kind: "function" },
    { type: "tool-call-delta", arguments: "{" },
  ];
  const bodies: readonly (readonly RunEvent[])[] = [
    call,
    [...call, { type: "tool-call-end" }],
  ];
  for (const events of bodies) {
    const runner = new TestRunner(async function* () {
      yield* events;
      throw down();
    });
    const { host } = hostedModel(runner, { dependencyPolicy: "degrade" });
    await assertRejects(() => answer(host), RunError, "refused");
    await host[Symbol.asyncDispose]();
  }
  const bug = hostedModel(failing(() => new Error("bug")), { dependencyPolicy: "degrade" });
  await assertRejects(() => answer(bug.host), Error, "bug");
  await bug.host[Symbol.asyncDispose]();
});

Deno.test("degrade: structured output gets a refusal, half-said JSON an error", async () => {
  const request = testRequest({ output: { type: "json-object" } });
  const silent = hostedModel(failing(down), {
    dependencyPolicy: "degrade",
    degradedMessage: "No.",
  });
  const result = await fold(checkGrammar(silent.host.run(request, testContext())));
  assertEquals([result.text, result.refusal], ["", "No."]);
  const half = hostedModel(
    new TestRunner(async function* () {
      yield { type: "text-start" };
      yield { type: "text-delta", text: '{"a":' };
      throw down();
    }),
    { dependencyPolicy: "degrade" },
  );
  await assertRejects(() => fold(half.host.run(request, testContext())), RunError);
  await silent.host[Symbol.asyncDispose]();
  await half.host[Symbol.asyncDispose]();
});

Deno.test("degrade: a stopped run is stopped, not degraded", async () => {
  const client = new AbortController();
  // deno-lint-ignore require-yield -- it is aborted before it could.
  const runner = new TestRunner(async function* (_, { signal }) {
    await untilAborted(signal).catch(() => {});
    throw down();
  });
  const { host } = hostedModel(runner, { dependencyPolicy: "degrade" });
  await host.start();
  const run = assertRejects(() => answer(host, { signal: client.signal }), RunError);
  client.abort();
  await run;
  assertEquals(host.record.state, "up");
  await host[Symbol.asyncDispose]();
});
