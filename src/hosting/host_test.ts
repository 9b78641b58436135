import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RunError, SetupError } from "../run/error.ts";
import { createApp } from "./app.ts";
import { FakeModels } from "./fake_models.ts";
import {
  chatRequest,
  gate,
  saying,
  settle,
  testOptions,
  TestRunner,
  untilAborted,
} from "./fixture_test.ts";
import { createHost } from "./host.ts";

function problemsOf(make: () => unknown): readonly string[] {
  return assertThrows(make, SetupError).problems.map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("the first request starts the app, once, however many come at once", async () => {
  const runner = saying("Hi");
  const started = gate();
  runner.starting = () => started.promise;
  await using app = createApp(runner, testOptions());
  assertEquals(runner.starts, 0);
  const answers = Array.from({ length: 5 }, () => app.fetch(chatRequest()));
  started.resolve();
  for (const answer of await Promise.all(answers)) assertEquals(answer.status, 200);
  await app.start();
  assertEquals(runner.starts, 1);
});

Deno.test("while the app starts, /health answers and /ready says so", async () => {
  const runner = saying("Hi");
  const started = gate();
  runner.starting = () => started.promise;
  await using app = createApp(runner, testOptions());
  const ready = async () => {
    const response = await app.fetch(new Request("http://localhost/ready"));
    return [response.status, (await response.json()).status];
  };
  assertEquals((await app.fetch(new Request("http://localhost/health"))).status, 200);
  assertEquals(await ready(), [503, "starting"]);
  started.resolve();
  await app.start();
  assertEquals(await ready(), [200, "ready"]);
});

Deno.test("a failed start answers 503 and is tried again by the next request", async () => {
  const runner = saying("Hi");
  runner.starting = () => Promise.reject(new Error("secret reason"));
  const options = testOptions();
  await using app = createApp(runner, options);
  const response = await app.fetch(chatRequest());
  assertEquals(response.status, 503);
  assert(!(await response.text()).includes("secret reason"));
  assert(options.logger.entries.some(({ fields }) => `${fields.detail}`.includes("secret reason")));
  await assertRejects(() => app.start(), RunError);
  runner.starting = () => Promise.resolve();
  assertEquals((await app.fetch(chatRequest())).status, 200);
});

Deno.test("a factory of FakeModels is called at the start, and again after a failure", async () => {
  let calls = 0;
  await using app = createApp(() => {
    calls += 1;
    if (calls === 1) throw new Error("not yet");
    return Promise.resolve(new FakeModels().add("made", saying("Hi")));
  }, testOptions());
  assertEquals(calls, 0);
  assertEquals((await app.fetch(chatRequest({ model: "made" }))).status, 503);
  assertEquals((await app.fetch(chatRequest({ model: "made" }))).status, 200);
  assertEquals(calls, 2);
});

Deno.test("stop() ends runs with an error in band, releases runners and takes no more", async () => {
  const runner = new TestRunner(async function* (_, { signal }) {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "a" };
    await untilAborted(signal);
  });
  const options = testOptions();
  const app = createApp(runner, options);
  const response = await app.fetch(chatRequest({ stream: true }));
  const text = response.text();
  await settle();
  await Promise.all([app.stop(), app.stop()]);
  assert((await text).includes('"error"'));
  assertEquals(runner.disposals, 1);
  const late = await app.fetch(chatRequest());
  assertEquals(late.status, 503);
  await late.body?.cancel();
  await assertRejects(() => app.start(), RunError);
  assertEquals(options.clock.pending, 0);
});

Deno.test("stop() does not wait forever for a run that ignores its signal", async () => {
  const options = testOptions();
  const end = gate();
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    await end.promise;
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  const app = createApp(runner, options);
  const answer = app.fetch(chatRequest());
  await settle();
  const stopped = app.stop();
  await settle();
  options.clock.advance(5000);
  await stopped;
  assertEquals(runner.disposals, 1);
  end.resolve();
  await (await answer).body?.cancel();
});

