import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { type Lease, SessionPool } from "./session_pool.ts";

/** A session that closes when told. */
class FakeSession {
  readonly key: string;
  readonly #closed = Promise.withResolvers<void>();
  closing = false;

  constructor(key: string) {
    this.key = key;
  }

  close(): Promise<void> {
    this.closing = true;
    return this.#closed.promise;
  }

  /** Lets `close` resolve. */
  finish(): void {
    this.#closed.resolve();
  }
}

function pool(options: { readonly maxSessions?: number; readonly slowClose?: boolean } = {}) {
  const clock = new ManualClock();
  const made: FakeSession[] = [];
  const sessions = new SessionPool<FakeSession>({
    maxSessions: 2,
    idleMs: 1000,
    clock,
    ...options,
  });
  const lease = (key: string, signal = new AbortController().signal) =>
    sessions.lease(key, () => {
      const session = new FakeSession(key);
      if (!options.slowClose) session.finish();
      made.push(session);
      return session;
    }, signal);
  return { sessions, clock, made, lease };
}

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol();
  const outcome = await Promise.race([
    promise.catch(() => undefined),
    macrotask().then(() => open),
  ]);
  return outcome !== open;
}

Deno.test("SessionPool gives one key one session, and different keys different ones", async () => {
  const { lease, made, sessions } = pool();
  const [a, again, b] = await Promise.all([lease("a"), lease("a"), lease("b")]);
  assertStrictEquals(a.item, again.item);
  assertEquals([a.item.key, b.item.key, made.length, sessions.size], ["a", "b", 2, 2]);
  await sessions.close();
});

Deno.test("SessionPool keeps an idle session for a while, and closes it then", async () => {
  const { lease, made, clock, sessions } = pool();
  const first = await lease("a");
  first[Symbol.dispose]();
  clock.advance(999);
  const second = await lease("a");
  assertStrictEquals(first.item, second.item);
  clock.advance(5000);
  assert(!made[0]!.closing, "it is in use");
  second[Symbol.dispose]();
  clock.advance(999);
  assert(!made[0]!.closing);
  clock.advance(1);
  assert(made[0]!.closing);
  assertEquals([sessions.size, clock.pending], [0, 0]);
  assertEquals((await lease("a")).item, made[1]);
  await sessions.close();
});

Deno.test("SessionPool counts each use, and a lease that is left twice counts once", async () => {
  const { lease, made, clock, sessions } = pool();
  const [first, second] = [await lease("a"), await lease("a")];
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  clock.advance(10_000);
  assert(!made[0]!.closing);
  second[Symbol.dispose]();
  clock.advance(1000);
  assert(made[0]!.closing);
  await sessions.close();
});

Deno.test("SessionPool makes room by closing the session that was idle for longest", async () => {
  const { lease, made, sessions } = pool();
  for (const key of ["a", "b", "a"]) (await lease(key))[Symbol.dispose]();
  await lease("c");
  assertEquals(made.map(({ key, closing }) => `${key} ${closing}`), [
    "a false",
    "b true",
    "c false",
  ]);
  await sessions.close();
});

Deno.test("SessionPool counts sessions that are still closing", async () => {
  const { lease, made, sessions, clock } = pool({ slowClose: true });
  (await lease("a"))[Symbol.dispose]();
  await lease("b");
  const waiting = lease("c");
  assert(!await settled(waiting), "a is not closed yet");
  assertEquals(made.map(({ key, closing }) => `${key} ${closing}`), ["a true", "b false"]);
  made[0]!.finish();
  const c = await waiting;
  assertEquals(c.item.key, "c");
  c[Symbol.dispose]();
  clock.advance(1000);
  const back = lease("a");
  assert(!await settled(back), "c is not closed yet");
  made[2]!.finish();
  assertEquals((await back).item, made[3]);
  for (const session of made) session.finish();
  await sessions.close();
});

Deno.test("SessionPool serves those who wait in their order, and lets nobody in before them", async () => {
  const { lease, sessions } = pool({ maxSessions: 1 });
  const served: string[] = [];
  const held = await lease("a");
  const waiting = ["b", "c", "d"].map(async (key) => {
    const got = await lease(key);
    served.push(key);
    return got;
  });
  await macrotask();
  held[Symbol.dispose]();
  // Comes when there seems to be room.
  const late = lease("e").then((got) => {
    served.push("e");
    return got;
  });
  for (const next of [...waiting, late]) (await next)[Symbol.dispose]();
  assertEquals(served, ["b", "c", "d", "e"]);
  await sessions.close();
});

Deno.test("SessionPool wakes as many as there is room for", async () => {
  const { lease, sessions } = pool({ maxSessions: 2 });
  const [a, b] = [await lease("a"), await lease("b")];
  const waiting = [lease("c"), lease("d")];
  await macrotask();
  a[Symbol.dispose]();
  b[Symbol.dispose]();
  const [c, d] = await Promise.all(waiting);
  assertEquals([c!.item.key, d!.item.key], ["c", "d"]);
  await sessions.close();
});

Deno.test("SessionPool lets several wait for one key, and serves them together", async () => {
  const { lease, made, sessions } = pool({ maxSessions: 1 });
  const held = await lease("a");
  const waiting = [lease("b"), lease("b"), lease("b")];
  await macrotask();
  held[Symbol.dispose]();
  const leases = await Promise.all(waiting);
  assertEquals(new Set(leases.map(({ item }) => item)).size, 1);
  assertEquals(made.length, 2);
  await sessions.close();
});

