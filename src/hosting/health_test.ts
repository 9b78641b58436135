import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { createApp } from "./app.ts";
import { gate, saying, testOptions } from "./fixture_test.ts";
import { DependencyHealth } from "./health.ts";

Deno.test("outcome() is ok unless the check throws, rejects or says false", async () => {
  const clock = new ManualClock();
  const outcome = async (check: () => unknown) =>
    (await new DependencyHealth("db", check).outcome(clock)).status;
  assertEquals(await outcome(() => undefined), "ok");
  assertEquals(await outcome(() => Promise.resolve(true)), "ok");
  assertEquals(await outcome(() => false), "failed");
  assertEquals(await outcome(() => Promise.resolve(false)), "failed");
  assertEquals(await outcome(() => Promise.reject(new TypeError("secret"))), "failed");
  assertEquals(
    await outcome(() => {
      throw new Error("secret");
    }),
    "failed",
  );
  assertEquals(clock.pending, 0);
  assertThrows(() => new DependencyHealth(" ", () => true), SetupError);
});

Deno.test("outcome() gives up after the time allowed and aborts the check", async () => {
  const clock = new ManualClock();
  let aborted = false;
  const check = new DependencyHealth("slow", (signal) => {
    signal.addEventListener("abort", () => aborted = true);
    return new Promise(() => {});
  }, { timeoutMs: 200 });
  const outcome = check.outcome(clock);
  clock.advance(200);
  assertEquals((await outcome).status, "timeout");
  assert(aborted);
});

Deno.test("outcome() runs one check for all who ask, and not again within a second", async () => {
  const clock = new ManualClock();
  let checks = 0;
  const done = gate();
  const check = new DependencyHealth("db", () => {
    checks += 1;
    return done.promise;
  });
  const asked = [check.outcome(clock), check.outcome(clock)];
  done.resolve();
  await Promise.all(asked);
  await check.outcome(clock);
  assertEquals(checks, 1);
  clock.advance(1000);
  await check.outcome(clock);
  assertEquals(checks, 2);
});

Deno.test("/ready fails while a check fails, naming its class and nothing more", async () => {
  let healthy = false;
  const options = testOptions();
  const health = [
    new DependencyHealth("db", () => {
      if (!healthy) throw new RangeError("password hunter2");
    }),
  ];
  await using app = createApp(saying(), { ...options, health });
  await app.start();
  const ready = () => app.fetch(new Request("http://localhost/ready"));
  const bad = await ready();
  const text = await bad.text();
  assertEquals(bad.status, 503);
  assertEquals(JSON.parse(text).checks.db.error, "RangeError");
  assertFalse(text.includes("hunter2"));
  healthy = true;
  options.clock.advance(1000);
  const good = await ready();
  assertEquals([good.status, (await good.json()).status], [200, "ready"]);
});
