import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { connection, refused } from "./connection_fixture_test.ts";
import { McpFailure } from "./failure.ts";

Deno.test("McpConnection doubles its pauses up to a quarter of a minute, and does not try in between", async () => {
  const { connection: made, session, attempts, answerWith, clock } = connection();
  answerWith(refused);
  await assertRejects(session, McpFailure);
  await assertRejects(session, McpFailure);
  assertEquals(attempts.length, 2, "the second attempt needs no pause");
  for (const pauseMs of [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
    const before = attempts.length;
    clock.advance(pauseMs - 1);
    const early = [session(), session(), session()].map((asked) => assertRejects(() => asked));
    await macrotask();
    assertEquals(attempts.length, before, `${pauseMs} ms are not over`);
    clock.advance(1);
    await Promise.all(early);
    assertEquals(attempts.length, before + 1, `${pauseMs} ms are over`);
  }
  await made.close();
});

Deno.test("McpConnection lets callers wait for the end of a short pause, and turns them away in a long one", async () => {
  const { connection: made, session, attempts, answerWith, clock } = connection();
  answerWith(refused);
  for (let failures = 0; failures < 2; failures++) await assertRejects(session, McpFailure);
  answerWith("open");
  const controller = new AbortController();
  const gone = made.session(controller.signal);
  const [first, second] = [session(), session()];
  controller.abort(new Error("user left"));
  await assertRejects(() => gone, Error, "user left");
  await macrotask();
  assertEquals(attempts.length, 2);
  clock.advance(250);
  assertStrictEquals(await first, await second);
  assertEquals(attempts.length, 3);
  await made.close();

  const other = connection();
  other.answerWith(refused);
  for (const pauseMs of [0, 0, 250, 500, 1000]) {
    other.clock.advance(pauseMs);
    await assertRejects(other.session, McpFailure);
  }
  other.answerWith("open");
  await assertRejects(other.session, McpFailure, "connection refused");
  assertEquals([other.attempts.length, other.clock.pending], [5, 0]);
  await other.connection.close();
});

Deno.test("McpConnection.keep() heals by itself, with growing pauses", async () => {
  const { connection: made, session, attempts, answerWith, clock } = connection();
  made.keep();
  await macrotask();
  assertEquals(attempts.length, 0, "nobody has tried yet");
  answerWith(refused);
  await assertRejects(session, McpFailure);
  const startedMs = clock.now();
  const times: number[] = [];
  while (times.length < 10) {
    const before = attempts.length;
    clock.advance(10);
    await macrotask();
    if (attempts.length > before) times.push(clock.now() - startedMs);
  }
  const pauses = times.map((ms, index) => ms - (times[index - 1] ?? 0));
  assertEquals(pauses, [10, 250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  answerWith("open");
  clock.advance(15_000);
  await macrotask();
  assertEquals([made.failure, clock.pending], [undefined, 0]);
  const healed = attempts.length;
  await session();
  assertEquals(attempts.length, healed, "it is there already");
  await made.close();
});

Deno.test("McpConnection.keep() tries at once where the first attempt has failed already", async () => {
  const { connection: made, session, attempts, answerWith, clock } = connection();
  answerWith(refused);
  await assertRejects(session, McpFailure);
  assertEquals(clock.pending, 0, "nobody asked for another attempt");
  answerWith("open");
  made.keep();
  clock.advance(0);
  await macrotask();
  assertEquals([attempts.length, made.failure], [2, undefined]);
  await made.close();
});

Deno.test("McpConnection opens a lost session again: when asked, or by itself where it is kept", async () => {
  for (const kept of [false, true]) {
    const { connection: made, session, attempts, sessions, clock } = connection();
    if (kept) made.keep();
    const first = await session();
    const { version } = made;
    first.lose();
    assertEquals(made.failure?.message, "server died");
    assert(first.closing, "what is left of it ends");
    assert(made.version > version, "its tools may be others");
    clock.advance(0);
    await macrotask();
    assertEquals(attempts.length, kept ? 2 : 1);
    const second = await session();
    assert(second !== first);
    assertEquals([sessions.length, made.failure], [2, undefined]);
    await made.close();
  }
});

Deno.test("McpConnection does not start a server without a pause that ends soon after each start", async () => {
  const { connection: made, session, attempts, clock } = connection();
  made.keep();
  (await session()).lose();
  const startedMs = clock.now();
  const times: number[] = [];
  for (let count = 1; times.length < 5;) {
    clock.advance(10);
    await macrotask();
    if (attempts.length === count) continue;
    count = attempts.length;
    times.push(clock.now() - startedMs);
    (await session()).lose();
  }
  const pauses = times.map((ms, index) => ms - (times[index - 1] ?? 0));
  assertEquals(pauses, [10, 250, 500, 1000, 2000]);
  clock.advance(4000);
  await macrotask();
  const stable = await session();
  clock.advance(10_000);
  stable.lose();
  const before = attempts.length;
  clock.advance(0);
  await macrotask();
  assertEquals(attempts.length, before + 1, "it had lived long enough");
  await made.close();
});

Deno.test("McpConnection takes a session that is lost before it is there for a failed attempt", async () => {
  const { connection: made, session, attempts, answerWith, clock } = connection();
  answerWith(undefined);
  made.keep();
  const asked = session();
  await macrotask();
  attempts[0]!.open().lose("server died at once");
  await assertRejects(() => asked, McpFailure, "server died at once");
  assertEquals(made.failure?.message, "server died at once");
  answerWith("open");
  clock.advance(0);
  await macrotask();
  assertEquals([attempts.length, made.failure], [2, undefined]);
  await made.close();
});

Deno.test("McpConnection.close() ends the wait for the next attempt", async () => {
  const { connection: made, session, attempts, answerWith, clock } = connection();
  answerWith(refused);
  made.keep();
  await assertRejects(session, McpFailure);
  await made.close();
  clock.advance(60_000);
  await macrotask();
  assertEquals([attempts.length, clock.pending], [1, 0]);
});

Deno.test("McpConnection tells a failure aloud once, and that the server is back", async () => {
  const { connection: made, session, answerWith, clock, logger } = connection();
  const levels = () => logger.entries.splice(0).map(({ level, message }) => `${level} ${message}`);
  answerWith(refused);
  await assertRejects(session, McpFailure);
  assertEquals(levels(), ["warn MCP server cannot be reached"]);
  await assertRejects(session, McpFailure);
  assertEquals(levels(), ["debug MCP server cannot be reached"]);
  clock.advance(250);
  answerWith(new McpFailure("refused", "HTTP 401"));
  await assertRejects(session, McpFailure);
  assertEquals(levels(), ["warn MCP server cannot be reached"]);
  clock.advance(500);
  answerWith("open");
  await session();
  assertEquals(levels(), ["info MCP server is back"]);
  await made.close();
});
