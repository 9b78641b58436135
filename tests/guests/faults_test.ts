/**
 * Guests that are killed, hang, explode or never start: what clients, operators and the machine see of it.
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { type App, createApp } from "../../src/hosting/app.ts";
import { FakeModels } from "../../src/hosting/fake_models.ts";
import { DependencyHealth } from "../../src/hosting/health.ts";
import { GuestRunner } from "../../src/module/guest_runner.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import {
  entryOf,
  failsWith,
  folderOf,
  isAlive,
  TestGuest,
  type TestGuestOptions,
} from "./test_guest.ts";

/** An app of a guest and of a model in this process. */
async function startApp(options: TestGuestOptions = {}) {
  const guest = TestGuest.unstarted(options);
  // Times checks alone: an outcome is given out again for a second.
  const clock = new ManualClock();
  const logger = new CollectingLogger();
  const models = new FakeModels()
    .add("guest", () => new GuestRunner(guest.module, { servedName: "guest" }))
    .add("other", {
      async *run() {
        yield { type: "text-start" };
        yield { type: "text-delta", text: "Fine" };
        yield { type: "text-end" };
        yield { type: "finish", reason: "stop" };
      },
    });
  const app = createApp(models, {
    logger,
    clock,
    health: [new DependencyHealth("module guest", (signal) => guest.module.check(signal))],
  });
  await app.start();
  return {
    app,
    guest,
    logger,
    ready: async () => {
      clock.advance(2000);
      const answer = await app.fetch(new Request("http://localhost/ready"));
      return [answer.status, await answer.json()] as const;
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

async function post(app: App, model: string, code: () => unknown, stream = false) {
  const answer = await app.fetch(
    new Request("http://localhost/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model,
        stream,
        messages: [{ role: "user", content: JSON.stringify({ code: `${code}`, args: [] }) }],
      }),
    }),
  );
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

async function pidOf(app: App): Promise<number> {
  const { body } = await post(app, "guest", () => Deno.pid);
  return JSON.parse(JSON.parse(body).choices[0].message.content).value;
}

Deno.test("a guest killed from outside ends its runs cleanly, and the next request is answered", async () => {
  await using served = await startApp();
  const { app, guest } = served;
  const pid = await pidOf(app);
  assertEquals((await served.ready())[0], 200);
  const waiting = [false, true].map((stream) =>
    post(app, "guest", () => new Promise(() => setInterval(() => {}, 1000)), stream)
  );
  // Both are in the guest once it has answered something later.
  assertEquals(await pidOf(app), pid);
  const began = performance.now();
  Deno.kill(pid, "SIGKILL");
  const [unstreamed, streamed] = await Promise.all(waiting);
  assert(performance.now() - began < 1000);
  assertEquals(unstreamed!.status, 503);
  for (const { body } of [unstreamed!, streamed!]) {
    assert(body.includes("The model is not available at the moment"), body);
    assertFalse(/SIGKILL|obedient|Guest/.test(body), body);
    assertFalse(body.includes("[DONE]"));
  }
  assertEquals((await post(app, "other", () => 1)).status, 200);
  const next = await pidOf(app);
  assert(next !== pid);
  assertEquals((await served.ready())[0], 200);
  assertEquals(entryOf(guest, "Guest ended").detail, "ended: ended by SIGKILL");
});

Deno.test("a guest that dies again and again is started ever later; clients and /ready are told", async () => {
  await using served = await startApp();
  const { app, guest } = served;
  const pauses = () =>
    guest.logger.entries.filter(({ message }) => message === "Guest ended")
      .map(({ fields }) => Number(fields.retryInMs));
  while ((pauses().at(-1) ?? 0) <= 2000) {
    assertEquals((await post(app, "guest", () => Deno.exit(1))).status, 503);
    assert(pauses().length < 10);
  }
  assertEquals(pauses().slice(0, 4), [0, 250, 500, 1000]);
  // A pause is longer than anybody is let wait.
  const began = performance.now();
  const refused = await post(app, "guest", () => 1);
  assert(performance.now() - began < 500);
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "4"]);
  const [status, body] = await served.ready();
  assertEquals([status, body.status], [503, "not_ready"]);
  assertEquals(body.checks["module guest"].status, "failed");
  assertEquals((await post(app, "other", () => 1)).status, 200);
});

