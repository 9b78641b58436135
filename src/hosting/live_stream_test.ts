import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import type { RunEvent } from "../run/event.ts";
import { RunError } from "../run/error.ts";
import { createApp } from "./app.ts";
import {
  chatRequest,
  failing,
  gate,
  nextFrame,
  saying,
  settle,
  testOptions,
  TestRunner,
  textEvents,
  untilAborted,
} from "./fixture_test.ts";

const KEEP_ALIVE = ": keep-alive\n\n";

Deno.test("a stream has one frame for each event that has one, and ends with [DONE]", async () => {
  await using app = createApp(saying("Hel", "lo"), testOptions());
  const response = await app.fetch(chatRequest({ stream: true }));
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(response.headers.get("cache-control"), "no-cache, no-transform");
  assertEquals(response.headers.get("x-accel-buffering"), "no");
  assertEquals(response.headers.get("x-request-id"), "req_1");
  const reader = response.body!.getReader();
  const frames: string[] = [];
  for (;;) {
    const frame = await nextFrame(reader);
    if (frame === undefined) break;
    frames.push(frame);
  }
  assertEquals(frames.length, 5);
  assertStringIncludes(frames[0]!, '"role":"assistant"');
  assertStringIncludes(frames[1]!, '"content":"Hel"');
  assertStringIncludes(frames[2]!, '"content":"lo"');
  assertStringIncludes(frames[3]!, '"finish_reason":"stop"');
  assertEquals(frames[4], "data: [DONE]\n\n");
});

Deno.test("a failure before the first event is an HTTP error with the backend's own status", async () => {
  for (
    const [error, status, retryAfter] of [
      [new RunError("rate-limit-exceeded", "slow down", { retryAfterMs: 7000 }), 429, "7"],
      [new RunError("backend-down", "refused"), 502, null],
      [new RunError("backend-timeout", "late"), 504, null],
      [new Error("/etc/passwd: secret"), 500, null],
    ] as const
  ) {
    await using app = createApp(failing(() => error), testOptions());
    const response = await app.fetch(chatRequest({ stream: true }));
    assertEquals(response.status, status);
    assertEquals(response.headers.get("content-type"), "application/json");
    assertEquals(response.headers.get("retry-after"), retryAfter);
    const text = await response.text();
    assertFalse(text.includes("secret"));
    assertFalse(text.includes(error.message));
  }
});

Deno.test("the status waits for the model's first answer, not for the trace of the call", async () => {
  const answered = gate();
  await using app = createApp(
    new TestRunner(async function* () {
      yield { type: "trace", trace: { kind: "model-call", step: 1, model: "m" } };
      await answered.promise;
      yield* textEvents("Hi");
    }),
    testOptions(),
  );
  let status: number | undefined;
  const response = app.fetch(chatRequest({ stream: true })).then((response) => {
    status = response.status;
    return response;
  });
  await settle();
  assertEquals(status, undefined);
  answered.resolve();
  await (await response).text();
  assertEquals(status, 200);
});

Deno.test("the status is held for five seconds at most; a later failure is in band and final", async () => {
  const options = testOptions();
  const answered = gate();
  // deno-lint-ignore require-yield -- it fails before it could.
  const runner = new TestRunner(async function* () {
    await answered.promise;
  });
  await using app = createApp(runner, options);
  const pending = app.fetch(chatRequest({ stream: true }));
  await settle();
  let held = true;
  pending.then(() => held = false);
  options.clock.advance(4500);
  await settle();
  assert(held);
  options.clock.advance(500);
  const response = await pending;
  assertEquals(response.status, 200);
  const reader = response.body!.getReader();
  assertStringIncludes((await nextFrame(reader))!, '"role":"assistant"');
  answered.reject(new RunError("backend-down", "connect to 10.0.0.7 refused"));
  const frame = (await nextFrame(reader))!;
  assertEquals(Object.keys(JSON.parse(frame.slice("data: ".length))), ["error"]);
  assertFalse(frame.includes("10.0.0.7"));
  assertEquals(await nextFrame(reader), undefined);
  options.clock.advance(250);
  assertEquals(options.clock.pending, 0);
});

