import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { HostMessage } from "./guest_messages.ts";
import { CREDIT, GuestRun } from "./guest_run.ts";

function begun() {
  const sent: HostMessage[] = [];
  const stopped: number[] = [];
  const controller = new AbortController();
  const run = new GuestRun({
    number: 3,
    guest: "agent.ts",
    signal: controller.signal,
    send: (message) => sent.push(message),
    onStopped: ({ number }) => stopped.push(number),
  });
  return { run, sent, stopped, controller };
}

const START = { type: "text-start" };
const END = [{ type: "text-end" }, { type: "finish", reason: "stop" }];
const ABORT: HostMessage = { type: "abort", run: 3 };

/** Everything that is still to come. */
async function rest(run: GuestRun): Promise<(RunEvent | string)[]> {
  const events: (RunEvent | string)[] = [];
  for await (const event of run) events.push(event.type === "text-delta" ? event.text : event);
  return events;
}

Deno.test("GuestRun gives events in order, whether they come before or after they are asked for", async () => {
  const { run, sent, stopped } = begun();
  run.take([START, "a"], 20);
  const events = rest(run);
  run.take(["b", ...END], 20);
  run.end();
  assertEquals(await events, [START, "a", "b", ...END] as (RunEvent | string)[]);
  assertEquals([sent, stopped], [[], []]);
  assertEquals(await run.next(), { done: true, value: undefined });
});

Deno.test("GuestRun gives those who wait at once each an event of their own, and the end", async () => {
  const { run } = begun();
  const waiting = [run.next(), run.next(), run.next(), run.next()];
  run.take([START, ...END], 10);
  run.end();
  const steps = await Promise.all(waiting);
  assertEquals(steps.map(({ value }) => value?.type), [
    "text-start",
    "text-end",
    "finish",
    undefined,
  ]);
  const failing = begun().run;
  const [first, second] = [failing.next(), failing.next()];
  failing.fail(new Error("away"));
  await assertRejects(() => first, Error, "away");
  assertEquals(await second, { done: true, value: undefined });
});

Deno.test("GuestRun asks for more once half of what it asked for is read, and never for too much", async () => {
  const { run, sent } = begun();
  run.take([START, ...Array(CREDIT - 1).fill("x")], 1000);
  for (let count = 0; count < CREDIT / 2 - 1; count++) await run.next();
  assertEquals(sent, []);
  await run.next();
  assertEquals(sent, [{ type: "credit", run: 3, events: CREDIT / 2 }]);
  for (let count = 0; count < CREDIT / 2; count++) await run.next();
  assertEquals(sent.length, 2);
  assertEquals(sent.at(-1), { type: "credit", run: 3, events: CREDIT / 2 });
});

Deno.test("GuestRun throws at whoever sends more than was asked for", () => {
  const { run } = begun();
  run.take([START, ...Array(CREDIT - 1).fill("x")], 1000);
  assertThrows(() => run.take(["one too many"], 10), Error, "more events than it was asked for");
});

Deno.test("GuestRun throws at whoever sends more than anybody reads", async () => {
  const { run } = begun();
  const megabyte = 1024 * 1024;
  run.take([START, "x"], 31 * megabyte);
  assertThrows(() => run.take(["y"], 2 * megabyte), Error, "more than anybody reads");
  // One that is read at once may be as large as messages may be.
  const other = begun().run;
  const next = other.next();
  other.take([START], 63 * megabyte);
  await next;
  other.take(["x"], 63 * megabyte);
});

Deno.test("GuestRun tells what came before an event that may not come, then fails, and stops the guest", async () => {
  const { run, sent, stopped } = begun();
  run.take([START, "a", { type: "finish", reason: "stop" }, "never"], 50);
  assertEquals((await run.next()).value, START as RunEvent);
  assertEquals((await run.next()).value, { type: "text-delta", text: "a" } as RunEvent);
  const error = await assertRejects(() => run.next(), RunError, 'Guest "agent.ts" spoils its run');
  assertEquals(error.code, "internal");
  assertEquals([sent, stopped], [[ABORT], [3]]);
  assertEquals(await run.next(), { done: true, value: undefined });
  // What was on its way is no fault.
  run.take(["late"], 10);
  run.end();
  assertEquals(sent.length, 1);
});

Deno.test("GuestRun fails a run that ends too early", async () => {
  const { run } = begun();
  run.take([START], 10);
  run.end();
  await run.next();
  await assertRejects(() => run.next(), RunError, "Events ended without finish");
});

Deno.test("GuestRun tells a failure after what was said before it, once", async () => {
  const { run } = begun();
  run.take([START, "a"], 10);
  const failure = new RunError("backend-down", "away");
  run.fail(failure);
  run.fail(new Error("another"));
  await run.next();
  await run.next();
  assertStrictEquals(await assertRejects(() => run.next()), failure);
  assertEquals(await run.next(), { done: true, value: undefined });
});

Deno.test("GuestRun ends at once with the signal's reason, whatever waits to be read", async () => {
  const { run, sent, stopped, controller } = begun();
  run.take([START, "a"], 10);
  await run.next();
  const reason = new Error("left");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => run.next()), reason);
  assertEquals([sent, stopped], [[ABORT], [3]]);
  const waiting = begun();
  const next = waiting.run.next();
  waiting.controller.abort(reason);
  assertStrictEquals(await assertRejects(() => next), reason);
});

Deno.test("GuestRun stops the guest once when its reader returns, and never when it is over", async () => {
  const { run, sent, stopped, controller } = begun();
  const waiting = run.next();
  assertEquals(await run.return(), { done: true, value: undefined });
  assertEquals(await waiting, { done: true, value: undefined });
  await run.return();
  controller.abort();
  assertEquals([sent, stopped], [[ABORT], [3]]);
  const over = begun();
  over.run.take([START, ...END], 10);
  over.run.end();
  await over.run.return();
  over.controller.abort();
  assertEquals([over.sent, over.stopped], [[], []]);
  assertEquals(await over.run.next(), { done: true, value: undefined });
});

Deno.test("GuestRun calls back when nothing more will come, also whoever asks late", () => {
  const { run } = begun();
  let over = 0;
  run.onOver(() => over++);
  run.take([START, ...END], 10);
  assertEquals(over, 0);
  run.end();
  assertEquals(over, 1);
  run.onOver(() => over++);
  assertEquals(over, 2);
});
