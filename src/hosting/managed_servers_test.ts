import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RunError, SetupError } from "../run/error.ts";
import { createApp } from "./app.ts";
import { chatRequest, gate, saying, settle, testOptions, TestRunner } from "./fixture_test.ts";
import type { ManagedServer } from "./managed_servers.ts";

/** A server that starts, fails and answers as told. */
class FakeServer implements ManagedServer {
  readonly id: string;
  readonly required: boolean;
  readonly calls: string[] = [];
  starting: () => Promise<void> = () => Promise.resolve();
  closing: () => Promise<void> = () => Promise.resolve();
  answers = true;

  constructor(id: string, { required = true } = {}) {
    this.id = id;
    this.required = required;
  }

  readonly start = async (): Promise<void> => {
    this.calls.push("start");
    await this.starting();
  };

  tools() {
    return [];
  }

  check(): Promise<void> {
    return this.answers ? Promise.resolve() : Promise.reject(new RunError("backend-down", "gone"));
  }

  readonly [Symbol.asyncDispose] = (): Promise<void> => {
    this.calls.push("close");
    return this.closing();
  };
}

const ready = async (app: { fetch(request: Request): Promise<Response> }) => {
  const response = await app.fetch(new Request("http://localhost/ready"));
  return { status: response.status, body: await response.json() };
};

Deno.test("managed servers start before the models, side by side, and close after them", async () => {
  const [first, second] = [new FakeServer("first"), new FakeServer("second")];
  const { promise, resolve } = gate();
  first.starting = () => promise;
  const runner = saying("Hi");
  runner.disposing = () => {
    assertEquals(first.calls, ["start"]);
    return Promise.resolve();
  };
  const app = createApp(runner, { ...testOptions(), managedMcp: [first, second] });
  const started = app.start();
  await settle();
  assertEquals([first.calls, second.calls, runner.starts], [["start"], ["start"], 0]);
  resolve();
  await started;
  assertEquals(runner.starts, 1);
  await app.stop();
  assertEquals([first.calls, second.calls], [["start", "close"], ["start", "close"]]);
  assertEquals(runner.disposals, 1);
});

Deno.test("an app lives through a server that does not start, and tries again until it does", async () => {
  const options = testOptions();
  const { clock, logger } = options;
  const server = new FakeServer("search");
  let down = true;
  server.starting = () =>
    down ? Promise.reject(new RunError("backend-down", "no such program")) : Promise.resolve();
  const app = createApp(saying("Hi"), { ...options, managedMcp: [server] });
  await app.start();
  assertEquals((await app.fetch(chatRequest())).status, 200);
  const before = await ready(app);
  // Nobody asks a server that has not started, whatever it would say.
  assertEquals([before.status, before.body.checks.search.error], [503, "backend-down"]);
  for (const pauseMs of [0, 250, 500]) {
    clock.advance(pauseMs);
    await settle();
  }
  assertEquals(server.calls.length, 4);
  const failures = logger.entries.filter(({ message }) => message === "MCP server failed to start");
  assertEquals(failures.map(({ fields }) => fields.retryInMs), [0, 250, 500, 1000]);
  assertEquals(failures[0]!.fields.detail, "no such program");
  down = false;
  clock.advance(1000);
  await settle();
  assertEquals(server.calls.length, 5);
  clock.advance(60_000);
  await settle();
  assertEquals(server.calls.length, 5);
  assertEquals((await ready(app)).status, 200);
  await app.stop();
  assertEquals(server.calls.at(-1), "close");
});

Deno.test("an app that stops while a server is tried again leaves nothing behind", async () => {
  const options = testOptions();
  const [waiting, starting] = [new FakeServer("waiting"), new FakeServer("starting")];
  waiting.starting = () => Promise.reject(new Error("down"));
  let attempts = 0;
  const { promise, resolve } = gate();
  starting.starting = () => ++attempts === 1 ? Promise.reject(new Error("down")) : promise;
  const app = createApp(saying("Hi"), { ...options, managedMcp: [waiting, starting] });
  await app.start();
  options.clock.advance(0);
  await settle();
  assertEquals(attempts, 2);
  // Closing is what makes it stop to start.
  starting.closing = () => Promise.resolve(resolve());
  await app.stop();
  assertEquals(starting.calls, ["start", "start", "close"]);
  assertEquals(options.clock.pending, 0);
});

Deno.test("a server that can never start as configured keeps the app from starting", async () => {
  const options = testOptions();
  const [wrong, right] = [new FakeServer("wrong"), new FakeServer("right")];
  wrong.starting = () => Promise.reject(new SetupError("Cannot use this URL", { path: "URL" }));
  const app = createApp(saying("Hi"), { ...options, managedMcp: [wrong, right] });
  await assertRejects(() => app.start(), SetupError, "Cannot use this URL");
  wrong.starting = () => Promise.resolve();
  await app.start();
  assertEquals([wrong.calls, right.calls], [["start", "start"], ["start"]]);
  await app.stop();
  assertEquals([wrong.calls.at(-1), right.calls.at(-1)], ["close", "close"]);
});

Deno.test("a server that is not required is told of in /ready and does not count", async () => {
  const options = testOptions();
  const server = new FakeServer("extra", { required: false });
  server.answers = false;
  const app = createApp(saying("Hi"), { ...options, managedMcp: [server] });
  await app.start();
  const { status, body } = await ready(app);
  assertEquals([status, body.checks.extra.status, body.checks.extra.error], [
    200,
    "failed",
    "backend-down",
  ]);
  await app.stop();
});

Deno.test("a server that does not close keeps nothing from stopping", async () => {
  const options = testOptions();
  const [stuck, fine] = [new FakeServer("stuck"), new FakeServer("fine")];
  stuck.closing = () => Promise.reject(new Error("will not"));
  const app = createApp(saying("Hi"), { ...options, managedMcp: [stuck, fine] });
  await app.start();
  await app.stop();
  assertEquals(fine.calls, ["start", "close"]);
  const line = options.logger.entries.at(-1)!;
  assertEquals([line.message, line.fields.detail], ["MCP servers failed to close", "will not"]);
});

Deno.test("two managed servers of one id are refused, by the id", () => {
  const managedMcp = [new FakeServer("twin"), new FakeServer("twin")];
  const error = assertThrows(
    () => createApp(new TestRunner(), { ...testOptions(), managedMcp }),
    SetupError,
    'the id "twin"',
  );
  assert(error.problems[0]!.path === "managedMcp");
});
