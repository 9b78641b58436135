/**
 * A retry must not run the agent twice, whichever API it comes to.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type App, createApp } from "../../mod.ts";
import {
  gate,
  nextFrame,
  settle,
  testOptions,
  TestRunner,
  textEvents,
  untilAborted,
} from "../../src/hosting/fixture_test.ts";
import { MemoryRecords } from "../../src/hosting/store/memory_records.ts";
import { RunError } from "../../src/run/error.ts";
import { ManualClock } from "../../src/testing/mod.ts";
import { answered, post, request } from "./posting.ts";

const CHAT = { path: "chat/completions", messages: [{ role: "user", content: "Hi" }] };

type Body = Readonly<Record<string, unknown>>;

/** A request with a key to one of the APIs. */
function keyed(api: string, idempotencyKey: string, body: Body = {}, init: RequestInit = {}) {
  const headers = { "idempotency-key": idempotencyKey };
  return api === "chat"
    ? post({ input: undefined, messages: CHAT.messages, ...body }, {
      ...init,
      path: CHAT.path,
      headers,
    })
    : post(body, { ...init, headers });
}

/** Counts its runs; each waits for the gate. */
function counting(opened: Promise<void> = Promise.resolve()) {
  return new TestRunner(async function* (_, { signal }) {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "Half " };
    await Promise.race([opened, untilAborted(signal)]);
    yield { type: "text-delta", text: "and whole" };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
}

function appOf(runner: TestRunner, options: Parameters<typeof createApp>[1] = {}): App {
  return createApp(runner, { ...testOptions(), modelName: "agent", ...options });
}

for (const api of ["chat", "responses"]) {
  for (const stream of [false, true]) {
    const what = `${api} ${stream ? "streamed" : "unstreamed"}`;

    Deno.test(`fifty duplicates at once make one run, ${what}`, async () => {
      const opened = gate();
      const runner = counting(opened.promise);
      await using app = appOf(runner);
      const all = Array.from({ length: 50 }, () => app.fetch(keyed(api, "k", { stream })));
      await settle();
      opened.resolve();
      const responses = await Promise.all(all);
      const texts = await Promise.all(responses.map((response) => response.text()));
      assertEquals(runner.runs, 1);
      assertEquals(new Set(texts).size, 1);
      assert(texts[0]!.includes("and whole"));
      assertEquals(responses.map(({ status }) => status), Array(50).fill(200));
      assertEquals(new Set(responses.map(({ headers }) => headers.get("x-request-id"))).size, 50);
      const replayed = responses.filter(({ headers }) => headers.has("idempotent-replayed"));
      assertEquals(replayed.length, 49);
    });

    Deno.test(`a finished answer is given again for a day, ${what}`, async () => {
      const options = testOptions();
      const runner = counting();
      await using app = appOf(runner, options);
      const ask = async () => {
        const response = await app.fetch(keyed(api, "k", { stream }));
        return [response.headers.get("content-type"), await response.text()];
      };
      const first = await ask();
      await settle();
      assertEquals(await ask(), first);
      options.clock.advance(24 * 60 * 60 * 1000 - 1);
      assertEquals(await ask(), first);
      options.clock.advance(1);
      await ask();
      assertEquals(runner.runs, 2);
    });

    Deno.test(`a failure is not given again, ${what}`, async () => {
      let runs = 0;
      const runner = new TestRunner(async function* () {
        yield { type: "text-start" };
        if (runs++ === 0) throw new RunError("backend-down", "gone");
        yield { type: "text-delta", text: "Well" };
        yield { type: "text-end" };
        yield { type: "finish", reason: "stop" };
      });
      await using app = appOf(runner);
      const first = await (await app.fetch(keyed(api, "k", { stream }))).text();
      assert(first.includes('"error"'));
      await settle();
      const second = await (await app.fetch(keyed(api, "k", { stream }))).text();
      assert(second.includes("Well"));
      assertEquals(runs, 2);
    });

    Deno.test(`who loses the line and asks again gets the same run, ${what}`, async () => {
      const opened = gate();
      const runner = counting(opened.promise);
      const options = testOptions();
      await using app = appOf(runner, options);
      const controller = new AbortController();
      const first = app.fetch(keyed(api, "k", { stream }, { signal: controller.signal }));
      await settle();
      if (stream) await (await first).body!.cancel();
      else controller.abort();
      if (!stream) assertEquals((await first).status, 499);
      options.clock.advance(14_000);
      await settle();
      const second = app.fetch(keyed(api, "k", { stream }));
      await settle();
      options.clock.advance(14_000);
      opened.resolve();
      assert((await (await second).text()).includes("and whole"));
      assertEquals(runner.runs, 1);
    });

    Deno.test(`a run is stopped when all its clients stay away, ${what}`, async () => {
      const aborted = gate();
      const runner = new TestRunner(async function* (_, { signal }) {
        signal.addEventListener("abort", () => aborted.resolve());
        yield { type: "text-start" };
        await untilAborted(signal);
      });
      const options = testOptions();
      await using app = appOf(runner, options);
      const controller = new AbortController();
      const first = app.fetch(keyed(api, "k", { stream }, { signal: controller.signal }));
      await settle();
      if (stream) await (await first).body!.cancel();
      else controller.abort();
      await (await first).body?.cancel();
      await settle();
      options.clock.advance(15_000);
      await aborted.promise;
    });
  }
}

Deno.test("a key stands for one request: another body, API or scope is refused", async () => {
  const runner = counting();
  await using app = appOf(runner, {
    apiKeys: [{ name: "a", key: "key-1" }, { name: "a", key: "key-2", models: ["agent"] }],
  });
  const bearer = (key: string, asked: Request) => {
    asked.headers.set("authorization", `Bearer ${key}`);
    return app.fetch(asked);
  };
  await (await bearer("key-1", keyed("responses", "k"))).text();
  for (
    const [key, asked] of [
      ["key-1", keyed("responses", "k", { input: "Other" })],
      ["key-1", keyed("chat", "k")],
      ["key-2", keyed("responses", "k")],
    ] as const
  ) {
    const response = await bearer(key, asked);
    const { error } = await response.json();
    assertEquals([response.status, error.param], [400, "Idempotency-Key"]);
    assertEquals(response.headers.get("x-should-retry"), "false");
  }
  assertEquals(runner.runs, 1);
});

Deno.test("a key under way with another body is refused, and the run goes on", async () => {
  const opened = gate();
  const runner = counting(opened.promise);
  await using app = appOf(runner);
  const first = app.fetch(keyed("chat", "k"));
  await settle();
  const other = await app.fetch(keyed("chat", "k", { temperature: 1 }));
  assertEquals(other.status, 400);
  await other.body?.cancel();
  opened.resolve();
  assertEquals((await first).status, 200);
  await (await first).text();
});

Deno.test("a key that is none is refused", async () => {
  await using app = appOf(counting());
  for (const key of ["", "a b", "x".repeat(256), "é"]) {
    const response = await app.fetch(keyed("chat", key));
    const { error } = await response.json();
    assertEquals([key, response.status, error.param], [key, 400, "Idempotency-Key"]);
  }
});

Deno.test("tenants have keys of their own", async () => {
  const runner = counting();
  await using app = appOf(runner, {
    apiKeys: [{ name: "a", key: "key-1" }, { name: "b", key: "key-2" }],
  });
  for (const key of ["key-1", "key-2"]) {
    const asked = keyed("responses", "k");
    asked.headers.set("authorization", `Bearer ${key}`);
    await (await app.fetch(asked)).text();
  }
  assertEquals(runner.runs, 2);
});

Deno.test("a refused request leaves its key to the next", async () => {
  const runner = counting();
  await using app = appOf(runner);
  const refused = await app.fetch(keyed("chat", "k", { model: "other" }));
  assertEquals(refused.status, 404);
  await refused.body?.cancel();
  assertEquals((await app.fetch(keyed("chat", "k"))).status, 200);
});

Deno.test("two processes with one store make one run", async () => {
  const clock = new ManualClock();
  const records = new MemoryRecords({ clock });
  const opened = gate();
  const runner = counting(opened.promise);
  const apps = [1, 2].map(() => appOf(runner, { store: records, clock })) as [App, App];
  const first = apps[0].fetch(keyed("responses", "k"));
  await settle();
  const busy = await apps[1].fetch(keyed("responses", "k"));
  assertEquals([busy.status, busy.headers.get("retry-after")], [409, "2"]);
  assertEquals(busy.headers.get("x-should-retry"), "true");
  await busy.body?.cancel();
  // However long it takes, the run is known to go on.
  for (let minute = 0; minute < 5; minute++) {
    clock.advance(59_000);
    await settle();
    const again = await apps[1].fetch(keyed("responses", "k"));
    assertEquals(again.status, 409);
    await again.body?.cancel();
  }
  opened.resolve();
  const text = await (await first).text();
  const replay = await apps[1].fetch(keyed("responses", "k"));
  assertEquals(await replay.text(), text);
  assertEquals(runner.runs, 1);
  for (const app of apps) await app.stop();
});

Deno.test("a duplicate of a background response gets the same response", async () => {
  const opened = gate();
  const runner = counting(opened.promise);
  await using app = appOf(runner);
  const [first, second] = await Promise.all([
    answered(app, keyed("responses", "k", { background: true })),
    answered(app, keyed("responses", "k", { background: true })),
  ]);
  assertEquals(first, second);
  opened.resolve();
  await settle();
  assertEquals((await answered(app, request(`responses/${first.id}`))).status, "completed");
  assertEquals(runner.runs, 1);
});

Deno.test("stopping the app ends shared runs and those who wait", async () => {
  const app = appOf(counting(gate().promise));
  const whole = app.fetch(keyed("chat", "a"));
  const streamed = app.fetch(keyed("chat", "b", { stream: true }));
  const reader = (await streamed).body!.getReader();
  await nextFrame(reader);
  await settle();
  await app.stop();
  assertEquals((await whole).status, 503);
  await (await whole).text();
  for (let frame = await nextFrame(reader); frame !== undefined;) {
    frame = await nextFrame(reader);
  }
});

Deno.test("no key, no waiting: requests without one never touch the store", async () => {
  const records = new Proxy(new MemoryRecords({ clock: new ManualClock() }), {
    get(target, name) {
      if (name === "claim" || name === "put") throw new Error(`store.${String(name)} was used`);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const runner = new TestRunner(async function* () {
    yield* textEvents("Hi");
  });
  await using app = appOf(runner, { store: records });
  const response = await app.fetch(post({ messages: CHAT.messages }, { path: CHAT.path }));
  assertEquals(response.status, 200);
  await response.text();
});
