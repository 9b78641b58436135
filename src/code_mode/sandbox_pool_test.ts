import { assertEquals, assertRejects } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { type Pooled, SandboxPool } from "./sandbox_pool.ts";

class Fake implements Pooled {
  alive = true;
  ended = 0;
  constructor(readonly number: number) {}
  [Symbol.asyncDispose](): Promise<void> {
    this.alive = false;
    this.ended += 1;
    return Promise.resolve();
  }
}

/** A pool of fakes; those in `gates` start when told. */
function pooled(ready: number, { manual = false } = {}) {
  const started: Fake[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const pool = new SandboxPool<Fake>({
    ready,
    start: async (signal) => {
      const fake = new Fake(started.length + 1);
      started.push(fake);
      if (!manual) return fake;
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      signal?.addEventListener("abort", () => gate.reject(new Error("stopped")), { once: true });
      await gate.promise;
      return fake;
    },
  });
  return { pool, started, gates };
}

const never = new AbortController().signal;

Deno.test("SandboxPool that is not open starts what is taken", async () => {
  const { pool, started } = pooled(2);
  assertEquals(started.length, 0);
  assertEquals((await pool.take(never)).number, 1);
  assertEquals(started.length, 1);
  await pool.close();
  assertEquals(started[0]!.ended, 0);
});

Deno.test("SandboxPool keeps as many ready as asked, and fills up what is taken", async () => {
  const { pool, started } = pooled(2);
  pool.open();
  assertEquals(started.length, 2);
  assertEquals((await pool.take(never)).number, 1);
  assertEquals(started.length, 3);
  const [a, b] = await Promise.all([pool.take(never), pool.take(never)]);
  assertEquals([a.number, b.number], [2, 3]);
  await pool.close();
  assertEquals(started.map(({ ended }) => ended), [0, 0, 0, 1, 1]);
  assertEquals((await pool.take(never)).number, 6);
  assertEquals(started.length, 6);
});

Deno.test("SandboxPool gives nobody a dead sandbox", async () => {
  const { pool, started } = pooled(2);
  pool.open();
  await macrotask();
  for (const fake of started) fake.alive = false;
  assertEquals((await pool.take(never)).number, 3);
  assertEquals(started.length, 5);
  await pool.close();
});

Deno.test("SandboxPool tries anew where one did not start, and tells of it where that fails too", async () => {
  let failing = true;
  let tries = 0;
  const pool = new SandboxPool<Fake>({
    ready: 1,
    start: () => {
      tries += 1;
      return failing ? Promise.reject(new Error("no Deno")) : Promise.resolve(new Fake(tries));
    },
  });
  pool.open();
  await assertRejects(() => pool.take(never), Error, "no Deno");
  failing = false;
  assertEquals((await pool.take(never)).alive, true);
  await pool.close();
});

Deno.test("SandboxPool that is closed ends what is there, and the start of what is not", async () => {
  const { pool, started, gates } = pooled(2, { manual: true });
  pool.open();
  gates[0]!.resolve();
  await pool.close();
  assertEquals(started.map(({ ended }) => ended), [1, 0]);
  await assertRejects(() => gates[1]!.promise, Error, "stopped");
});

Deno.test("SandboxPool takes back what an abort leaves, and ends it once it is closed", async () => {
  const { pool, started, gates } = pooled(1, { manual: true });
  pool.open();
  const first = new AbortController();
  const taken = assertRejects(() => pool.take(first.signal), Error, "left");
  first.abort(new Error("left"));
  gates[0]!.resolve();
  await taken;
  assertEquals(started.map(({ ended }) => ended), [0]);
  const second = new AbortController();
  const again = assertRejects(() => pool.take(second.signal), Error, "again");
  second.abort(new Error("again"));
  const closed = pool.close();
  await again;
  await closed;
  assertEquals(started[0]!.ended, 1);
  for (const gate of gates) gate.resolve();
});

Deno.test("SandboxPool stops to start what an abort makes needless", async () => {
  const { pool } = pooled(0, { manual: true });
  const controller = new AbortController();
  const taken = assertRejects(() => pool.take(controller.signal), Error, "left");
  controller.abort(new Error("left"));
  await taken;
  await assertRejects(() => pool.take(controller.signal), Error, "left");
});