Deno.test("a failure in mid-stream is in band, without a finish and without [DONE]", async () => {
  await using app = createApp(
    new TestRunner(async function* () {
      yield { type: "text-start" };
      yield { type: "text-delta", text: "Half" };
      throw new RunError("backend-overloaded", "hidden detail");
    }),
    testOptions(),
  );
  const text = await (await app.fetch(chatRequest({ stream: true }))).text();
  assertStringIncludes(text, "Half");
  assertStringIncludes(text, '"error"');
  assertFalse(text.includes("[DONE]"));
  assertFalse(text.includes('"finish_reason":"stop"'));
  assertFalse(text.includes("hidden detail"));
});

Deno.test("events that end without finish are an error, streamed or not", async () => {
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    yield { type: "text-end" };
  });
  await using app = createApp(runner, testOptions());
  const text = await (await app.fetch(chatRequest({ stream: true }))).text();
  assertStringIncludes(text, '"error"');
  const response = await app.fetch(chatRequest());
  assertEquals(response.status, 500);
  await response.body?.cancel();
});

Deno.test("a silent stream gets a comment every five seconds, a busy one none", async () => {
  const options = testOptions();
  const steps = [gate(), gate()] as const;
  await using app = createApp(
    new TestRunner(async function* () {
      yield { type: "text-start" };
      await steps[0].promise;
      yield { type: "text-delta", text: "a" };
      await steps[1].promise;
      yield { type: "text-end" };
      yield { type: "finish", reason: "stop" };
    }),
    options,
  );
  const response = await app.fetch(chatRequest({ stream: true }));
  const reader = response.body!.getReader();
  await nextFrame(reader);
  for (let round = 0; round < 2; round++) {
    const frame = nextFrame(reader);
    await settle();
    options.clock.advance(5000);
    assertEquals(await frame, KEEP_ALIVE);
  }
  const frame = nextFrame(reader);
  options.clock.advance(4000);
  steps[0].resolve();
  assertStringIncludes((await frame)!, '"content":"a"');
  let silent = true;
  const next = nextFrame(reader).finally(() => silent = false);
  await settle();
  options.clock.advance(4000);
  await settle();
  assert(silent);
  steps[1].resolve();
  assertStringIncludes((await next)!, "finish_reason");
  await reader.cancel();
  options.clock.advance(250);
  assertEquals(options.clock.pending, 0);
});

Deno.test("no comments pile up for a reader that does not read", async () => {
  const options = testOptions();
  const end = gate();
  await using app = createApp(
    new TestRunner(async function* () {
      yield { type: "text-start" };
      yield { type: "text-delta", text: "a" };
      await end.promise;
      yield { type: "text-end" };
      yield { type: "finish", reason: "stop" };
    }),
    options,
  );
  const response = await app.fetch(chatRequest({ stream: true }));
  await settle();
  options.clock.advance(3_600_000);
  end.resolve();
  const text = await response.text();
  assert(text.split(KEEP_ALIVE).length <= 3, text);
});

Deno.test("a slow reader holds the run back", async () => {
  let made = 0;
  await using app = createApp(
    new TestRunner(async function* () {
      yield { type: "text-start" };
      for (;;) {
        made += 1;
        yield { type: "text-delta", text: "x" };
      }
    }),
    testOptions(),
  );
  const response = await app.fetch(chatRequest({ stream: true }));
  const reader = response.body!.getReader();
  for (let count = 1; count <= 50; count++) {
    await nextFrame(reader);
    await settle();
    assert(made <= count + 3, `${made} made, ${count} read`);
  }
  await reader.cancel();
});

Deno.test("cancelling the body aborts the run's signal first, then ends the run", async () => {
  const order: string[] = [];
  const ended = gate();
  await using app = createApp(
    new TestRunner(async function* (_, { signal }) {
      signal.addEventListener("abort", () => order.push("signal"));
      try {
        yield { type: "text-start" };
        yield { type: "text-delta", text: "a" };
        await untilAborted(signal);
      } finally {
        order.push("finally");
        ended.resolve();
      }
    }),
    testOptions(),
  );
  const response = await app.fetch(chatRequest({ stream: true }));
  const reader = response.body!.getReader();
  await nextFrame(reader);
  await nextFrame(reader);
  await reader.cancel();
  await ended.promise;
  assertEquals(order, ["signal", "finally"]);
});

