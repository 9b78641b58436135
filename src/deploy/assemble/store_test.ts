import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryRecords } from "../../hosting/store/memory_records.ts";
import { RedisRecords } from "../../hosting/store/redis_records.ts";
import { SqliteRecords } from "../../hosting/store/sqlite_records.ts";
import { SetupError } from "../../run/error.ts";
import { describeDeployment } from "../describe.ts";
import { interpolate } from "../interpolate.ts";
import { parseText } from "../load.ts";
import { notInForce } from "../not_in_force.ts";
import { resolve } from "../resolve.ts";
import type { ResolvedDeployment } from "../resolved.ts";
import { validate } from "../validate.ts";
import { assemble } from "../assemble.ts";
import { assembleStore } from "./store.ts";

async function read(store: string): Promise<ResolvedDeployment> {
  const text = `backends: {b: {type: demo}}\nmodels: {m: {backend: b}}\nstore: ${store}\n`;
  return resolve(await validate(interpolate(parseText(text, "cfg.yaml"), () => undefined)));
}

Deno.test("assembleStore() makes the store a deployment names, and every key is in force", async () => {
  const cases = [
    ["memory", MemoryRecords, undefined],
    ["{type: memory, ttl: 1h, max_size: 1MiB}", MemoryRecords, 3_600_000],
    ["sqlite", SqliteRecords, undefined],
    ["{type: sqlite, path: a.db, ttl: 1h, max_size: 1MiB}", SqliteRecords, 3_600_000],
    ["redis", RedisRecords, undefined],
    ["{type: redis, url: 'rediss://user:pass@[::1]:7000/2', ttl: 1h}", RedisRecords, 3_600_000],
  ] as const;
  for (const [text, kind, ttlMs] of cases) {
    const deployment = await read(text);
    await using store = assembleStore(deployment.store);
    assert(store instanceof kind, text);
    assertEquals(store.ttlMs, ttlMs, text);
    assertEquals(notInForce(deployment), [], text);
  }
});

Deno.test("assembleStore() keeps what a deployment says under the size it says", async () => {
  const { store } = await read("{type: memory, max_size: 1KiB}");
  await using records = assembleStore(store);
  const json = JSON.stringify("x".repeat(600));
  for (const id of ["a", "b"]) await records.put("t", [{ kind: "item", id, json }], 1000);
  assertEquals(await records.get("t", "item", ["a", "b"]), [undefined, json]);
});

Deno.test("a deployment opens its store as it starts, and says which file it cannot open", async () => {
  const folder = await Deno.makeTempDir();
  const logger = { log() {} };
  try {
    {
      await using app = await assemble(await read(`{type: sqlite, path: ${folder}/a.db}`), {
        logger,
      });
      await app.start();
      assert((await Deno.stat(`${folder}/a.db`)).isFile);
    }
    await using app = await assemble(await read(`{type: sqlite, path: ${folder}/no/a.db}`), {
      logger,
    });
    await assertRejects(() => app.start(), SetupError, `${folder}/no/a.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a described store has no password", async () => {
  const { store } = describeDeployment(
    await read("{type: redis, url: 'redis://user:pass@host:7000/2'}"),
  ) as { readonly store: unknown };
  assertEquals(JSON.stringify(store).includes("pass"), false);
  assertEquals(JSON.stringify(store).includes("host:7000/2"), true);
});

Deno.test("a deployment refuses keys of another store and URLs that are none of redis", async () => {
  for (
    const text of [
      "{type: redis, url: 'redis://host', max_size: 1MiB}",
      "{type: sqlite, url: 'redis://host'}",
      "{type: memory, path: a.db}",
      "{type: redis, url: 'http://host'}",
      "{type: redis, url: 'redis://host:port'}",
      "{type: redis, url: 'redis://user:pass@'}",
      "{type: redis, url: 'redis://host/name'}",
    ]
  ) {
    await assertRejects(() => read(text), SetupError, "store.", text);
  }
});
