import { assertEquals } from "@std/assert";
import { ManualClock } from "../testing/manual_clock.ts";
import { SilenceTicker } from "./silence_ticker.ts";

function counter() {
  return {
    ticks: 0,
    tick() {
      this.ticks += 1;
    },
  };
}

Deno.test("everybody watched is ticked by one timer, which ends when it finds nobody", () => {
  const clock = new ManualClock();
  const ticker = new SilenceTicker(clock, 1000);
  assertEquals([ticker.silenceTicks, clock.pending], [20, 0]);
  const [a, b] = [counter(), counter()];
  ticker.watch(a);
  ticker.watch(b);
  assertEquals(clock.pending, 1);
  clock.advance(1000);
  ticker.unwatch(a);
  clock.advance(500);
  assertEquals([a.ticks, b.ticks, clock.pending], [20, 30, 1]);
  ticker.unwatch(b);
  ticker.unwatch(b);
  clock.advance(50);
  assertEquals([b.ticks, clock.pending], [30, 0]);
  ticker.watch(a);
  clock.advance(50);
  assertEquals(a.ticks, 21);
  ticker.stop();
  assertEquals(clock.pending, 0);
});

Deno.test("whoever leaves during a tick leaves no timer behind", () => {
  const clock = new ManualClock();
  const ticker = new SilenceTicker(clock, 1000);
  const member = { tick: () => ticker.unwatch(member) };
  ticker.watch(member);
  clock.advance(50);
  assertEquals(clock.pending, 0);
});

Deno.test("a silence never lasts longer than asked for, however short", () => {
  for (const silenceMs of [1, 7, 19, 20, 21, 5000, 5019]) {
    const clock = new ManualClock();
    const ticker = new SilenceTicker(clock, silenceMs);
    const member = counter();
    ticker.watch(member);
    clock.advance(silenceMs);
    assertEquals(member.ticks >= ticker.silenceTicks, true, `${silenceMs}`);
    ticker.unwatch(member);
  }
});
