import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RunError, SetupError } from "../../run/error.ts";
import type { RunEvent } from "../../run/event.ts";
import { fold } from "../../run/fold.ts";
import { checkGrammar } from "../../run/grammar.ts";
import type { RunRequest } from "../../run/request.ts";
import type { RunContext, Runner } from "../../run/runner.ts";
import { type CollectingLogger, testContext, testRequest } from "../../testing/test_context.ts";
import { FakeModels } from "../fake_models.ts";
import {
  failing,
  gate,
  hostedModel,
  saying,
  TestRunner,
  textEvents,
  untilAborted,
} from "../fixture_test.ts";
import type { HostedModel } from "../hosted_model.ts";
import { openWebUi, openWebUiTitle, user } from "./fixture_test.ts";
import { recogniseTask } from "./recognise.ts";

async function ask(
  host: HostedModel,
  overrides: Partial<RunRequest> = { messages: [user(openWebUiTitle("USER: Hello there"))] },
  context: Partial<RunContext> = {},
): Promise<string> {
  const request = testRequest(overrides);
  const task = recogniseTask(request);
  const events = host.run(request, { ...testContext(), ...context }, { task });
  const { text, refusal } = await fold(checkGrammar(events));
  return text || refusal;
}

const BY_RULE = '{"title":"Hello there"}';
const HELLO: Partial<RunRequest> = {};
const down = () => new RunError("backend-down", "refused");

/** What was logged of a Runner that could not be started. */
function warnings(logger: CollectingLogger): readonly unknown[] {
  return logger.entries.filter(({ message }) => /background tasks/.test(message))
    .map(({ level, fields }) => [level, fields.model, fields.error]);
}

Deno.test("agent, and nothing said: the model answers its tasks, which are counted all the same", async () => {
  for (const options of [{}, { backgroundTasks: "agent" }] as const) {
    const runner = saying("By the model");
    const { host } = hostedModel(runner, options);
    await host.start();
    assertEquals(await ask(host), "By the model");
    assertEquals(await ask(host, HELLO), "By the model");
    assertEquals([runner.runs, host.record.runs], [2, 1]);
    assertEquals(host.record.backgroundTasks, { title: 1 });
    await host[Symbol.asyncDispose]();
  }
});

Deno.test("rule: tasks never reach the model, all else does", async () => {
  const runner = saying("By the model");
  const { host } = hostedModel(runner, { backgroundTasks: "rule" });
  await host.start();
  assertEquals(await ask(host), BY_RULE);
  const tags = openWebUi(
    "Generate 1-3 broad tags categorizing the main themes of the chat history.",
    'JSON format: { "tags": ["tag1", "tag2", "tag3"] }',
  );
  assertEquals(await ask(host, { messages: [user(tags)] }), '{"tags":["General"]}');
  assertEquals(runner.runs, 0);
  assertEquals(await ask(host, HELLO), "By the model");
  assertEquals([runner.runs, host.record.runs], [1, 1]);
  assertEquals(host.record.backgroundTasks, { title: 1, tags: 1 });
  await host[Symbol.asyncDispose]();
});

Deno.test("rule: what it cannot answer in the form demanded is left to the model", async () => {
  const runner = saying('{"language":"English","title":"Hi"}');
  const { host } = hostedModel(runner, { backgroundTasks: "rule" });
  const output = {
    type: "json-schema",
    name: "t",
    schema: { type: "object", required: ["language", "title"] },
  } as const;
  const messages = [user(openWebUiTitle("USER: Hello there"))];
  assertEquals(await ask(host, { messages, output }), '{"language":"English","title":"Hi"}');
  assertEquals([runner.runs, host.record.runs], [1, 0]);
  assertEquals(await ask(host, { messages, output: { type: "json-object" } }), BY_RULE);
  assertEquals(host.record.backgroundTasks, { title: 2 });
  await host[Symbol.asyncDispose]();
});

Deno.test("a lazy model is not built for its tasks, one that cannot be built answers them", async () => {
  let builds = 0;
  const { host } = hostedModel(() => {
    builds += 1;
    return saying("By the model");
  }, { lifecycle: "lazy", backgroundTasks: "rule" });
  await host.start();
  assertEquals(await ask(host), BY_RULE);
  assertEquals([builds, host.record.state], [0, "idle"]);
  await host[Symbol.asyncDispose]();
  const failed = hostedModel(() => {
    throw new RunError("model-unavailable", "needs MCP");
  }, { lifecycle: "lazy", backgroundTasks: "rule" }).host;
  await assertRejects(() => ask(failed, HELLO), RunError, "needs MCP");
  assertEquals(await ask(failed), BY_RULE);
  assertEquals(failed.record.state, "failed");
});

