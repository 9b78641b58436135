import { assertEquals, assertRejects } from "@std/assert";
import { ManualClock } from "../testing/manual_clock.ts";
import { createApp } from "./app.ts";
import { saying, testOptions } from "./fixture_test.ts";
import { MemoryRecords } from "./store/memory_records.ts";

/** Tells what becomes of it. */
class WatchedRecords extends MemoryRecords {
  readonly calls: string[] = [];
  broken = false;

  constructor() {
    super({ clock: new ManualClock() });
  }

  override start(): Promise<void> {
    this.calls.push("start");
    return this.broken ? Promise.reject(new Error("no such file")) : super.start();
  }

  override get(...args: Parameters<MemoryRecords["get"]>): ReturnType<MemoryRecords["get"]> {
    return this.broken ? Promise.reject(new Error("gone")) : super.get(...args);
  }

  override [Symbol.asyncDispose](): Promise<void> {
    this.calls.push("close");
    return this.broken ? Promise.reject(new Error("stuck")) : super[Symbol.asyncDispose]();
  }
}

const ready = (app: { fetch(request: Request): Promise<Response> }) =>
  app.fetch(new Request("http://localhost/ready"));

Deno.test("the app opens its store once and closes it last", async () => {
  const store = new WatchedRecords();
  const runner = saying("Hi");
  runner.disposing = () => {
    store.calls.push("runner closed");
    return Promise.resolve();
  };
  const app = createApp(runner, { ...testOptions(), store });
  await app.start();
  await app.start();
  await app.stop();
  assertEquals(store.calls, ["start", "runner closed", "close"]);
});

Deno.test("an app whose store cannot be opened does not start, and tries again", async () => {
  const store = new WatchedRecords();
  store.broken = true;
  const app = createApp(saying("Hi"), { ...testOptions(), store });
  await assertRejects(() => app.start(), Error, "no such file");
  store.broken = false;
  await app.start();
  assertEquals(store.calls, ["start", "start"]);
  await app.stop();
});

Deno.test("an app is ready while its store answers", async () => {
  const options = testOptions();
  const store = new WatchedRecords();
  const app = createApp(saying("Hi"), { ...options, store });
  await app.start();
  const before = await ready(app);
  assertEquals([before.status, (await before.json()).checks.store.status], [200, "ok"]);
  store.broken = true;
  options.clock.advance(1000);
  const after = await ready(app);
  assertEquals([after.status, (await after.json()).checks.store.status], [503, "failed"]);
  // A store that does not close keeps nothing from stopping.
  await app.stop();
  assertEquals(options.logger.entries.at(-1)?.message, "store failed to close");
});
