/**
 * What only a server can do: be shared, be away, be silent, be full.
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { createClient } from "@redis/client";
import { RedisRecords } from "../../src/hosting/store/redis_records.ts";
import { redisStore, storeHealth } from "../../src/hosting/store/stores.ts";
import { RunError, SetupError } from "../../src/run/error.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { record } from "./record_store_suite.ts";
import { RedisServer, redisServerMissing } from "./redis_server.ts";

const HOUR_MS = 3_600_000;
const SECRET = "pass-w0rd-of-the-store";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `redis: ${name}`, ignore: redisServerMissing, fn });
}

async function started(url: string, clock: ManualClock = new ManualClock()): Promise<RedisRecords> {
  const store = new RedisRecords(url, { clock, timeoutMs: 1000 });
  await store.start();
  return store;
}

/** Resolves once something waits on the clock. */
async function waiting(clock: ManualClock): Promise<void> {
  while (clock.pending === 0) await Promise.resolve();
}

test("keys tell no tenant's name, lie in one slot for each tenant, and all of them end", async () => {
  await using server = await RedisServer.start();
  await using store = await started(server.url);
  await store.put("ann@/v1", [record("response", "r:1"), record("item", "i\0")], HOUR_MS);
  await store.claim("bob@/v1", record("idempotency", "k"), HOUR_MS);
  const client = createClient({ url: server.url });
  await client.connect();
  try {
    const keys = (await client.keys("*")).sort((a, b) =>
      a.split("}")[1]! < b.split("}")[1]! ? -1 : 1
    );
    assertEquals(
      keys.map((key) => key.replace(/\{[0-9a-f]{32}\}/, "{}")),
      ["fakellm:{}:idempotency:k", "fakellm:{}:item:i\\u0000", "fakellm:{}:response:r:1"],
    );
    assertEquals(new Set(keys.map((key) => key.slice(0, 42))).size, 2);
    for (const key of keys) {
      const leftMs = await client.pTTL(key);
      assert(leftMs > HOUR_MS - 60_000 && leftMs <= HOUR_MS, `${key} ends in ${leftMs} ms`);
    }
  } finally {
    client.destroy();
  }
});

test("replicas share what they write", async () => {
  await using server = await RedisServer.start();
  await using one = await started(server.url);
  await using two = await started(server.url);
  await one.put("t", [record("response", "r"), record("item", "i")], HOUR_MS);
  assertEquals(await two.get("t", "response", ["r"]), [record("response", "r").json]);
  assertEquals(await two.delete("t", "item", ["i"]), 1);
  assertEquals(await one.get("t", "item", ["i"]), [undefined]);
});

test("a server that dies fails calls at once, is left alone for a while, and is found again", async () => {
  await using server = await RedisServer.start();
  const clock = new ManualClock();
  await using store = await started(server.url, clock);
  await using other = await started(server.url);
  await store.put("t", [record("item", "a")], HOUR_MS);

  server.freeze();
  const open = [
    assertRejects(() => store.get("t", "item", ["a"]), RunError),
    assertRejects(() => store.put("t", [record("item", "b")], HOUR_MS), RunError),
    assertRejects(() => store.claim("t", record("item", "c"), HOUR_MS), RunError),
  ];
  await waiting(clock);
  await server.kill();
  for (const error of await Promise.all(open)) {
    assertEquals(error.code, "internal");
    assertStringIncludes(error.message, server.url.slice("redis://".length));
  }
  assertStringIncludes((await assertRejects(() => store.check(), RunError)).message, "REFUSED");
  await server.resume();
  const early = await assertRejects(() => store.check(), RunError);
  assertStringIncludes(early.message, "next attempt in 100 ms");

  clock.advance(100);
  assertEquals(await store.get("t", "item", ["a"]), [record("item", "a").json]);
  assertEquals(await other.get("t", "item", ["a"]), [record("item", "a").json]);
  assertEquals(clock.pending, 0);
});

test("attempts to find a server come at growing intervals, five seconds at most", async () => {
  await using server = await RedisServer.start();
  const clock = new ManualClock();
  await server.kill();
  await using store = new RedisRecords(server.url, { clock });
  await assertRejects(() => store.start(), SetupError, "REFUSED");
  clock.advance(100);
  for (const waitMs of [200, 400, 800, 1600, 3200, 5000, 5000]) {
    assertStringIncludes((await assertRejects(() => store.check(), RunError)).message, "REFUSED");
    clock.advance(waitMs - 1);
    const message = (await assertRejects(() => store.check(), RunError)).message;
    assertStringIncludes(message, "next attempt in 1 ms");
    clock.advance(1);
  }
});

