/**
 * One contract, three stores.
 */
import { MemoryRecords } from "../../src/hosting/store/memory_records.ts";
import { SqliteRecords } from "../../src/hosting/store/sqlite_records.ts";
import { redisStore } from "../../src/hosting/store/stores.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { recordStoreSuite } from "./record_store_suite.ts";
import { RedisServer, redisServerMissing } from "./redis_server.ts";

recordStoreSuite("memory", () => {
  const clock = new ManualClock();
  const store = new MemoryRecords({ clock });
  return Promise.resolve({
    open: async () => {
      await store.start();
      return store;
    },
    advance: (ms) => clock.advance(ms),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  });
});

recordStoreSuite("sqlite", async () => {
  const clock = new ManualClock();
  const folder = await Deno.makeTempDir();
  return {
    open: async () => {
      const store = new SqliteRecords(`${folder}/store.db`, { clock });
      await store.start();
      return store;
    },
    advance: (ms) => clock.advance(ms),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
});

recordStoreSuite("redis", async () => {
  const server = await RedisServer.start();
  return {
    open: async () => {
      const store = redisStore(server.url);
      await store.start();
      return store;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}, { ignore: redisServerMissing });
