import { assertEquals } from "@std/assert";
import { ManualClock } from "../testing/manual_clock.ts";
import { Rate } from "./rate.ts";

Deno.test("Rate lets a burst through, then tells how long to wait", () => {
  const clock = new ManualClock();
  const rate = new Rate({ perSecond: 10, burst: 20, clock });
  assertEquals(rate.take(20), 0);
  assertEquals(rate.take(1), 100);
  assertEquals(rate.take(9), 1000);
  clock.advance(1000);
  assertEquals(rate.take(0), 0);
  assertEquals(rate.take(1), 100);
});

Deno.test("Rate never saves up more than a burst", () => {
  const clock = new ManualClock();
  const rate = new Rate({ perSecond: 10, burst: 20, clock });
  clock.advance(3_600_000);
  assertEquals(rate.take(20), 0);
  assertEquals(rate.take(10), 1000);
});

Deno.test("Rate is not stopped by a clock that is set back", () => {
  let now = 1_000_000;
  const clock = { now: () => now, schedule: () => () => {} };
  const rate = new Rate({ perSecond: 10, burst: 10, clock });
  assertEquals(rate.take(10), 0);
  now = 0;
  assertEquals(rate.take(1), 100);
  now = 1000;
  assertEquals(rate.take(9), 0);
});
