/**
 * What every store promises, whatever keeps its records.
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type {
  RecordKind,
  RecordStore,
  StoredRecord,
} from "../../src/hosting/store/record_store.ts";
import { RunError } from "../../src/run/error.ts";

/** One place where records are kept, seen through as many stores as replicas. */
export interface StorePlace extends AsyncDisposable {
  /** A started store on this place; the same for memory, which has one replica. */
  open(): Promise<RecordStore>;
  /** Lets time pass for records. Absent where the time is not ours. */
  readonly advance?: (ms: number) => void;
}

const HOUR_MS = 3_600_000;

const KINDS: readonly RecordKind[] = ["turn", "response", "item", "events", "idempotency"];

/** Names that read like others in a careless key, a careless encoding or a careless object. */
const NAMES: readonly string[] = [
  "a",
  "a:b",
  "a:b:c",
  ":",
  "",
  " ",
  "a/b",
  "a|b",
  'a","b',
  "a\\",
  "a\\u0000",
  "a\0",
  "a\0b",
  "{a}",
  "a}",
  "1:a",
  "__proto__",
  "constructor",
  "%00",
  "*",
  "'; DROP TABLE records; --",
  "é",
  "e\u0301",
  "\u{1f600}",
  "\ud83d",
  "\ude00",
  "\ufffd",
  "turn",
  "x".repeat(100_000),
  "x".repeat(100_001),
];

/** A record whose text tells it from every other. */
export function record(kind: RecordKind, id: string, text = id): StoredRecord {
  return { kind, id, json: JSON.stringify({ kind, id, text }) };
}

