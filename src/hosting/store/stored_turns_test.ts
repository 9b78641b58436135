import { assertEquals, assertExists, assertRejects } from "@std/assert";
import { RunError } from "../../run/error.ts";
import type { Message } from "../../run/request.ts";
import type { ParkedTurn } from "../../run/seams.ts";
import { ManualClock } from "../../testing/manual_clock.ts";
import { MemoryRecords } from "./memory_records.ts";
import { StoredTurns } from "./stored_turns.ts";

function turn(...callIds: readonly string[]): ParkedTurn {
  return {
    messages: [{ role: "system", content: callIds.join() }],
    callIds: Object.fromEntries(callIds.map((id) => [id, `backend-${id}`])),
  };
}

function records(options: { readonly clock?: ManualClock; readonly ttlMs?: number } = {}) {
  return new MemoryRecords({ clock: options.clock ?? new ManualClock(), ttlMs: options.ttlMs });
}

Deno.test("find() gives a turn under each of its calls, again and again, to its tenant alone", async () => {
  const turns = new StoredTurns(records());
  const parked = turn("a", "b", "__proto__");
  await turns.park("t1", parked);
  for (const callId of ["a", "b", "a", "__proto__"]) {
    assertEquals(await turns.find("t1", callId), parked);
  }
  assertEquals(await turns.find("t2", "a"), undefined);
  for (const callId of ["c", "constructor", "turn of a", ""]) {
    assertEquals(await turns.find("t1", callId), undefined);
  }
});

Deno.test("turns expire after their time: their own, else the store's, else a day", async () => {
  const dayMs = 86_400_000;
  for (
    const [ttlMs, storeTtlMs, keptMs] of [
      [1000, 5000, 1000],
      [undefined, 5000, 5000],
      [undefined, undefined, dayMs],
    ] as const
  ) {
    const clock = new ManualClock();
    const turns = new StoredTurns(records({ clock, ttlMs: storeTtlMs }), { ttlMs });
    await turns.park("t", turn("a", "b"));
    clock.advance(keptMs - 1);
    assertExists(await turns.find("t", "b"));
    clock.advance(1);
    assertEquals(await turns.find("t", "a"), undefined);
    assertEquals(await turns.find("t", "b"), undefined);
  }
});

Deno.test("a turn of several calls is kept once", async () => {
  const store = records();
  const turns = new StoredTurns(store);
  const long: ParkedTurn = {
    messages: [{ role: "system", content: "x".repeat(9000) }],
    callIds: turn("a", "b", "c").callIds,
  };
  await turns.park("t", long);
  assertEquals(Math.floor(store.bytes / 9000), 1);
  assertEquals(await turns.find("t", "c"), long);
});

Deno.test("a turn that waits for nobody is not kept, and one that is too large is refused", async () => {
  const store = records();
  const turns = new StoredTurns(store, { maxChars: JSON.stringify({ turn: turn("a") }).length });
  await turns.park("t", turn());
  const error = await assertRejects(() => turns.park("t", turn("ab")), RunError);
  assertEquals(error.code, "internal");
  assertEquals(store.size, 0);
  await turns.park("t", turn("a"));
  assertEquals(store.size, 1);
});

Deno.test("a call id parked again belongs to the newer turn; others keep theirs", async () => {
  const turns = new StoredTurns(records());
  const [older, newer] = [turn("a", "b"), turn("a")];
  await turns.park("t", older);
  await turns.park("t", newer);
  assertEquals(await turns.find("t", "a"), newer);
  assertEquals(await turns.find("t", "b"), older);
  // Where the older turn itself gave way, its calls have none rather than another's.
  await turns.park("t", turn("a", "c"));
  assertEquals(await turns.find("t", "b"), undefined);
});

const RESULT: readonly Message[] = [
  { role: "tool", toolCallId: "b", content: [{ type: "text", text: "done" }] },
];

/** A turn that waits for calls and for consent. */
function asking(callIds: readonly string[], ...approvalIds: readonly string[]): ParkedTurn {
  const awaited = { callId: "b", tool: "act", model: "agent" };
  return {
    ...turn(...callIds),
    approvals: Object.fromEntries(approvalIds.map((id) => [id, awaited])),
  };
}

Deno.test("find() gives a turn under each of its questions as well", async () => {
  const turns = new StoredTurns(records());
  for (const parked of [asking([], "q1"), asking(["a"], "q2"), asking(["c"], "q3", "__proto__")]) {
    await turns.park("t", parked);
    for (const id of [...Object.keys(parked.callIds), ...Object.keys(parked.approvals!)]) {
      assertEquals(await turns.find("t", id), parked, id);
      assertEquals(await turns.find("t2", id), undefined);
    }
  }
});

Deno.test("begin() lets one begin and tells all others what is known, to each tenant apart", async () => {
  const turns = new StoredTurns(records());
  const begun = await Promise.all(Array.from({ length: 20 }, () => turns.begin("t", "q")));
  assertEquals(begun.filter((known) => known === undefined).length, 1);
  assertEquals(begun.filter((known) => known !== undefined), Array(19).fill({}));
  await turns.settle("t", "q", RESULT);
  assertEquals(await turns.begin("t", "q"), { messages: RESULT });
  assertEquals(await turns.begin("t", "q", []), { messages: RESULT });
  assertEquals(await turns.begin("t2", "q"), undefined);
  assertEquals(await turns.begin("t", "other"), undefined);
});

Deno.test("begin() of what is refused tells everybody so from the first", async () => {
  const turns = new StoredTurns(records());
  assertEquals(await turns.begin("t", "q", RESULT), undefined);
  assertEquals(await turns.begin("t", "q"), { messages: RESULT });
});

Deno.test("a question that is not answered before its turn is lost cannot be begun twice", async () => {
  const clock = new ManualClock();
  const turns = new StoredTurns(records({ clock, ttlMs: 1000 }));
  await turns.park("t", asking([], "q"));
  clock.advance(999);
  assertEquals(await turns.begin("t", "q"), undefined);
  clock.advance(1);
  assertEquals(await turns.find("t", "q"), undefined);
  assertEquals(await turns.begin("t", "q"), {});
  await turns.settle("t", "q", RESULT);
  clock.advance(999);
  assertEquals(await turns.begin("t", "q"), { messages: RESULT });
});

Deno.test("a result that is too large is refused, and stays unknown", async () => {
  const turns = new StoredTurns(records(), { maxChars: 20 });
  assertEquals(await turns.begin("t", "q"), undefined);
  await assertRejects(() => turns.settle("t", "q", RESULT), RunError, "at most 20 are kept");
  assertEquals(await turns.begin("t", "q"), {});
});