Deno.test("a Runner answers tasks alone, with the client's request, and lives with the app", async () => {
  const requests: RunRequest[] = [];
  const cheap = new TestRunner(async function* (request) {
    requests.push(request);
    yield* textEvents("Cheap");
  });
  const runner = saying("By the model");
  const { host } = hostedModel(runner, { backgroundTasks: cheap });
  await host.start();
  assertEquals([cheap.starts, runner.starts], [1, 1]);
  const settings = { maxTokens: 30 };
  const messages = [user(openWebUiTitle())];
  assertEquals(await ask(host, { messages, settings, stream: true }), "Cheap");
  assertEquals(await ask(host), "Cheap");
  assertEquals(await ask(host, HELLO), "By the model");
  assertEquals([cheap.runs, runner.runs, cheap.starts], [2, 1, 1]);
  assertEquals([requests[0]?.settings, requests[0]?.stream], [settings, true]);
  await host[Symbol.asyncDispose]();
  assertEquals([cheap.disposals, runner.disposals], [1, 1]);
});

Deno.test("lazy: the Runner is started once by the first tasks, the model by none", async () => {
  const cheap = saying("Cheap");
  const starting = gate();
  cheap.starting = () => starting.promise;
  const runner = saying("By the model");
  const { host } = hostedModel(() => runner, { lifecycle: "lazy", backgroundTasks: cheap });
  await host.start();
  assertEquals(cheap.starts, 0);
  const answers = [ask(host), ask(host), ask(host)];
  const leaver = new AbortController();
  const left = ask(host, undefined, { signal: leaver.signal });
  leaver.abort(new RunError("cancelled", "gone"));
  await assertRejects(() => left, RunError, "gone");
  starting.resolve();
  assertEquals(await Promise.all(answers), ["Cheap", "Cheap", "Cheap"]);
  assertEquals([cheap.starts, runner.starts, host.record.state], [1, 0, "idle"]);
  await host[Symbol.asyncDispose]();
  assertEquals([cheap.disposals, runner.disposals], [1, 0]);
});

Deno.test("per_request: the Runner is started and released for each task, however it ends", async () => {
  const cheap = saying("Che", "aper");
  let builds = 0;
  const { host } = hostedModel(() => {
    builds += 1;
    return saying("By the model");
  }, { lifecycle: "per_request", backgroundTasks: cheap });
  await host.start();
  assertEquals(cheap.starts, 0);
  assertEquals(await ask(host), "Cheaper");
  const request = testRequest({ messages: [user(openWebUiTitle())] });
  const task = recogniseTask(request);
  for await (const _ of host.run(request, testContext(), { task })) break;
  assertEquals([cheap.starts, cheap.disposals, builds], [2, 2, 0]);
  await host[Symbol.asyncDispose]();
  assertEquals(cheap.disposals, 2);
});

Deno.test("a Runner that cannot be started is replaced by the rule until it can, in every lifecycle", async () => {
  for (const lifecycle of ["startup", "lazy", "per_request"] as const) {
    const cheap = saying("Cheap");
    cheap.starting = () => Promise.reject(down());
    const { host, logger } = hostedModel(() => saying("By the model"), {
      lifecycle,
      backgroundTasks: cheap,
    });
    await host.start();
    assert(host.ready, lifecycle);
    assertEquals(await ask(host), BY_RULE);
    assertEquals(await ask(host, HELLO), "By the model");
    assertEquals(host.record.lastError, undefined);
    assertEquals(warnings(logger)[0], ["warn", "m", "backend-down"]);
    cheap.starting = () => Promise.resolve();
    assertEquals(await ask(host), "Cheap");
    await host[Symbol.asyncDispose]();
    assertEquals(cheap.disposals, 1, lifecycle);
  }
});

Deno.test("a model that cannot be started takes its Runner along; both are released", async () => {
  const cheap = saying("Cheap");
  const { host } = hostedModel(() => Promise.reject(new Error("no")), { backgroundTasks: cheap });
  await assertRejects(() => host.start(), RunError, '"m"');
  assertEquals(await ask(host), "Cheap");
  await host[Symbol.asyncDispose]();
  assertEquals([cheap.starts, cheap.disposals], [1, 1]);
});

Deno.test("what is started while the app stops is released", async () => {
  const cheap = saying("Cheap");
  const starting = gate();
  cheap.starting = () => starting.promise;
  const { host } = hostedModel(saying("By the model"), {
    lifecycle: "lazy",
    backgroundTasks: cheap,
  });
  const answer = ask(host);
  const stopped = host[Symbol.asyncDispose]();
  starting.resolve();
  await Promise.all([answer, stopped]);
  assertEquals([cheap.starts, cheap.disposals], [1, 1]);
  assertEquals(await ask(host), BY_RULE);
  assertEquals(cheap.starts, 1);
});

