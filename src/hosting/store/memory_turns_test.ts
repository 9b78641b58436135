import { assert, assertEquals, assertExists } from "@std/assert";
import type { ParkedTurn } from "../../run/seams.ts";
import { ManualClock } from "../../testing/manual_clock.ts";
import { MemoryTurns } from "./memory_turns.ts";

function turn(...callIds: readonly string[]): ParkedTurn {
  return {
    messages: [{ role: "system", content: callIds.join() }],
    callIds: Object.fromEntries(callIds.map((id) => [id, `backend-${id}`])),
  };
}

Deno.test("find() gives a turn under each of its calls, again and again, to its tenant alone", async () => {
  const store = new MemoryTurns({ clock: new ManualClock() });
  const parked = turn("a", "b");
  await store.park("t1", parked);
  for (const callId of ["a", "b", "a"]) assertEquals(await store.find("t1", callId), parked);
  assertEquals(await store.find("t2", "a"), undefined);
  assertEquals(await store.find("t1", "c"), undefined);
  for (const callId of ["__proto__", "constructor"]) {
    assertEquals(await store.find("t1", callId), undefined);
  }
  // No tenant and call id together pass for another pair.
  await store.park('t","x', turn("y"));
  assertEquals(await store.find("t", 'x","y'), undefined);
});

Deno.test("turns expire after their time, also when nobody asks for them", async () => {
  const clock = new ManualClock();
  const store = new MemoryTurns({ clock, ttlMs: 1000 });
  await store.park("t", turn("a"));
  clock.advance(600);
  await store.park("t", turn("b"));
  clock.advance(399);
  assertExists(await store.find("t", "a"));
  clock.advance(1);
  assertEquals(await store.find("t", "a"), undefined);
  assertExists(await store.find("t", "b"));
  clock.advance(1000);
  await store.park("t", turn("c"));
  assertEquals(store.size, 1);
});

Deno.test("the oldest turns make room, by number and by size", async () => {
  const clock = new ManualClock();
  const few = new MemoryTurns({ clock, maxTurns: 2 });
  for (const id of ["a", "b", "c"]) await few.park("t", turn(id));
  assertEquals([few.size, await few.find("t", "a")], [2, undefined]);
  assertExists(await few.find("t", "c"));
  const size = JSON.stringify(turn("a")).length;
  const small = new MemoryTurns({ clock, maxBytes: 2 * size });
  for (const id of ["a", "b", "c"]) await small.park("t", turn(id));
  assertEquals([small.size, await small.find("t", "a")], [2, undefined]);
  await small.park("t", turn("d".repeat(3 * size)));
  assertEquals(small.size, 2);
});

Deno.test("a call id parked again belongs to the newer turn; the older one goes when bare", async () => {
  const store = new MemoryTurns({ clock: new ManualClock() });
  const [older, newer] = [turn("a", "b"), turn("a")];
  await store.park("t", older);
  await store.park("t", newer);
  assertEquals(await store.find("t", "a"), newer);
  assertEquals(await store.find("t", "b"), older);
  await store.park("t", turn("b"));
  assertEquals(store.size, 2);
  await store.park("t", turn());
  assertEquals(store.size, 2);
});

Deno.test("memory stays bounded whatever is parked", async () => {
  const store = new MemoryTurns({ clock: new ManualClock(), maxTurns: 50, maxBytes: 4000 });
  for (let round = 0; round < 2000; round++) {
    await store.park(`t${round % 7}`, turn(`c${round % 90}`, `d${round}`));
    assert(store.size <= 50);
  }
});
