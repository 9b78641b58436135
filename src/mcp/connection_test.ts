import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { connection, refused } from "./connection_fixture_test.ts";
import { McpFailure } from "./failure.ts";

Deno.test("McpConnection connects when somebody asks, once for all who ask", async () => {
  const { connection: made, session, attempts, answerWith } = connection();
  assertEquals([attempts.length, made.version, made.failure], [0, 0, undefined]);
  answerWith(undefined);
  const asked = [session(), session(), session()];
  await macrotask();
  assertEquals(attempts.length, 1);
  const opened = attempts[0]!.open();
  for (const got of await Promise.all(asked)) assertStrictEquals(got, opened);
  assertStrictEquals(await session(), opened);
  assertEquals([attempts.length, attempts[0]!.timeoutMs], [1, 5000]);
  await made.close();
});

Deno.test("McpConnection: who stops waiting does not end the attempt of the others", async () => {
  const { connection: made, session, attempts, answerWith } = connection();
  answerWith(undefined);
  const controller = new AbortController();
  const gone = made.session(controller.signal);
  const stays = session();
  controller.abort(new Error("user left"));
  await assertRejects(() => gone, Error, "user left");
  assert(!attempts[0]!.signal.aborted);
  assertStrictEquals(attempts[0]!.open(), await stays);
  await made.close();
});

Deno.test("McpConnection fails all who wait with one attempt, and the next one may try at once", async () => {
  const { connection: made, session, attempts, answerWith, clock } = connection();
  answerWith(refused);
  const failed = await Promise.allSettled([session(), session()]);
  assertEquals(failed.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals([attempts.length, made.failure?.message], [1, "connection refused"]);
  answerWith("open");
  await session();
  assertEquals([attempts.length, made.failure, clock.pending], [2, undefined, 0]);
  await made.close();
});

Deno.test("McpConnection: a call that gets no session was not sent, however opening failed", async () => {
  const failures = {
    "not-sent": [
      refused,
      new McpFailure("lost", "reset"),
      new McpFailure("timeout", "silent"),
      "odd",
    ],
    refused: [new McpFailure("refused", "401")],
  };
  for (const [kind, errors] of Object.entries(failures)) {
    for (const error of errors) {
      const { connection: made, session, answerWith } = connection();
      answerWith(error as Error);
      const failure = await assertRejects(session, McpFailure);
      assertEquals([failure.kind, made.failure?.kind], [kind, kind], `${error}`);
      await made.close();
    }
  }
  const { connection: made, session, giveUp } = connection();
  giveUp(await session());
  assertEquals([made.failure?.message, made.failure?.kind], ["silent", "not-sent"]);
  await made.close();
});

Deno.test("McpConnection.renew() takes another session once, and lets the old one finish its calls", async () => {
  const { connection: made, session, renew, attempts, sessions } = connection();
  const old = await session();
  const { version } = made;
  const [a, b] = await Promise.all([renew(old), renew(old)]);
  assertStrictEquals(a, b);
  assertEquals([attempts.length, sessions.length], [2, 2]);
  assert(old.retired && !old.closing);
  assert(made.version > version);
  assertStrictEquals(await renew(old), a, "it is renewed already");
  assertEquals(attempts.length, 2);
  await made.close();
  assert(old.closing, "its calls end with the connection");
});

Deno.test("McpConnection.ask() asks once more where a session was of no use, and no more than that", async () => {
  const outcomes = { "not-sent": 2, lost: 2, timeout: 1, refused: 1 } as const;
  for (const [kind, times] of Object.entries(outcomes)) {
    const { connection: made, signal } = connection();
    const asked: unknown[] = [];
    const failing = made.ask((session) => {
      asked.push(session);
      return Promise.reject(new McpFailure(kind as keyof typeof outcomes, "no"));
    }, signal);
    await assertRejects(() => failing, McpFailure, "no");
    assertEquals([asked.length, new Set(asked).size], [times, times], kind);
    await made.close();
  }
  const { connection: made, signal, sessions } = connection();
  let times = 0;
  const answer = await made.ask(() => {
    return ++times === 1 ? Promise.reject(new McpFailure("lost", "no")) : Promise.resolve("yes");
  }, signal);
  assertEquals([answer, times, sessions.length], ["yes", 2, 2]);
  await assertRejects(() => made.ask(() => Promise.reject(new Error("odd")), signal), Error, "odd");
  assertEquals(sessions.length, 2);
  await made.close();
});

Deno.test("McpConnection.close() waits until nothing is left, retired sessions included", async () => {
  const { connection: made, session, renew, sessions } = connection({ slowClose: true });
  await renew(await session());
  (await session()).lose();
  await session();
  assertEquals(sessions.length, 3);
  let closed = false;
  const closing = made.close().then(() => closed = true);
  for (const each of sessions) {
    await macrotask();
    assert(!closed);
    assert(each.closing);
    each.finish();
  }
  await closing;
});

Deno.test("McpConnection.close() ends an attempt, and nothing is opened after it", async () => {
  const { connection: made, session, attempts, sessions, answerWith, clock, logger } = connection();
  answerWith(undefined);
  made.keep();
  const asked = session();
  asked.catch(() => {});
  await macrotask();
  const closing = made.close();
  assert(attempts[0]!.signal.aborted);
  // It came too late for the abort.
  attempts[0]!.open();
  await closing;
  const failure = await assertRejects(() => asked, McpFailure, "closed");
  assertEquals(failure.kind, "not-sent");
  assert(sessions[0]!.closing);
  await assertRejects(session, McpFailure, "closed");
  clock.advance(60_000);
  await macrotask();
  assertEquals([attempts.length, clock.pending], [1, 0]);
  assertEquals(logger.entries, [], "an end that was wanted is no warning");
});

Deno.test("McpConnection.giveUp() ends the session at hand and no other", async () => {
  const { connection: made, session, giveUp, renew } = connection();
  const old = await session();
  const next = await renew(old);
  giveUp(old);
  assertEquals([old.closing, next.closing, made.failure], [false, false, undefined]);
  giveUp(next);
  assert(next.closing);
  assertEquals(made.failure?.message, "silent");
  await made.close();
});

Deno.test("McpConnection counts what a session says of its tools", async () => {
  const { connection: made, session, attempts } = connection();
  await session();
  const { version } = made;
  attempts[0]!.onToolsChanged();
  assertEquals(made.version, version + 1);
  await made.close();
});
