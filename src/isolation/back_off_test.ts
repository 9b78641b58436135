import { assertEquals } from "@std/assert";
import { ManualClock } from "../testing/manual_clock.ts";
import { BackOff } from "./back_off.ts";

Deno.test("BackOff lets the first attempt after a failure begin at once, then doubles up to a limit", () => {
  const backOff = new BackOff(new ManualClock());
  const delays = Array.from({ length: 9 }, () => {
    backOff.failed();
    return backOff.delayMs;
  });
  assertEquals(delays, [0, 250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
});

Deno.test("BackOff forgets failures only when what was started has lived for a while", () => {
  const clock = new ManualClock();
  const backOff = new BackOff(clock);
  const live = (ms: number) => {
    backOff.started();
    clock.advance(ms);
    backOff.ended();
    return backOff.delayMs;
  };
  assertEquals([live(100), live(100), live(9_999), live(10_000), live(100)], [0, 250, 500, 0, 250]);
});

Deno.test("BackOff.delayMs runs down with time", () => {
  const clock = new ManualClock();
  const backOff = new BackOff(clock);
  assertEquals(backOff.delayMs, 0);
  for (let count = 0; count < 4; count++) backOff.failed();
  clock.advance(400);
  assertEquals(backOff.delayMs, 600);
  clock.advance(10_000);
  assertEquals(backOff.delayMs, 0);
});