Deno.test("SessionPool lets in whoever needs no room, whoever else waits", async () => {
  const { lease, sessions } = pool({ maxSessions: 1 });
  const held = await lease("a");
  const waiting = lease("b");
  assertStrictEquals((await lease("a")).item, held.item);
  assert(!await settled(waiting));
  await sessions.close();
  await assertRejects(() => waiting, Error, "closed");
});

Deno.test("SessionPool: who gives up waiting leaves the place to the next", async () => {
  const { lease, sessions } = pool({ maxSessions: 1 });
  const held = await lease("a");
  const controller = new AbortController();
  const gone = lease("b", controller.signal);
  const next = lease("c");
  gone.catch(() => {});
  await macrotask();
  // In one breath: the place is offered to somebody who has just left.
  held[Symbol.dispose]();
  controller.abort(new Error("user left"));
  await assertRejects(() => gone, Error, "user left");
  assertEquals((await next).item.key, "c");
  await sessions.close();
});

Deno.test("SessionPool does not even look for whoever has left already", async () => {
  const { lease, made, sessions } = pool();
  await assertRejects(() => lease("a", AbortSignal.abort(new Error("user left"))), Error, "left");
  assertEquals(made, []);
  await sessions.close();
});

Deno.test("SessionPool.close() ends sessions in use and idle ones, and turns away those who wait", async () => {
  const { lease, made, sessions, clock } = pool({ maxSessions: 2, slowClose: true });
  const [a, b] = [await lease("a"), await lease("b")];
  const waiting = lease("c");
  waiting.catch(() => {});
  b[Symbol.dispose]();
  const closing = sessions.close();
  assert(made.slice(0, 2).every((session) => session.closing));
  assert(!await settled(closing), "sessions are not closed yet");
  for (const session of made) session.finish();
  await closing;
  await assertRejects(() => waiting, Error, "closed");
  await assertRejects(() => lease("a"), Error, "closed");
  a[Symbol.dispose]();
  assertEquals([clock.pending, sessions.size], [0, 0]);
});

/** Numbers that look random and are the same for one seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The seed of this process: `FAKELLM_SEED`, or always the same one. */
const SEED = Number(Deno.env.get("FAKELLM_SEED") ?? 20_260_704) >>> 0;

Deno.test(`SessionPool mixes no keys, keeps its bound and forgets nobody, FAKELLM_SEED=${SEED}`, async () => {
  for (let seed = SEED; seed < SEED + 10; seed++) await useAtRandom(seed);
});

async function useAtRandom(seed: number): Promise<void> {
  const random = seeded(seed);
  const pick = (below: number) => Math.floor(random() * below);
  const clock = new ManualClock();
  const maxSessions = 1 + pick(4);
  const open = new Set<FakeSession>();
  const closing: FakeSession[] = [];
  const sessions = new SessionPool<FakeSession>({ maxSessions, idleMs: 50, clock });
  const waiting = new Map<Promise<unknown>, AbortController>();
  const order: { readonly key: string; readonly turn: number }[] = [];
  const held: Lease<FakeSession>[] = [];
  let turns = 0;
  const what = `FAKELLM_SEED=${seed}`;

  const lease = () => {
    const key = `user ${pick(8)}`;
    const turn = ++turns;
    const controller = new AbortController();
    let made = false;
    const asked = sessions.lease(key, () => {
      made = true;
      const session = new FakeSession(key);
      open.add(session);
      assert(open.size <= maxSessions, `${what}: ${open.size} sessions`);
      const close = session.close.bind(session);
      session.close = async () => {
        closing.push(session);
        await close();
        open.delete(session);
      };
      return session;
    }, controller.signal);
    const done = asked.then((got) => {
      assertEquals(got.item.key, key, what);
      assert(open.has(got.item) && !got.item.closing, `${what}: session is over`);
      if (made) order.push({ key, turn });
      held.push(got);
    }, (error) => assertEquals(error.message, "user left", what))
      .finally(() => waiting.delete(done));
    waiting.set(done, controller);
  };

  for (let step = 0; step < 1000; step++) {
    const action = pick(12);
    if (action < 4) lease();
    else if (action < 8) held.splice(pick(held.length), 1)[0]?.[Symbol.dispose]();
    else if (action === 8) [...waiting.values()][pick(waiting.size)]?.abort(new Error("user left"));
    else if (action === 9) clock.advance(pick(80));
    else if (action === 10) closing.splice(pick(closing.length), 1)[0]?.finish();
    else await macrotask();
  }
  // Whoever waits now is served once the others leave, each in turn.
  for (let round = 0; waiting.size > 0 || held.length > 0; round++) {
    assert(round < 5000, `${what}: ${waiting.size} are never served`);
    for (const session of closing.splice(0)) session.finish();
    for (const got of held.splice(0)) got[Symbol.dispose]();
    await macrotask();
  }
  const late = order.findIndex(({ turn }, index) => index > 0 && turn < order[index - 1]!.turn);
  assertEquals(late, -1, `${what}: ${JSON.stringify(order.slice(late - 1, late + 1))} out of turn`);
  const over = sessions.close();
  for (const session of closing.splice(0)) session.finish();
  await over;
  assertEquals([open.size, sessions.size, clock.pending], [0, 0, 0], what);
}
