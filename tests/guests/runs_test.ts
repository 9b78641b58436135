/**
 * Runs in a guest: many over one channel, read slowly, stopped, and failing in every family of errors.
 */
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { systemClock, systemIds } from "../../src/context/system.ts";
import { HttpError, RequestError, RunError, toPublicError } from "../../src/run/error.ts";
import { fold } from "../../src/run/fold.ts";
import { checkGrammar } from "../../src/run/grammar.ts";
import type { RunContext } from "../../src/run/runner.ts";
import { testContext, testRequest } from "../../src/testing/test_context.ts";
import { failsWith, TestGuest } from "./test_guest.ts";

function contextOf(overrides: Partial<RunContext> = {}): RunContext {
  const own: RunContext = testContext({ clock: systemClock, ids: systemIds });
  return { ...own, ...overrides };
}

function run(guest: TestGuest, text: string, context: Partial<RunContext> = {}) {
  return guest.module.run(undefined, testRequest(text), contextOf(context));
}

Deno.test("two hundred runs at once over one channel do not mix", async () => {
  await using guest = await TestGuest.start({ specifier: "streaming.ts" });
  const texts = Array.from({ length: 200 }, (_, index) => `run ${index} says this and no more`);
  const answers = await Promise.all(
    texts.map(async (text) => (await fold(checkGrammar(run(guest, `echo ${text}`)))).text),
  );
  assertEquals(answers, texts);
});

Deno.test("a slow reader holds the guest back, and gets everything in the end", async () => {
  await using guest = await TestGuest.start({ specifier: "streaming.ts" });
  const events = run(guest, "count 5000");
  await events.next();
  await events.next();
  // Long after all could have come: other runs have come and gone.
  let made = -1;
  for (let before = -2; made !== before;) {
    before = made;
    made = Number((await fold(run(guest, "made"))).text);
  }
  assert(made >= 2 && made <= 512, `${made} events were made for a reader of 2`);
  let text = "";
  for await (const event of events) if (event.type === "text-delta") text += event.text;
  assert(text.endsWith("4999 "), text.slice(-50));
  assertEquals(Number((await fold(run(guest, "made"))).text), 5000);
});

Deno.test("what does not fit in a pipe still comes whole", async () => {
  await using guest = await TestGuest.start({ specifier: "streaming.ts" });
  const { text } = await fold(run(guest, "large 3000000"));
  assertEquals(text.length, 3_000_000);
  assertEquals(text.slice(0, 10), "ü".repeat(10));
});

Deno.test("a reader who returns stops the generator, finally blocks and all", async () => {
  await using guest = await TestGuest.start({ specifier: "streaming.ts" });
  for await (const event of run(guest, "endless")) if (event.type === "text-delta") break;
  for (let tries = 0;; tries++) {
    if ((await fold(run(guest, "cleaned"))).text === "1") break;
    assert(tries < 100, "It was not stopped");
  }
});

Deno.test("a generator that ignores its signal is stopped all the same, and its caller waits for nothing", async () => {
  await using guest = await TestGuest.start({ specifier: "streaming.ts" });
  const leave = new AbortController();
  const stubborn = fold(run(guest, "stubborn", { signal: leave.signal }));
  await fold(run(guest, "echo it is there"));
  const began = performance.now();
  leave.abort(new Error("left"));
  await failsWith(stubborn, /^Error: left$/);
  assert(performance.now() - began < 1000);
  assertEquals((await fold(run(guest, "echo fine"))).text, "fine");
});

Deno.test("a run has a deadline, wherever its guest is", async () => {
  await using guest = await TestGuest.start({ specifier: "streaming.ts" });
  const began = performance.now();
  const events = guest.module.run(undefined, testRequest("silent"), contextOf(), {
    maxSeconds: 0.3,
  });
  await failsWith(fold(events), /^RunError: .*0.3/);
  assert(performance.now() - began < 1300);
});

Deno.test("errors of a guest keep their family; clients are told no more of them than of others", async () => {
  await using guest = await TestGuest.start({ specifier: "streaming.ts" });
  const thrown = (kind: string) =>
    fold(run(guest, `throw ${kind}`)).then(() => undefined, (error: unknown) => error);
  const request = await thrown("request");
  assertInstanceOf(request, RequestError);
  assertEquals([request.code, request.message, request.param], [
    "invalid-value",
    "Say something else",
    "messages[0]",
  ]);
  const http = await thrown("http");
  assertInstanceOf(http, HttpError);
  assertEquals([http.status, http.message], [418, "I am a teapot"]);
  const overloaded = await thrown("run");
  assertInstanceOf(overloaded, RunError);
  assertEquals([overloaded.code, overloaded.retryAfterMs], ["backend-overloaded", 1234]);
  const odd: Readonly<Record<string, RegExp>> = {
    other: /Guest failed: TypeError: s3cr3t: because/,
    nothing: /Guest failed/,
    text: /Guest failed/,
    symbol: /Guest failed/,
    hostile: /Guest failed/,
    // Codes that a host alone may give.
    auth: /Guest failed/,
    cancelled: /Guest failed/,
    status: /malformed|Guest/,
  };
  for (const [kind, expected] of Object.entries(odd)) {
    const error = await thrown(kind);
    assertInstanceOf(error, RunError, kind);
    assertMatch(error.message, expected);
    const told = toPublicError(error, "req_1");
    assert(!told.message.includes("s3cr3t"), told.message);
    assert(["internal", "model-unavailable"].includes(told.code), `${kind}: ${told.code}`);
  }
});

Deno.test("a run that spoils its events fails, and no other with it", async () => {
  await using guest = await TestGuest.start({ specifier: "streaming.ts" });
  const spoiled: Readonly<Record<string, RegExp>> = {
    "no-start": /Event "text-delta" while no part is open/,
    "no-finish": /ended without finish/,
    "two-finishes": /after "finish"/,
    "unknown": /malformed event/,
    "wrong-field": /malformed event/,
    "null": /malformed event|of null/,
    "number": /malformed event/,
    "function": /cannot be|written down|circular|convert/i,
    "cyclic": /written down|circular|cyclic|convert/i,
    "bigint": /BigInt/,
    "same-id": /used twice/,
  };
  const other = run(guest, "count 3000");
  await other.next();
  await Promise.all(
    Object.entries(spoiled).map(([kind, expected]) =>
      failsWith(
        fold(run(guest, `spoil ${kind}`)),
        new RegExp(`^RunError: Guest .*(?:${expected.source})`, "i"),
      )
    ),
  );
  let last = "";
  for await (const event of other) if (event.type === "text-delta") last = event.text;
  assertEquals(last, "2999 ");
});
