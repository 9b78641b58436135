import { assertEquals, assertRejects } from "@std/assert";
import { EnteredRunners } from "./entered_runners.ts";
import { gate, saying } from "./fixture_test.ts";

Deno.test("enter() waits for the start under way and does not repeat it", async () => {
  const entered = new EnteredRunners();
  const runner = saying();
  const started = gate();
  runner.starting = () => started.promise;
  const entries = [entered.enter(runner), entered.enter(runner)];
  started.resolve();
  await Promise.all(entries);
  assertEquals(runner.starts, 1);
  await entered.leave(runner);
  await entered.leave(runner);
  await entered.leave(runner);
  assertEquals(runner.disposals, 1);
});

Deno.test("enter() after a failed start tries again", async () => {
  const entered = new EnteredRunners();
  const runner = saying();
  runner.starting = () => Promise.reject(new Error("no"));
  const failed = await Promise.allSettled([entered.enter(runner), entered.enter(runner)]);
  assertEquals(failed.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals(runner.starts, 1);
  runner.starting = () => Promise.resolve();
  await entered.enter(runner);
  assertEquals(runner.starts, 2);
  await entered.leave(runner);
  assertEquals(runner.disposals, 1);
});

Deno.test("enter() during a release waits for it, then starts anew", async () => {
  const entered = new EnteredRunners();
  const runner = saying();
  const order: string[] = [];
  const released = gate();
  runner.starting = () => Promise.resolve(void order.push("start"));
  runner.disposing = async () => {
    await released.promise;
    order.push("released");
  };
  await entered.enter(runner);
  const leaving = entered.leave(runner);
  const entering = entered.enter(runner);
  released.resolve();
  await Promise.all([leaving, entering]);
  assertEquals(order, ["start", "released", "start"]);
  await entered.leave(runner);
});

Deno.test("leave() reports a failed release, and the Runner can be entered again", async () => {
  const entered = new EnteredRunners();
  const runner = saying();
  await entered.enter(runner);
  runner.disposing = () => Promise.reject(new Error("stuck"));
  await assertRejects(() => entered.leave(runner), Error, "stuck");
  await entered.enter(runner);
  assertEquals(runner.starts, 2);
  runner.disposing = () => Promise.resolve();
  await entered.leave(runner);
});
