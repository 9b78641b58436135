/**
 * What only a file can do: outlive its process, be shared, be damaged, grow.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SqliteRecords } from "../../src/hosting/store/sqlite_records.ts";
import { sqliteStore } from "../../src/hosting/store/stores.ts";
import { RunError, SetupError } from "../../src/run/error.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { record } from "./record_store_suite.ts";

const HOUR_MS = 3_600_000;

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function started(
  path: string,
  options: { readonly clock?: ManualClock; readonly maxBytes?: number } = {},
): Promise<SqliteRecords> {
  const store = new SqliteRecords(path, { clock: options.clock ?? new ManualClock(), ...options });
  await store.start();
  return store;
}

Deno.test("sqlite: records outlive the process and end in their time all the same", () =>
  inFolder(async (folder) => {
    const path = `${folder}/store.db`;
    const clock = new ManualClock();
    {
      await using store = await started(path, { clock });
      await store.put("t", [record("response", "r"), record("item", "i")], HOUR_MS);
      await store.put("t", [record("turn", "t")], 1000);
    }
    clock.advance(1000);
    await using store = await started(path, { clock });
    assertEquals(await store.get("t", "response", ["r"]), [record("response", "r").json]);
    assertEquals(await store.get("t", "item", ["i"]), [record("item", "i").json]);
    assertEquals(await store.get("t", "turn", ["t"]), [undefined]);
  }));

Deno.test("sqlite: start() again changes nothing", () =>
  inFolder(async (folder) => {
    await using store = await started(`${folder}/store.db`);
    await store.put("t", [record("item", "a")], HOUR_MS);
    await store.start();
    assertEquals(await store.get("t", "item", ["a"]), [record("item", "a").json]);
  }));

Deno.test("sqlite: all files are their owner's alone, and the log goes with the store", () =>
  inFolder(async (folder) => {
    const path = `${folder}/store.db`;
    {
      await using store = await started(path);
      await store.put("t", [record("item", "a")], HOUR_MS);
      const files = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
      assertEquals(files, ["store.db", "store.db-shm", "store.db-wal"]);
      if (Deno.build.os !== "windows") {
        for (const name of files) {
          assertEquals((await Deno.stat(`${folder}/${name}`)).mode! & 0o777, 0o600, name);
        }
      }
    }
    assertEquals(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["store.db"]);
  }));

Deno.test("sqlite: start() names the file it cannot use, and why", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/text.db`, "no database ".repeat(1000));
    await Deno.writeTextFile(`${folder}/short.db`, "x");
    const other = new DatabaseSync(`${folder}/other.db`);
    other.exec("CREATE TABLE users (name TEXT)");
    other.close();
    const newer = new DatabaseSync(`${folder}/newer.db`);
    newer.exec(`PRAGMA application_id = ${0x66616b65}; PRAGMA user_version = 9`);
    newer.close();
    const cases = [
      ["text.db", "not a database"],
      ["short.db", "not a database"],
      ["other.db", "another application"],
      ["newer.db", "version is 9"],
      ["none/store.db", "No such file"],
      ["text.db/store.db", "Not a directory"],
      ["", "directory"],
    ] as const;
    for (const [name, reason] of cases) {
      const store = sqliteStore(`${folder}/${name}`);
      const error = await assertRejects(() => store.start(), SetupError);
      assertStringIncludes(error.message, JSON.stringify(`${folder}/${name}`));
      assertStringIncludes(error.message, reason);
      await assertRejects(() => store.get("t", "item", ["a"]), RunError);
      await store[Symbol.asyncDispose]();
    }
    assertEquals(await Deno.readTextFile(`${folder}/short.db`), "x");
  }));

Deno.test("sqlite: a name with a meaning for SQLite is a file like any other", () =>
  inFolder(async (folder) => {
    const path = `${folder}/:memory:?mode=memory`;
    {
      await using store = await started(path);
      await store.put("t", [record("item", "a")], HOUR_MS);
    }
    await using store = await started(path);
    assertEquals(await store.get("t", "item", ["a"]), [record("item", "a").json]);
  }));

Deno.test("sqlite: damage in the middle fails what meets it, with the file's name in the log alone", () =>
  inFolder(async (folder) => {
    const path = `${folder}/store.db`;
    {
      await using store = await started(path);
      const many = Array.from({ length: 500 }, (_, index) => record("item", `r${index}`));
      await store.put("t", many, HOUR_MS);
    }
    const bytes = await Deno.readFile(path);
    bytes.fill(0xa5, 8192);
    await Deno.writeFile(path, bytes);
    const store = new SqliteRecords(path, { clock: new ManualClock() });
    const uses = async () => {
      await store.start();
      await store.get("t", "item", Array.from({ length: 500 }, (_, index) => `r${index}`));
    };
    const error = await assertRejects(uses);
    assert(error instanceof RunError || error instanceof SetupError);
    assertStringIncludes(error.message, path);
    await store[Symbol.asyncDispose]();
  }));

Deno.test("sqlite: a write that fails in the middle leaves everything as it was", () =>
  inFolder(async (folder) => {
    await using store = await started(`${folder}/store.db`);
    await store.put("t", [record("item", "a", "old")], HOUR_MS);
    const broken = { kind: "item", id: "b", json: Symbol("none") as unknown as string } as const;
    await assertRejects(
      () => store.put("t", [record("item", "a", "new"), broken], HOUR_MS),
      RunError,
    );
    assertEquals(await store.get("t", "item", ["a", "b"]), [
      record("item", "a", "old").json,
      undefined,
    ]);
    await store.put("t", [record("item", "c")], HOUR_MS);
  }));

Deno.test("sqlite: over its size the oldest writes go, each as a whole, and the file stops growing", () =>
  inFolder(async (folder) => {
    const path = `${folder}/store.db`;
    const maxBytes = 512 * 1024;
    const text = "x".repeat(10_000);
    const parts = (write: number) =>
      [0, 1, 2].map((part) => record("item", `${write}.${part}`, text));
    {
      await using store = await started(path, { maxBytes });
      for (let write = 0; write < 200; write++) await store.put("t", parts(write), HOUR_MS);
      let whole = 0;
      for (let write = 0; write < 200; write++) {
        const found = await store.get("t", "item", parts(write).map(({ id }) => id));
        const there = found.filter((json) => json !== undefined).length;
        assert(there === 0 || there === 3, `write ${write} has ${there} of 3 records`);
        if (there === 3) whole++;
        else assertEquals(whole, 0, "a newer write went before an older one");
      }
      assert(whole >= 10, `${whole} writes are left`);
      // Larger than everything: taken, and gone at once.
      await store.put("t", [record("item", "huge", "y".repeat(maxBytes))], HOUR_MS);
      assertEquals(await store.get("t", "item", ["huge", "199.0"]), [undefined, undefined]);
    }
    assert((await Deno.stat(path)).size < 3 * maxBytes);
  }));

Deno.test("sqlite: a file that was large once gives its room back", () =>
  inFolder(async (folder) => {
    const path = `${folder}/store.db`;
    const ids = Array.from({ length: 20 }, (_, index) => `r${index}`);
    await using store = await started(path);
    const sizeOf = async () => {
      const db = new DatabaseSync(path);
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      db.close();
      return (await Deno.stat(path)).size;
    };
    await store.put("t", ids.map((id) => record("item", id, "x".repeat(1_000_000))), HOUR_MS);
    const largest = await sizeOf();
    await store.delete("t", "item", ids);
    for (let write = 0; write < 30; write++) await store.put("t", [record("turn", "t")], HOUR_MS);
    const left = await sizeOf();
    assert(left < largest / 2, `${left} of ${largest} bytes are left`);
  }));

Deno.test("sqlite: what has expired leaves the file as new records come", () =>
  inFolder(async (folder) => {
    const path = `${folder}/store.db`;
    const clock = new ManualClock();
    await using store = await started(path, { clock });
    const old = Array.from({ length: 300 }, (_, index) => record("item", `old${index}`));
    await store.put("t", old, 1000);
    clock.advance(1000);
    for (let index = 0; index < 10; index++) {
      await store.put("t", [record("item", `new${index}`)], HOUR_MS);
    }
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      assertEquals(db.prepare("SELECT count(*) AS count FROM records").get()?.count, 10);
    } finally {
      db.close();
    }
  }));

Deno.test("sqlite: check() fails while another process holds the file", () =>
  inFolder(async (folder) => {
    const path = `${folder}/store.db`;
    await using store = await started(path);
    await store.check();
    const other = new DatabaseSync(path);
    try {
      other.exec("BEGIN IMMEDIATE");
      assertStringIncludes(
        (await assertRejects(() => store.check(), RunError)).message,
        "locked",
      );
      assertEquals(await store.get("t", "item", ["a"]), [undefined]);
      other.exec("ROLLBACK");
    } finally {
      other.close();
    }
    await store.check();
  }));
