import { assert, assertEquals, assertExists, assertLessOrEqual } from "@std/assert";
import { ManualClock } from "../../testing/manual_clock.ts";
import { MemoryRecords } from "./memory_records.ts";
import type { StoredRecord } from "./record_store.ts";

function item(id: string, chars = 10): StoredRecord {
  return { kind: "item", id, json: `"${"x".repeat(chars)}"` };
}

async function kept(store: MemoryRecords, ...ids: readonly string[]): Promise<boolean[]> {
  return (await store.get("t", "item", ids)).map((json) => json !== undefined);
}

Deno.test("put() makes room by number: the least recently written go, however often they are read", async () => {
  const store = new MemoryRecords({ clock: new ManualClock(), maxRecords: 3 });
  for (const id of ["a", "b", "c"]) await store.put("t", [item(id)], 1000);
  await store.get("t", "item", ["b"]);
  await store.put("t", [item("a")], 1000);
  await store.put("t", [item("d")], 1000);
  assertEquals(await kept(store, "a", "b", "c", "d"), [true, false, true, true]);
  assertEquals(store.size, 3);
});

Deno.test("put() makes room by size, and two bytes count for characters beyond Latin-1", async () => {
  const clock = new ManualClock();
  const measure = new MemoryRecords({ clock });
  await measure.put("t", [item("a", 1000)], 1000);
  const each = measure.bytes;
  await measure.put("t", [{ kind: "item", id: "a", json: `"${"я".repeat(1000)}"` }], 1000);
  assertEquals(measure.bytes, each + 1002);
  const store = new MemoryRecords({ clock, maxBytes: 2 * each });
  for (const id of ["a", "b", "c"]) await store.put("t", [item(id, 1000)], 1000);
  assertEquals(await kept(store, "a", "b", "c"), [false, true, true]);
  assertEquals(store.bytes, 2 * each);
});

Deno.test("what was written together goes together", async () => {
  const store = new MemoryRecords({ clock: new ManualClock(), maxRecords: 4 });
  await store.put("t", [item("a1"), item("a2"), item("a3")], 1000);
  await store.put("t", [item("b1"), item("b2")], 1000);
  assertEquals(await kept(store, "a1", "a2", "a3", "b1", "b2"), [false, false, false, true, true]);
});

Deno.test("a write too large for the store leaves nothing, not even what it replaced", async () => {
  const store = new MemoryRecords({ clock: new ManualClock(), maxBytes: 2000, maxRecords: 3 });
  await store.put("t", [item("a")], 1000);
  await store.put("t", [item("b"), item("a", 5000)], 1000);
  assertEquals([store.size, store.bytes], [0, 0]);
  await store.put("t", ["a", "b", "c", "d"].map((id) => item(id)), 1000);
  assertEquals(store.size, 0);
  assertEquals(await store.claim("t", item("a", 5000), 1000), undefined);
  assertEquals(await store.claim("t", item("a", 5000), 1000), undefined);
});

Deno.test("whatever has expired is dropped at the next use, and no timer waits for it", async () => {
  const clock = new ManualClock();
  const store = new MemoryRecords({ clock });
  for (let index = 0; index < 100; index++) {
    await store.put("t", [item(`r${index}`)], 1 + (index * 37) % 100);
  }
  clock.advance(50);
  await store.get("t", "item", []);
  assertEquals(store.size, 50);
  clock.advance(50);
  await store.get("t", "item", []);
  assertEquals([store.size, store.bytes, clock.pending], [0, 0, 0]);
});

Deno.test("an older record's end does not take its heir", async () => {
  const clock = new ManualClock();
  const store = new MemoryRecords({ clock });
  await store.put("t", [item("a")], 100);
  await store.put("t", [item("a")], 1000);
  clock.advance(100);
  assertEquals(await kept(store, "a"), [true]);
});

Deno.test("memory stays bounded whatever is written, by how many and for how long", async () => {
  const clock = new ManualClock();
  const store = new MemoryRecords({ clock, maxRecords: 50, maxBytes: 20_000 });
  for (let round = 0; round < 5000; round++) {
    const records = Array.from(
      { length: round % 4 },
      (_, index) => item(`r${(round * 31 + index) % 90}`, (round * 7) % 900),
    );
    await store.put(`t${round % 7}`, records, 1 + (round * 13) % 5000);
    if (round % 3 === 0) await store.delete(`t${round % 7}`, "item", [`r${round % 90}`]);
    clock.advance(round % 5);
    assertLessOrEqual(store.size, 50);
    assertLessOrEqual(store.bytes, 20_000);
    assert(store.size > 0 || store.bytes === 0);
  }
});

Deno.test("one record written over and over leaves no trail", async () => {
  const store = new MemoryRecords({ clock: new ManualClock() });
  for (let round = 0; round < 10_000; round++) await store.put("t", [item("a")], 1e9);
  assertEquals(store.size, 1);
  assertExists((await store.get("t", "item", ["a"]))[0]);
});
