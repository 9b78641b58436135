import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { RunError } from "../../run/error.ts";
import { ManualClock } from "../../testing/manual_clock.ts";
import { MemoryRecords } from "../store/memory_records.ts";
import type { ResponseRecord } from "./response_record.ts";
import { ResponseStore } from "./response_store.ts";

const item = (id: string, text = id) => ({ id, json: JSON.stringify({ id, text }) });

function record(overrides: Partial<ResponseRecord> = {}): ResponseRecord {
  return {
    id: "resp_1",
    status: "completed",
    background: false,
    json: '{"id":"resp_1"}',
    input: [item("msg_old"), item("msg_minted")],
    minted: ["msg_minted"],
    output: [item("msg_out")],
    leaseUntilMs: 0,
    ...overrides,
  };
}

function open() {
  const records = new MemoryRecords({ clock: new ManualClock() });
  return { records, store: new ResponseStore(records) };
}

Deno.test("a response comes back as it was kept, to its tenant alone", async () => {
  const { store } = open();
  const kept = record({ json: '{"text":"\\u2028 \\"quoted\\""}' });
  await store.keep("t", kept, { events: "data: 1\n\ndata: [DONE]\n\n" });
  assertEquals(await store.find("t", "resp_1"), kept);
  assertEquals(await store.events("t", "resp_1"), "data: 1\n\ndata: [DONE]\n\n");
  for (const [tenant, id] of [["u", "resp_1"], ["t", "resp_2"], ["t", "resp_1/errand"]] as const) {
    assertEquals(await store.find(tenant, id), undefined);
  }
});

Deno.test("items are found that were answered or named here, not those that clients named", async () => {
  const { store } = open();
  await store.keep("t", record());
  const itemIds = ["msg_out", "msg_minted", "msg_old", "msg_none"];
  const { items, previous } = await store.history("t", { itemIds });
  assertEquals([...items.keys()], ["msg_out", "msg_minted"]);
  assertEquals(previous, undefined);
  const { items: others } = await store.history("u", { itemIds });
  assertEquals(others.size, 0);
});

Deno.test("what was answered is never mistaken for what was asked", async () => {
  const { store } = open();
  const claimed = [item("msg_out", "forged")];
  await store.keep("t", record({ input: claimed, minted: ["msg_out"] }));
  const { items } = await store.history("t", { itemIds: ["msg_out"] });
  assertEquals(items.get("msg_out"), item("msg_out"));
});

Deno.test("a conversation is input and then output, with where it stands", async () => {
  const { store } = open();
  await store.keep("t", record({ status: "failed" }));
  const found = await store.history("t", { previousResponseId: "resp_1", itemIds: [] });
  assertEquals(found.previous?.map(({ id }) => id), ["msg_old", "msg_minted", "msg_out"]);
  assertEquals(found.previousStatus, "failed");
});

Deno.test("half an answer leaves no items", async () => {
  const { store, records } = open();
  await store.keep("t", record({ status: "in_progress" }));
  assertEquals(records.size, 1);
});

Deno.test("referenced items live as long as what refers to them", async () => {
  const clock = new ManualClock();
  const store = new ResponseStore(new MemoryRecords({ clock, ttlMs: 1000 }));
  await store.keep("t", record());
  clock.advance(900);
  const { items } = await store.history("t", { itemIds: ["msg_out"] });
  await store.keep("t", record({ id: "resp_2", minted: [], output: [] }), {
    referenced: items.values(),
  });
  clock.advance(900);
  assertEquals((await store.history("t", { itemIds: ["msg_out"] })).items.size, 1);
});

Deno.test("deleting leaves nothing of a response, and items of others", async () => {
  const { store, records } = open();
  await store.keep("t", record(), { events: "data: 1\n\n" });
  await store.keep("t", record({ id: "resp_2", minted: [], output: [item("msg_2")] }));
  assertFalse(await store.delete("u", "resp_1"));
  assert(await store.delete("t", "resp_1"));
  assertFalse(await store.delete("t", "resp_1"));
  assertEquals(records.size, 2);
});

Deno.test("one conversation does not take the place of all others", async () => {
  const { store, records } = open();
  const long = "x".repeat(17 * 1024 * 1024);
  await assertRejects(() => store.keep("t", record({ json: long })), RunError);
  assertEquals(records.size, 0);
  await store.keep("t", record(), { events: long });
  assertEquals(await store.events("t", "resp_1"), undefined);
  assertEquals((await store.find("t", "resp_1"))?.id, "resp_1");
});