Deno.test("a guest that hangs is not ready, and its runs end within a second of the limit", async () => {
  await using served = await startApp({ hangMs: 1500 });
  const { app } = served;
  const pid = await pidOf(app);
  const began = performance.now();
  const hanging = post(app, "guest", () => {
    for (;;);
  });
  const waiting = post(app, "guest", () => 1);
  const [hung, waited] = await Promise.all([hanging, waiting]);
  const tookMs = performance.now() - began;
  assertEquals([hung.status, waited.status], [503, 503]);
  assert(tookMs < 1500 + 1000, `took ${tookMs} ms`);
  assert(await pidOf(app) !== pid);
});

Deno.test("nothing is left of a guest once its app has stopped, whatever it was doing", async () => {
  const doing: Readonly<Record<string, () => unknown>> = {
    nothing: () => 1,
    waiting: () => new Promise(() => setInterval(() => {}, 1000)),
    busy: () => {
      for (;;);
    },
  };
  await Promise.all(
    Object.entries(doing).map(async ([name, code]) => {
      const served = await startApp();
      const pid = await pidOf(served.app);
      const folder = await folderOf(pid);
      const run = post(served.app, "guest", code).catch(() => {});
      const began = performance.now();
      await served.app.stop();
      await run;
      assert(performance.now() - began < 4000, name);
      assertEquals(isAlive(pid), false, name);
      await failsWith(Deno.stat(folder), /^NotFound/);
    }),
  );
});

Deno.test("a module that is never ready is given up, and nothing is left of it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const never: Readonly<Record<string, string>> = {
      waits: "await new Promise(() => setInterval(() => {}, 1000)); export const agent = 1;",
      loops: "for (;;); export const agent = 1;",
      ends: "Deno.exit(5); export const agent = 1;",
      throws: "throw new TypeError('no luck'); export const agent = 1;",
      forges: `import { writeSync } from "node:fs";
        writeSync(1, new TextEncoder().encode('{"type":"ready","protocol":2,"models":[{}]}\\n'));
        await new Promise(() => {});`,
    };
    const expected: Readonly<Record<string, RegExp>> = {
      waits: /^RunError: Guest "waits.ts" was not ready within 1500 ms$/,
      loops: /^RunError: Guest "loops.ts" was not ready within 1500 ms$/,
      ends: /^RunError: Guest "ends.ts" ended: exit code 5$/,
      throws: /^SetupError: Cannot serve module "throws.ts": TypeError: no luck$/,
      forges: /^RunError: Guest "forges.ts" sent a malformed message: protocol/,
    };
    for (const [name, text] of Object.entries(never)) {
      await Deno.writeTextFile(`${folder}/${name}.ts`, text);
    }
    await Promise.all(
      Object.entries(expected).map(([name, form]) =>
        failsWith(
          TestGuest.start({ specifier: `${name}.ts`, folder, startTimeoutMs: 1500 }),
          form,
        )
      ),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a guest that is being started again stops with its app", async () => {
  const guest = await TestGuest.start();
  for (let deaths = 0; deaths < 4; deaths++) {
    await guest.does(() => Deno.exit(1)).catch(() => {});
  }
  // Now it waits before its next attempt, or has just begun it.
  await guest[Symbol.asyncDispose]();
  await failsWith(guest.pid(), /^RunError: Guest/);
});

Deno.test("a run whose caller has left stops in the guest within a second", async () => {
  await using guest = await TestGuest.start();
  const leave = new AbortController();
  const run = guest.asks(
    JSON.stringify({ code: "() => new Promise(() => setInterval(() => {}, 1000))", args: [] }),
    { signal: leave.signal },
  );
  const pid = await guest.pid();
  const reason = new Error("left");
  leave.abort(reason);
  assertEquals(await run.catch((error) => error), reason);
  assertEquals(await guest.pid(), pid);
});
