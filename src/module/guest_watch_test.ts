import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ManualClock } from "../testing/manual_clock.ts";
import { macrotask } from "../testing/macrotask.ts";
import { GuestWatch } from "./guest_watch.ts";

function watched({ hangMs = 4000, cpu = [] as (number | undefined)[] } = {}) {
  const clock = new ManualClock();
  const pings: number[] = [];
  const faults: string[] = [];
  const watch = new GuestWatch({
    pid: 1,
    clock,
    hangMs,
    ping: (number) => pings.push(number),
    onFault: (reason) => faults.push(reason),
    cpuSeconds: () => Promise.resolve(cpu.shift()),
  });
  return { clock, pings, faults, watch };
}

/** Moves on in steps, so that looks that wait for something come through. */
async function pass(clock: ManualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000);
    await macrotask();
  }
}

Deno.test("GuestWatch asks a busy guest for signs of life, and forgives what comes in time", () => {
  const { clock, pings, faults, watch } = watched();
  watch.busy(1);
  for (let second = 1; second <= 20; second++) {
    clock.advance(1000);
    for (const ping of pings.splice(0)) watch.onPong(ping);
  }
  assertEquals(faults, []);
  watch.stop();
  assertEquals(clock.pending, 0);
});

Deno.test("GuestWatch tells a guest that is silent for as long as it may be", () => {
  const { clock, pings, faults, watch } = watched();
  watch.busy(1);
  clock.advance(1000);
  assertEquals(pings, [1]);
  clock.advance(3000);
  assertEquals(faults, []);
  clock.advance(1000);
  assertEquals(faults, ["hung for 4000 ms"]);
  assertEquals(pings, [1]);
  watch.stop();
});

Deno.test("GuestWatch looks at a short limit more often", () => {
  const { clock, pings, faults, watch } = watched({ hangMs: 400 });
  watch.busy(1);
  clock.advance(100);
  assertEquals(pings, [1]);
  clock.advance(400);
  assertEquals(faults, ["hung for 400 ms"]);
  watch.stop();
});

Deno.test("GuestWatch counts looks: a machine that slept proves nothing", () => {
  let now = 0;
  const callbacks: (() => void)[] = [];
  const faults: string[] = [];
  const watch = new GuestWatch({
    pid: 1,
    clock: {
      now: () => now,
      schedule: (_, callback) => (callbacks.push(callback), () => {}),
    },
    hangMs: 4000,
    ping: () => {},
    onFault: (reason) => faults.push(reason),
  });
  watch.busy(1);
  callbacks.pop()!();
  now += 3_600_000;
  callbacks.pop()!();
  assertEquals(faults, []);
  watch.stop();
});

Deno.test("GuestWatch ends a guest that works although nothing is asked of it", async () => {
  const { clock, faults, watch } = watched({ cpu: [1, 5, 9, 13, 17] });
  await pass(clock, 15);
  assertEquals(faults, []);
  await pass(clock, 5);
  assertEquals(faults, ["kept a processor busy although nothing was asked of it"]);
  watch.stop();
});

Deno.test("GuestWatch forgives work after a run, and what cannot be known", async () => {
  // Work for two looks, rest, work again.
  const { clock, faults, watch } = watched({ cpu: [1, 5, 9, 9.1, 13, 17, undefined, 99, 99] });
  await pass(clock, 45);
  assertEquals(faults, []);
  watch.stop();
});

Deno.test("GuestWatch does not call a guest idle whose run began meanwhile", async () => {
  const { clock, faults, watch, pings } = watched({ cpu: [1, 5, 9, 13, 17] });
  await pass(clock, 15);
  watch.busy(1);
  await pass(clock, 1);
  for (const ping of pings.splice(0)) watch.onPong(ping);
  watch.busy(0);
  await pass(clock, 10);
  assertEquals(faults, []);
  watch.stop();
});

Deno.test("GuestWatch refuses an answer that nobody asked for, and one that comes twice", async () => {
  const { pings, watch } = watched();
  assertThrows(() => watch.onPong(1), Error, "ping that there was not");
  const pong = watch.pong();
  assertEquals(pings, [1]);
  watch.onPong(1);
  await pong;
  assertThrows(() => watch.onPong(1), Error, "ping that there was not");
  watch.stop();
});

Deno.test("GuestWatch lets nobody wait for a guest that has ended", async () => {
  const { watch } = watched();
  const pong = watch.pong();
  watch.stop();
  await assertRejects(() => pong, Error, "Guest has ended");
  await assertRejects(() => watch.pong(), Error, "Guest has ended");
});