test("a silent server costs the time that was set, then the connection", async () => {
  await using server = await RedisServer.start();
  const clock = new ManualClock();
  await using store = await started(server.url, clock);
  server.freeze();
  const read = assertRejects(() => store.get("t", "item", ["a"]), RunError);
  await waiting(clock);
  clock.advance(1000);
  assertStringIncludes((await read).message, "no answer within 1000 ms");
  await server.kill();
  await server.resume();
  assertEquals(await store.get("t", "item", ["a"]), [undefined]);
});

test("a server that drops idle connections is not noticed", async () => {
  await using server = await RedisServer.start();
  await using store = await started(server.url);
  const client = createClient({ url: server.url });
  await client.connect();
  try {
    await client.sendCommand(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    // The loss is known once the server counts one connection and the client has heard of it.
    for (let tries = 0;; tries++) {
      const answer = await store.get("t", "item", ["a"]).catch((error: unknown) => error);
      if (Array.isArray(answer)) break;
      assert(tries < 2, String(answer));
    }
  } finally {
    client.destroy();
  }
});

test("a server that takes no more fails the write as a whole", async () => {
  await using server = await RedisServer.start("--maxmemory-policy", "noeviction");
  await using store = await started(server.url);
  await store.put("t", [record("item", "a")], HOUR_MS);
  const client = createClient({ url: server.url });
  await client.connect();
  try {
    await client.configSet("maxmemory", "1");
    await assertRejects(
      () => store.put("t", [record("item", "b"), record("item", "c")], HOUR_MS),
      RunError,
    );
    assertEquals(await store.get("t", "item", ["a", "b", "c"]), [
      record("item", "a").json,
      undefined,
      undefined,
    ]);
    await client.configSet("maxmemory", "0");
  } finally {
    client.destroy();
  }
  await store.put("t", [record("item", "b")], HOUR_MS);
});

test("start() says that nobody is there, or that the password is wrong, and never which it was", async () => {
  await using server = await RedisServer.start("--requirepass", SECRET);
  const address = server.url.slice("redis://".length);
  {
    await using store = await started(`redis://:${SECRET}@${address}/3`);
    await store.put("t", [record("item", "a")], HOUR_MS);
  }
  const wrong = redisStore(`redis://user:${SECRET}x@${address}`);
  const refused = await assertRejects(() => wrong.start(), SetupError);
  assertStringIncludes(refused.message, "WRONGPASS");
  await server.kill();
  const right = redisStore(`redis://:${SECRET}@${address}/3`);
  const away = await assertRejects(() => right.start(), SetupError);
  assertStringIncludes(away.message, "ECONNREFUSED");
  assertStringIncludes(away.message, `"${address}/3"`);
  const used = await assertRejects(() => right.get("t", "item", ["a"]), RunError);
  for (const error of [refused, away, used]) {
    assert(!Deno.inspect(error, { depth: 20 }).includes(SECRET));
  }
  for (const store of [wrong, right]) await store[Symbol.asyncDispose]();
});

test("/ready hears of a server that is away and of its return", async () => {
  await using server = await RedisServer.start();
  const clock = new ManualClock();
  await using store = await started(server.url, clock);
  const health = storeHealth(store);
  assertEquals((await health.outcome(clock)).status, "ok");
  await server.kill();
  clock.advance(1000);
  assertEquals((await health.outcome(clock)).status, "failed");
  await server.resume();
  clock.advance(1000);
  assertEquals((await health.outcome(clock)).status, "ok");
});

test("closing waits for what is on its way", async () => {
  await using server = await RedisServer.start();
  const store = await started(server.url);
  const text = "x".repeat(2_000_000);
  const write = store.put("t", [record("item", "a", text)], HOUR_MS);
  const closed = store[Symbol.asyncDispose]();
  await write;
  await closed;
  await assertRejects(() => store.start(), SetupError, "closed");
  await using other = await started(server.url);
  assertEquals(await other.get("t", "item", ["a"]), [record("item", "a", text).json]);
});

Deno.test("redisStore() refuses what is no URL of redis, without repeating it", () => {
  for (
    const url of [
      `redis//:${SECRET}@host`,
      `http://:${SECRET}@host`,
      `redis://:${SECRET}@`,
      `redis://user:${SECRET}@host:port`,
      `redis://user:${SECRET}@host/name`,
      "",
    ]
  ) {
    const error = assertThrows(() => redisStore(url), SetupError);
    assert(!Deno.inspect(error, { depth: 20 }).includes(SECRET), url);
  }
});