Deno.test("a model's release that fails does not keep the Runner from being released", async () => {
  const runner = saying("By the model");
  runner.disposing = () => Promise.reject(new Error("stuck"));
  const cheap = saying("Cheap");
  const { host } = hostedModel(runner, { backgroundTasks: cheap });
  await host.start();
  await assertRejects(() => host[Symbol.asyncDispose]() as Promise<void>, Error, "stuck");
  assertEquals(cheap.disposals, 1);
});

Deno.test("one Runner for several models, or for all of one, is started once", async () => {
  const shared = saying("Shared");
  const hosts = [
    hostedModel(saying("One"), { backgroundTasks: shared }).host,
    hostedModel(shared, { backgroundTasks: shared }).host,
  ];
  for (const host of hosts) await host.start();
  assertEquals(shared.starts, 1);
  for (const host of hosts) {
    assertEquals(await ask(host), "Shared");
    assertEquals(shared.disposals, 0);
    await host[Symbol.asyncDispose]();
  }
  assertEquals(shared.disposals, 1);
});

Deno.test("how tasks go says nothing about the model, and the other way round", async () => {
  const cheap = failing(down);
  const runner = saying("By the model");
  const failed = hostedModel(runner, { backgroundTasks: cheap });
  await failed.host.start();
  await assertRejects(() => ask(failed.host), RunError, "refused");
  assertEquals([failed.host.record.state, failed.host.record.lastError], ["up", undefined]);
  await failed.host[Symbol.asyncDispose]();

  const options = { dependencyPolicy: "degrade", degradedMessage: "Later." } as const;
  const { host, logger } = hostedModel(runner, { ...options, backgroundTasks: cheap });
  await host.start();
  assertEquals(await ask(host), "Later.");
  assertEquals([host.record.state, host.record.lastError], ["up", undefined]);
  assert(logger.entries.some(({ fields }) => fields.task === "title"));
  await host[Symbol.asyncDispose]();

  const ill = hostedModel(failing(down), { ...options, backgroundTasks: "rule" }).host;
  await ill.start();
  assertEquals(await ask(ill, HELLO), "Later.");
  assertEquals(ill.record.state, "degraded");
  assertEquals(await ask(ill), BY_RULE);
  assertEquals(ill.record.state, "degraded");
  await ill[Symbol.asyncDispose]();
});

Deno.test("a task left to the model by the rule counts for the model's state", async () => {
  const { host } = hostedModel(failing(down), {
    dependencyPolicy: "degrade",
    degradedMessage: "Later.",
    backgroundTasks: "rule",
  });
  await host.start();
  const output = { type: "json-schema", name: "t", schema: { type: "array" } } as const;
  assertEquals(await ask(host, { messages: [user(openWebUiTitle())], output }), "Later.");
  assertEquals(host.record.state, "degraded");
  await host[Symbol.asyncDispose]();
});

Deno.test("a stopped task is stopped, before it begins and in the middle", async () => {
  const client = new AbortController();
  const cheap = new TestRunner(async function* (_, { signal }): AsyncGenerator<RunEvent> {
    yield { type: "text-start" };
    await untilAborted(signal);
  });
  const { host } = hostedModel(saying("By the model"), { backgroundTasks: cheap });
  await host.start();
  const run = assertRejects(
    () => ask(host, undefined, { signal: client.signal }),
    RunError,
    "gone",
  );
  client.abort(new RunError("cancelled", "gone"));
  await run;
  await assertRejects(() => ask(host, undefined, { signal: client.signal }), RunError, "gone");
  await host[Symbol.asyncDispose]();
});

Deno.test("a task whose client has left is neither answered by rule nor run once it could be", async () => {
  const client = new AbortController();
  const starting = gate();
  const cheap = saying("Cheap");
  cheap.starting = () => starting.promise;
  const { host } = hostedModel(() => saying("By the model"), {
    lifecycle: "per_request",
    backgroundTasks: cheap,
  });
  const left = assertRejects(() => ask(host, undefined, { signal: client.signal }), RunError);
  client.abort(new RunError("cancelled", "gone"));
  starting.resolve();
  await left;
  assertEquals([cheap.starts, cheap.disposals, cheap.runs], [1, 1, 0]);
  const ruled = hostedModel(saying("By the model"), { backgroundTasks: "rule" }).host;
  await assertRejects(() => ask(ruled, undefined, { signal: client.signal }), RunError, "gone");
});

Deno.test("FakeModels.add() refuses what cannot answer background tasks", () => {
  for (const wrong of ["off", 5, null, {}, () => saying("x")] as unknown as Runner[]) {
    let message = "";
    try {
      new FakeModels().add("m", saying("Hi"), { backgroundTasks: wrong });
    } catch (error) {
      assert(error instanceof SetupError);
      message = error.message;
    }
    assertStringIncludes(message, 'Cannot answer background tasks of "m"');
  }
});
