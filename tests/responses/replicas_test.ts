/**
 * Several processes with one store: what one makes, the others know.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type App, createApp } from "../../mod.ts";
import {
  gate,
  settle,
  testOptions,
  TestRunner,
  untilAborted,
} from "../../src/hosting/fixture_test.ts";
import { MemoryRecords } from "../../src/hosting/store/memory_records.ts";
import { ManualClock } from "../../src/testing/mod.ts";
import { answered, framesOf, post, request } from "./posting.ts";

function replicas() {
  const clock = new ManualClock();
  const store = new MemoryRecords({ clock });
  const opened = gate();
  const aborted = gate();
  const runner = new TestRunner(async function* (_, { signal }) {
    signal.addEventListener("abort", () => aborted.resolve());
    yield { type: "text-start" };
    yield { type: "text-delta", text: "Half" };
    await Promise.race([opened.promise, untilAborted(signal)]);
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  const [one, two] = [1, 2].map(() =>
    createApp(runner, { ...testOptions(), modelName: "agent", store, clock })
  ) as [App, App];
  /** Lets time pass until the promise has settled. */
  const within = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    promise.finally(() => settled = true);
    for (let step = 0; step < 100 && !settled; step++) {
      clock.advance(100);
      await settle();
    }
    assert(settled);
    return await promise;
  };
  const stop = async () => {
    for (const app of [one, two]) await app.stop();
  };
  return { clock, one, two, opened, aborted, within, [Symbol.asyncDispose]: stop };
}

Deno.test("another process polls, continues and resumes what is complete", async () => {
  await using all = replicas();
  const { one, two } = all;
  const { id } = await answered(one, post({ background: true }));
  await settle();
  const read = () => answered(two, request(`responses/${id}`));
  assertEquals((await read()).status, "queued");
  const early = await two.fetch(request(`responses/${id}?stream=true`));
  assertEquals(early.status, 409);
  await early.body?.cancel();
  all.opened.resolve();
  await settle();
  assertEquals((await read()).status, "completed");
  const stream = async (app: App) =>
    await framesOf(await app.fetch(request(`responses/${id}?stream=true`)));
  assertEquals(await stream(two), await stream(one));
  assertEquals((await answered(two, post({ "previous_response_id": id }))).status, "completed");
});

Deno.test("another process cancels within two seconds", async () => {
  await using all = replicas();
  const { one, two } = all;
  const { id } = await answered(one, post({ background: true }));
  const startedMs = all.clock.now();
  const cancelled = await all.within(
    answered(two, request(`responses/${id}/cancel`, { method: "POST" })),
  );
  assert(all.clock.now() - startedMs <= 2000);
  assertEquals(cancelled.status, "cancelled");
  await all.aborted.promise;
  assertEquals(await answered(one, request(`responses/${id}`)), cancelled);
});

Deno.test("another process deletes, and the run leaves nothing", async () => {
  await using all = replicas();
  const { one, two } = all;
  const { id } = await answered(one, post({ background: true }));
  const deleted = await two.fetch(request(`responses/${id}`, { method: "DELETE" }));
  assertEquals(deleted.status, 200);
  await deleted.body?.cancel();
  await all.within(all.aborted.promise);
  await settle();
  for (const app of [one, two]) {
    const gone = await app.fetch(request(`responses/${id}`));
    assertEquals(gone.status, 404);
    await gone.body?.cancel();
  }
});

Deno.test("a run goes on for hours in the eyes of others", async () => {
  await using all = replicas();
  const { clock, one, two } = all;
  const { id } = await answered(one, post({ background: true }));
  await settle();
  const status = async () => (await answered(two, request(`responses/${id}`))).status;
  for (let minute = 0; minute < 120; minute++) {
    for (let second = 0; second < 60; second += 10) {
      clock.advance(10_000);
      await settle();
    }
    assertEquals(await status(), "in_progress");
  }
});

Deno.test("a run whose process died is failed, and can be deleted", async () => {
  const clock = new ManualClock();
  const store = new MemoryRecords({ clock });
  // Its clock stands still: it never says again that it is there.
  const dying = createApp(
    new TestRunner(async function* (_, { signal }) {
      yield { type: "text-start" };
      await untilAborted(signal);
    }),
    { ...testOptions(), modelName: "agent", store },
  );
  await using other = createApp(new TestRunner(), {
    ...testOptions(),
    modelName: "agent",
    store,
    clock,
  });
  const { id } = await answered(dying, post({ background: true }));
  await settle();
  clock.advance(61_000);
  const lost = await answered(other, request(`responses/${id}`));
  assertEquals([lost.status, lost.error?.code], ["failed", "server_error"]);
  const cancel = request(`responses/${id}/cancel`, { method: "POST" });
  assertEquals((await answered(other, cancel)).status, "failed");
  const refused = await other.fetch(post({ "previous_response_id": id }));
  assertEquals(refused.status, 400);
  await refused.body?.cancel();
  const deleted = await other.fetch(request(`responses/${id}`, { method: "DELETE" }));
  assertEquals((await deleted.json()).deleted, true);
  await dying.stop();
});