Deno.test("a client that leaves before the status aborts the run, streamed or not", async () => {
  for (const stream of [true, false]) {
    const options = testOptions();
    const started = gate();
    let reason: unknown;
    await using app = createApp(
      // deno-lint-ignore require-yield -- it is aborted before it could.
      new TestRunner(async function* (_, { signal }) {
        started.resolve();
        await untilAborted(signal).catch((error) => {
          reason = error;
          throw new DOMException("aborted", "AbortError");
        });
      }),
      options,
    );
    const client = new AbortController();
    const response = app.fetch(chatRequest({ stream }, { signal: client.signal }));
    await started.promise;
    client.abort();
    assertEquals((await response).status, 499);
    assert(reason instanceof RunError && reason.code === "cancelled");
    await (await response).body?.cancel();
    options.clock.advance(250);
    assertEquals(options.clock.pending, 0);
  }
});

Deno.test("the request's signal means nothing once the response is returned", async () => {
  for (const stream of [true, false]) {
    let signal: AbortSignal | undefined;
    const runner = new TestRunner(async function* (_, context) {
      signal = context.signal;
      yield* textEvents("Hi");
    });
    await using app = createApp(runner, testOptions());
    const client = new AbortController();
    const response = await app.fetch(chatRequest({ stream }, { signal: client.signal }));
    client.abort();
    assertStringIncludes(await response.text(), "Hi");
    assertFalse(signal?.aborted);
  }
});

Deno.test("thousands of events without a frame neither stall nor pile up", async () => {
  await using app = createApp(
    new TestRunner(async function* (): AsyncGenerator<RunEvent> {
      yield { type: "reasoning-start", source: "model" };
      for (let count = 0; count < 20_000; count++) yield { type: "reasoning-delta", text: "hm" };
      yield { type: "reasoning-end" };
      yield* textEvents("Done");
    }),
    testOptions(),
  );
  const text = await (await app.fetch(chatRequest({ stream: true }))).text();
  assertStringIncludes(text, "Done");
  assertFalse(text.includes("hm"));
});

Deno.test("reasoning comes out under mode agent alone, streamed and not", async () => {
  const runner = () =>
    new TestRunner(async function* () {
      yield { type: "reasoning-start", source: "model" };
      yield { type: "reasoning-delta", text: "pondering" };
      yield { type: "reasoning-end" };
      yield* textEvents("Done");
    });
  for (const mode of ["disabled", "agent"] as const) {
    await using app = createApp(runner(), { ...testOptions(), responsesReasoning: { mode } });
    for (const stream of [true, false]) {
      const text = await (await app.fetch(chatRequest({ stream }))).text();
      assertEquals(text.includes("pondering"), mode === "agent");
      assertStringIncludes(text, "Done");
    }
  }
});

Deno.test("a failure while the run tidies up does not spoil a whole answer", async () => {
  const options = testOptions();
  await using app = createApp(
    new TestRunner(async function* () {
      yield* textEvents("Done");
      throw new Error("cannot close");
    }),
    options,
  );
  const text = await (await app.fetch(chatRequest({ stream: true }))).text();
  assertStringIncludes(text, "[DONE]");
  assertFalse(text.includes('"error"'));
  assert(options.logger.entries.some(({ fields }) => fields.detail === "cannot close"));
});

Deno.test("stopping the app ends a stream that nobody reads", async () => {
  const options = testOptions();
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    for (;;) yield { type: "text-delta", text: "x" };
  });
  const app = createApp(runner, options);
  const response = await app.fetch(chatRequest({ stream: true }));
  await settle();
  await app.stop();
  assertEquals(runner.disposals, 1);
  assertStringIncludes(await response.text(), '"error"');
  assertEquals(options.clock.pending, 0);
});
