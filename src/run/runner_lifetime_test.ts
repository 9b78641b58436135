import { assertEquals, assertRejects } from "@std/assert";
import { enterRunner, leaveRunner } from "./runner_lifetime.ts";
import type { RunEvent } from "./event.ts";
import type { Runner } from "./runner.ts";

/** Counts what becomes of it. */
class CountingRunner implements Runner {
  starts = 0;
  disposals = 0;
  starting: () => Promise<void> = () => Promise.resolve();
  disposing: () => Promise<void> = () => Promise.resolve();

  run(): AsyncIterable<RunEvent> {
    throw new Error("Is not run");
  }

  async start(): Promise<void> {
    this.starts += 1;
    await this.starting();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposals += 1;
    await this.disposing();
  }
}

Deno.test("enterRunner() waits for the start under way and does not repeat it", async () => {
  const runner = new CountingRunner();
  const started = Promise.withResolvers<void>();
  runner.starting = () => started.promise;
  const entries = [enterRunner(runner), enterRunner(runner)];
  started.resolve();
  await Promise.all(entries);
  assertEquals(runner.starts, 1);
  await leaveRunner(runner);
  await leaveRunner(runner);
  await leaveRunner(runner);
  assertEquals(runner.disposals, 1);
});

Deno.test("enterRunner() after a failed start tries again", async () => {
  const runner = new CountingRunner();
  runner.starting = () => Promise.reject(new Error("no"));
  const failed = await Promise.allSettled([enterRunner(runner), enterRunner(runner)]);
  assertEquals(failed.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals(runner.starts, 1);
  runner.starting = () => Promise.resolve();
  await enterRunner(runner);
  assertEquals(runner.starts, 2);
  await leaveRunner(runner);
  assertEquals(runner.disposals, 1);
});

Deno.test("enterRunner() during a release waits for it, then starts anew", async () => {
  const runner = new CountingRunner();
  const order: string[] = [];
  const released = Promise.withResolvers<void>();
  runner.starting = () => Promise.resolve(void order.push("start"));
  runner.disposing = async () => {
    await released.promise;
    order.push("released");
  };
  await enterRunner(runner);
  const leaving = leaveRunner(runner);
  const entering = enterRunner(runner);
  released.resolve();
  await Promise.all([leaving, entering]);
  assertEquals(order, ["start", "released", "start"]);
  await leaveRunner(runner);
});

Deno.test("leaveRunner() reports a failed release, and the Runner can be entered again", async () => {
  const runner = new CountingRunner();
  await enterRunner(runner);
  runner.disposing = () => Promise.reject(new Error("stuck"));
  await assertRejects(() => leaveRunner(runner), Error, "stuck");
  await enterRunner(runner);
  assertEquals(runner.starts, 2);
  runner.disposing = () => Promise.resolve();
  await leaveRunner(runner);
});
