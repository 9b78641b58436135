import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { CollectingLogger } from "../testing/test_context.ts";
import { McpConnection, type OpenSession } from "./connection.ts";
import { McpFailure } from "./failure.ts";
import type { McpSession } from "./session.ts";

/** What a connection uses of a session. */
class FakeSession {
  failure: McpFailure | undefined;
  retired = false;
  closing = false;
  readonly #closed = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  readonly #onLost: (failure: McpFailure) => void;

  constructor(onLost: (failure: McpFailure) => void) {
    this.#onLost = onLost;
  }

  retire(): Promise<void> {
    this.retired = true;
    return this.#over.promise;
  }

  close(): Promise<void> {
    this.closing = true;
    this.failure ??= new McpFailure("not-sent", "Session is closed");
    this.#over.resolve(this.#closed.promise);
    return this.#closed.promise;
  }

  /** Lets `close` resolve. */
  finish(): void {
    this.#closed.resolve();
  }

  /** Ends as when the server dies. */
  lose(message = "server died"): void {
    this.failure = new McpFailure("lost", message);
    this.#onLost(this.failure);
  }
}

type Attempt = Parameters<OpenSession>[0] & {
  readonly open: () => FakeSession;
  readonly fail: (error: unknown) => void;
};

function connection(options: { readonly slowClose?: boolean } = {}) {
  const clock = new ManualClock();
  const logger = new CollectingLogger();
  const attempts: Attempt[] = [];
  const sessions: FakeSession[] = [];
  /** What an attempt comes to; undefined: the test says. */
  let answer: "open" | Error | undefined = "open";
  const open: OpenSession = (wait) => {
    const { promise, resolve, reject } = Promise.withResolvers<McpSession>();
    const attempt: Attempt = {
      ...wait,
      open: () => {
        const session = new FakeSession(wait.onLost);
        if (!options.slowClose) session.finish();
        sessions.push(session);
        resolve(session as unknown as McpSession);
        return session;
      },
      fail: reject,
    };
    attempts.push(attempt);
    if (answer === "open") attempt.open();
    else if (answer) attempt.fail(answer);
    return promise;
  };
  const made = new McpConnection({
    name: "files",
    open,
    startTimeoutMs: 5000,
    clock,
    logger: () => logger,
  });
  const { signal } = new AbortController();
  return {
    connection: made,
    clock,
    logger,
    attempts,
    sessions,
    signal,
    answerWith: (next: typeof answer) => answer = next,
    session: () => made.session(signal) as unknown as Promise<FakeSession>,
    renew: (session: FakeSession) =>
      made.renew(session as unknown as McpSession, signal) as unknown as Promise<FakeSession>,
    giveUp: (session: FakeSession) =>
      made.giveUp(session as unknown as McpSession, new McpFailure("timeout", "silent")),
  };
}

const refused = new McpFailure("not-sent", "connection refused");

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

Deno.test("McpConnection doubles its pauses up to a quarter of a minute, and does not try in between", async () => {
  const { connection: made, session, attempts, answerWith, clock } = connection();
  answerWith(refused);
  await assertRejects(session, McpFailure);
  for (const pauseMs of [0, 250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
    const before = attempts.length;
    if (pauseMs > 0) {
      clock.advance(pauseMs - 1);
      const failures = await Promise.all([1, 2, 3].map(() => assertRejects(session, McpFailure)));
      assert(failures.every(({ message }) => message === "connection refused"));
      assertEquals(attempts.length, before, `${pauseMs} ms are not over`);
      clock.advance(1);
    }
    await assertRejects(session, McpFailure);
    assertEquals(attempts.length, before + 1, `${pauseMs} ms are over`);
  }
  await made.close();
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
  const { connection: made, session, giveUp, answerWith } = connection();
  const hung = await session();
  answerWith(refused);
  giveUp(hung);
  await assertRejects(session, McpFailure);
  const paused = await assertRejects(session, McpFailure);
  assertEquals(paused.kind, "not-sent");
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
