import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RunError } from "../run/error.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { macrotask } from "../testing/macrotask.ts";
import { AwaitedRun } from "./awaited_run.ts";
import type { HostMessage } from "./guest_messages.ts";
import { GuestRun } from "./guest_run.ts";

function awaited(
  guest: () => string | Promise<string>,
  { maxSeconds, signal = new AbortController().signal }: {
    readonly maxSeconds?: number;
    readonly signal?: AbortSignal;
  } = {},
) {
  const clock = new ManualClock();
  const begun: GuestRun[] = [];
  const sent: HostMessage[] = [];
  const run = new AwaitedRun<string>({
    guest,
    begin: (_, own) => {
      const started = new GuestRun({
        number: 1,
        guest: "g",
        signal: own,
        send: (message) => sent.push(message),
        onStopped: () => {},
      });
      begun.push(started);
      return started;
    },
    signal,
    clock,
    maxSeconds,
  });
  return { run, clock, begun, sent };
}

Deno.test("AwaitedRun begins nothing before it is asked for an event, and once", async () => {
  let asked = 0;
  const { run, begun } = awaited(() => `${++asked}`);
  await macrotask();
  assertEquals([asked, begun.length], [0, 0]);
  const [first, second] = [run.next(), run.next()];
  await macrotask();
  assertEquals([asked, begun.length], [1, 1]);
  begun[0]!.take([{ type: "text-start" }, "a"], 10);
  assertEquals((await first).value?.type, "text-start");
  assertEquals((await second).value?.type, "text-delta");
});

Deno.test("AwaitedRun begins nothing for a reader who left before, or while it waited", async () => {
  let asked = 0;
  const left = awaited(() => `${++asked}`);
  assertEquals(await left.run.return(), { done: true, value: undefined });
  assertEquals(await left.run.next(), { done: true, value: undefined });
  assertEquals(asked, 0);
  const there = Promise.withResolvers<string>();
  const waiting = awaited(() => there.promise, { maxSeconds: 5 });
  const next = waiting.run.next();
  await macrotask();
  await waiting.run.return();
  there.resolve("guest");
  assertEquals(await next, { done: true, value: undefined });
  assertEquals([waiting.begun.length, waiting.clock.pending], [0, 0]);
});

Deno.test("AwaitedRun waits for a guest no longer than its caller does", async () => {
  const controller = new AbortController();
  const { run, begun } = awaited(() => new Promise(() => {}), { signal: controller.signal });
  const next = run.next();
  const reason = new Error("left");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => next), reason);
  assertEquals(begun, []);
  const late = awaited(() => "guest", { signal: AbortSignal.abort(reason) });
  assertStrictEquals(await assertRejects(() => late.run.next()), reason);
  assertEquals(late.begun, []);
});

Deno.test("AwaitedRun counts the wait into its deadline, and leaves no timer behind", async () => {
  const { run, clock } = awaited(() => new Promise(() => {}), { maxSeconds: 5 });
  const next = run.next();
  await macrotask();
  clock.advance(5000);
  const error = await assertRejects(() => next, RunError);
  assertEquals(error.message.includes("5"), true);
  assertEquals(clock.pending, 0);

  const running = awaited(() => "guest", { maxSeconds: 5 });
  const event = running.run.next();
  await macrotask();
  running.clock.advance(4999);
  running.begun[0]!.take([{ type: "text-start" }], 10);
  await event;
  const late = running.run.next();
  running.clock.advance(1);
  await assertRejects(() => late, RunError);
  assertEquals(running.sent, [{ type: "abort", run: 1 }]);

  const done = awaited(() => "guest", { maxSeconds: 5 });
  const first = done.run.next();
  await macrotask();
  done.begun[0]!.take([{ type: "text-start" }, { type: "text-end" }], 10);
  await first;
  done.begun[0]!.fail(new Error("over"));
  assertEquals(done.clock.pending, 0);
});

Deno.test("AwaitedRun fails with what kept the guest from being there", async () => {
  const error = new RunError("model-unavailable", "not now");
  const { run, clock } = awaited(() => Promise.reject(error), { maxSeconds: 1 });
  assertStrictEquals(await assertRejects(() => run.next()), error);
  assertEquals(clock.pending, 0);
  assertEquals(await run.next(), { done: true, value: undefined });
});