/** Registers the tests of the contract for one kind of store. */
export function recordStoreSuite(
  name: string,
  place: () => Promise<StorePlace>,
  options: { readonly ignore?: boolean } = {},
): void {
  function test(promise: string, body: (place: StorePlace) => Promise<void>): void {
    Deno.test({
      name: `${name}: ${promise}`,
      ignore: options.ignore,
      async fn() {
        await using fresh = await place();
        await body(fresh);
      },
    });
  }

  test("get() gives texts in the order of ids, undefined between them", async (place) => {
    await using store = await place.open();
    const [a, b] = [record("item", "a"), record("item", "b")];
    await store.put("t", [a, b], HOUR_MS);
    assertEquals(await store.get("t", "item", ["b", "none", "a", "b"]), [
      b.json,
      undefined,
      a.json,
      b.json,
    ]);
    assertEquals(await store.get("t", "item", []), []);
    assertEquals(await store.get("t", "response", ["a"]), [undefined]);
  });

  test("put() replaces, the last of one id wins, nothing is nothing", async (place) => {
    await using store = await place.open();
    await store.put("t", [record("item", "a", "1")], HOUR_MS);
    await store.put("t", [record("item", "a", "2"), record("item", "a", "3")], HOUR_MS);
    assertEquals(await store.get("t", "item", ["a"]), [record("item", "a", "3").json]);
    await store.put("t", [], HOUR_MS);
  });

  test("texts come back as they were: unicode, escapes, megabytes", async (place) => {
    await using store = await place.open();
    const texts = ["", "\0\ud800", "\u{1f600}\u2028", "\\u0000", "y".repeat(3_000_000)];
    const records = texts.map((text, index) => record("response", `r${index}`, text));
    await store.put("t", records, HOUR_MS);
    assertEquals(
      await store.get("t", "response", records.map(({ id }) => id)),
      records.map(({ json }) => json),
    );
  });

  test("delete() removes and counts what was there", async (place) => {
    await using store = await place.open();
    await store.put("t", [record("item", "a"), record("item", "b")], HOUR_MS);
    assertEquals(await store.delete("u", "item", ["a"]), 0);
    assertEquals(await store.delete("t", "turn", ["a"]), 0);
    assertEquals(await store.delete("t", "item", ["a", "none", "a"]), 1);
    assertEquals(await store.delete("t", "item", []), 0);
    assertEquals(await store.get("t", "item", ["a", "b"]), [undefined, record("item", "b").json]);
  });

  test("claim() writes once and tells what is there", async (place) => {
    await using store = await place.open();
    assertEquals(
      await store.claim("t", record("idempotency", "k", "1"), HOUR_MS),
      undefined,
    );
    const there = record("idempotency", "k", "1").json;
    assertEquals(await store.claim("t", record("idempotency", "k", "2"), HOUR_MS), there);
    assertEquals(await store.get("t", "idempotency", ["k"]), [there]);
    assertEquals(await store.claim("u", record("idempotency", "k", "3"), HOUR_MS), undefined);
    await store.delete("t", "idempotency", ["k"]);
    assertEquals(await store.claim("t", record("idempotency", "k", "4"), HOUR_MS), undefined);
  });

  test("of 50 claims at once on two replicas one wins, the others learn of it", async (place) => {
    await using one = await place.open();
    await using two = await place.open();
    const answers = await Promise.all(
      Array.from(
        { length: 50 },
        (_, index) =>
          (index % 2 === 0 ? one : two).claim(
            "t",
            record("idempotency", "k", `${index}`),
            HOUR_MS,
          ),
      ),
    );
    const winners = answers.flatMap((answer, index) => answer === undefined ? [index] : []);
    assertEquals(winners.length, 1);
    const won = record("idempotency", "k", `${winners[0]}`).json;
    assert(answers.every((answer) => answer === undefined || answer === won));
    assertEquals(await two.get("t", "idempotency", ["k"]), [won]);
  });

  test("no tenant, kind or id passes for another", async (place) => {
    await using store = await place.open();
    for (const tenant of NAMES) {
      await store.put(tenant, NAMES.map((id) => record("item", id, `${tenant} ${id}`)), HOUR_MS);
    }
    for (const tenant of NAMES) {
      assertEquals(
        await store.get(tenant, "item", NAMES),
        NAMES.map((id) => record("item", id, `${tenant} ${id}`).json),
      );
      assertEquals(await store.get(tenant, "turn", NAMES), NAMES.map(() => undefined));
    }
    const [first = "", ...others] = NAMES;
    assertEquals(await store.delete(first, "item", NAMES), NAMES.length);
    for (const tenant of others) {
      assert((await store.get(tenant, "item", NAMES)).every((json) => json !== undefined));
    }
  });

  test("kinds are apart", async (place) => {
    await using store = await place.open();
    await store.put("t", KINDS.map((kind) => record(kind, "x")), HOUR_MS);
    for (const kind of KINDS) {
      assertEquals(await store.get("t", kind, ["x"]), [record(kind, "x").json]);
    }
  });

  test("many writes at once all arrive", async (place) => {
    await using store = await place.open();
    const ids = Array.from({ length: 200 }, (_, index) => `r${index}`);
    await Promise.all(ids.map((id) => store.put("t", [record("item", id)], HOUR_MS)));
    assertEquals(
      await store.get("t", "item", ids),
      ids.map((id) => record("item", id).json),
    );
  });

  test("a time of nothing keeps nothing; an endless one is cut to what can be counted", async (place) => {
    await using store = await place.open();
    await store.put("t", [record("item", "a")], HOUR_MS);
    await store.put("t", [record("item", "a", "gone")], 0);
    assertEquals(await store.get("t", "item", ["a"]), [undefined]);
    await store.put("t", [record("item", "b")], Infinity);
    assertEquals(await store.get("t", "item", ["b"]), [record("item", "b").json]);
  });

  test("a closed store refuses, and can be closed again", async (place) => {
    const store = await place.open();
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    const uses = [
      () => store.put("t", [record("item", "a")], HOUR_MS),
      () => store.get("t", "item", ["a"]),
      () => store.delete("t", "item", ["a"]),
      () => store.claim("t", record("item", "a"), HOUR_MS),
      ...store.check ? [() => store.check!()] : [],
    ];
    for (const use of uses) {
      assertEquals((await assertRejects(use, RunError)).code, "internal");
    }
  });

  test("records end with their time, which a new write starts again", async (place) => {
    const { advance } = place;
    await using store = await place.open();
    await store.put("t", [record("item", "short"), record("item", "renewed")], 1000);
    await store.put("t", [record("item", "long")], 5000);
    await store.claim("t", record("idempotency", "k", "1"), 1000);
    if (!advance) return await endsByItself(store);
    advance(600);
    await store.put("t", [record("item", "renewed", "2")], 1000);
    advance(399);
    const before = await store.get("t", "item", ["short", "renewed", "long"]);
    assert(before.every((json) => json !== undefined));
    advance(1);
    assertEquals(await store.get("t", "item", ["short", "renewed", "long"]), [
      undefined,
      record("item", "renewed", "2").json,
      record("item", "long").json,
    ]);
    assertEquals(await store.delete("t", "item", ["short", "long"]), 1);
    assertEquals(await store.claim("t", record("idempotency", "k", "2"), 1000), undefined);
    advance(1000);
    assertEquals(await store.get("t", "item", ["renewed"]), [undefined]);
  });
}

/** Asks until a record with the shortest of times is gone: the server's clock is its own. */
async function endsByItself(store: RecordStore): Promise<void> {
  await store.put("t", [record("item", "brief")], 1);
  for (;;) {
    const [json] = await store.get("t", "item", ["brief"]);
    if (json === undefined) return;
  }
}