Deno.test("stop() before anything started, and during the start, leaves nothing behind", async () => {
  const idle = createApp(saying(), testOptions());
  await idle.stop();
  const runner = saying("Hi");
  const started = gate();
  runner.starting = () => started.promise;
  const app = createApp(runner, testOptions());
  const starting = app.start().catch((error) => error);
  await settle();
  const stopping = app.stop();
  started.resolve();
  await Promise.all([starting, stopping]);
  assertEquals([runner.starts, runner.disposals], [1, 1]);
});

Deno.test("stop() closes the other models when one cannot be closed", async () => {
  const [stuck, fine] = [saying(), saying()];
  stuck.disposing = () => Promise.reject(new Error("stuck"));
  const options = testOptions();
  const app = createApp({ stuck, fine }, options);
  await app.start();
  await app.stop();
  assertEquals([stuck.disposals, fine.disposals], [1, 1]);
  assert(options.logger.entries.some(({ fields }) => fields.detail === "stuck"));
});

Deno.test("start() starts every model and reports the first that fails", async () => {
  const [broken, fine] = [saying(), saying()];
  broken.starting = () => Promise.reject(new Error("broken"));
  await using app = createApp({ broken, fine }, testOptions());
  await assertRejects(() => app.start(), RunError, '"broken"');
  assertEquals(fine.starts, 1);
});

Deno.test("createHost() reports what is wrong with all entrypoints at once", () => {
  const models = { m: saying() };
  assertEquals(problemsOf(() => createHost({ entrypoints: [] })).length, 1);
  const problems = problemsOf(() =>
    createHost({
      entrypoints: [
        { prefix: "v1", models },
        { prefix: "/a", models, apiKeys: [{ name: "k", key: "" }] },
        { prefix: "/b", models, apiKeys: [{ name: "k", key: "k", models: ["x"] }] },
        { prefix: "/c", models: {} },
        { prefix: "/d", models, responsesReasoning: { mode: "premade" } },
        { prefix: "/e", models },
        { prefix: "/e/", models },
      ],
    })
  );
  assertEquals(problems.map((problem) => problem.split(":")[0]), [
    "entrypoints[0].prefix",
    "entrypoints[1].keys[0].key",
    "entrypoints[2].apiKeys",
    "entrypoints[3]",
    "entrypoints[4].responsesReasoning.chunks",
    "entrypoints",
  ]);
});

Deno.test("createApp() refuses unusable prefixes and origins", () => {
  for (const prefix of ["", "v1", "//", "/v1//x", "/v 1", "/v1?x", "/%76", "/v1/é"]) {
    assertThrows(() => createApp(saying(), { prefix }), SetupError);
  }
  for (const origin of ["app.example", "https://app.example/", "https://app.example/x", ""]) {
    assertThrows(() => createApp(saying(), { corsOrigins: [origin] }), SetupError);
  }
  createApp(saying(), { corsOrigins: ["*", "null", "http://a:8080", "app://obsidian.md"] });
});

Deno.test("a prefix may be the root or end with a slash", async () => {
  for (const [prefix, path] of [["/", "/models"], ["/v2/", "/v2/models"]] as const) {
    await using app = createApp(saying(), { ...testOptions(), prefix });
    const response = await app.fetch(new Request(`http://localhost${path}`));
    assertEquals([prefix, response.status], [prefix, 200]);
    await response.body?.cancel();
  }
});

Deno.test("a key limited to a model nobody serves fails, at the latest at the start", async () => {
  const apiKeys = [{ name: "k", key: "k", models: ["missing"] }];
  assertThrows(() => createApp({ m: saying() }, { apiKeys }), SetupError, '"missing"');
  await using app = createApp(() => ({ m: saying() }), { ...testOptions(), apiKeys });
  await assertRejects(() => app.start(), SetupError, '"missing"');
});

Deno.test("fetch is bound, so that an app can be a default export", async () => {
  await using app = createApp(saying("Hi"), testOptions());
  const { fetch } = app;
  assertEquals((await fetch(chatRequest())).status, 200);
});
