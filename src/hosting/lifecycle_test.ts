import { assert, assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import type { RequestContext } from "../context/request_context.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { CollectingLogger, testContext, testRequest } from "../testing/test_context.ts";
import { FakeModels } from "./fake_models.ts";
import {
  failing,
  gate,
  hostedModel,
  saying,
  TestRunner,
  textEvents,
  untilAborted,
} from "./fixture_test.ts";
import { HostedModel } from "./hosted_model.ts";

async function answer(
  host: Runner,
  overrides: { readonly signal?: AbortSignal; readonly headers?: Headers } = {},
): Promise<string> {
  const context: RunContext = { ...testContext(), ...overrides };
  return (await fold(checkGrammar(host.run(testRequest(), context)))).text;
}

const down = () => new RunError("backend-down", "refused");

Deno.test("startup: built and entered once with the app, released with it", async () => {
  const runner = saying("Hi");
  let builds = 0;
  const { host, clock } = hostedModel(() => {
    builds += 1;
    return runner;
  });
  assertEquals(host.record.state, "idle");
  assert(!host.ready);
  clock.advance(1000);
  await host.start();
  await host.start();
  assertEquals([builds, runner.starts, host.record.state, host.ready], [1, 1, "up", true]);
  assertEquals(host.record.sinceMs, clock.now());
  assertEquals(await answer(host), "Hi");
  await host[Symbol.asyncDispose]();
  assertEquals([runner.disposals, host.record.state], [1, "stopped"]);
});

Deno.test("startup with fail: an unreachable dependency fails the start, named; a retry may do", async () => {
  const runner = saying("Hi");
  runner.starting = () => Promise.reject(down());
  const { host, logger } = hostedModel(runner);
  const error = await assertRejects(() => host.start(), RunError, '"m"');
  assertEquals(error.code, "model-unavailable");
  assertEquals([host.record.state, host.record.lastError], ["failed", "backend-down"]);
  assert(logger.entries.some(({ level, fields }) => level === "error" && fields.model === "m"));
  runner.starting = () => Promise.resolve();
  await host.start();
  assertEquals(host.record.state, "up");
  await host[Symbol.asyncDispose]();
});

Deno.test("lazy: one build for all who ask at once, none before", async () => {
  const building = gate<Runner>();
  let builds = 0;
  const { host } = hostedModel(() => {
    builds += 1;
    return building.promise;
  }, { lifecycle: "lazy" });
  await host.start();
  assertEquals([builds, host.ready], [0, true]);
  const answers = Array.from({ length: 20 }, () => answer(host));
  const runner = saying("Hi");
  building.resolve(runner);
  assertEquals(new Set(await Promise.all(answers)), new Set(["Hi"]));
  assertEquals([builds, runner.starts], [1, 1]);
  await host[Symbol.asyncDispose]();
  assertEquals(runner.disposals, 1);
});

Deno.test("lazy: a failed build fails all who wait for it and is tried again by the next", async () => {
  let builds = 0;
  const { host } = hostedModel(() => {
    builds += 1;
    if (builds === 1) throw new Error("not yet");
    return saying("Hi");
  }, { lifecycle: "lazy" });
  const first = await Promise.allSettled([answer(host), answer(host)]);
  assertEquals(first.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals([builds, host.record.state, host.record.lastError], [1, "failed", "Error"]);
  assertEquals(await answer(host), "Hi");
  assertEquals(builds, 2);
  await host[Symbol.asyncDispose]();
});

Deno.test("lazy: who leaves during the build is let go, the build goes on for the others", async () => {
  const building = gate<Runner>();
  const { host } = hostedModel(() => building.promise, { lifecycle: "lazy" });
  const leaver = new AbortController();
  const left = answer(host, { signal: leaver.signal });
  const stayed = answer(host);
  leaver.abort(new RunError("cancelled", "gone"));
  await assertRejects(() => left, RunError, "gone");
  building.resolve(saying("Hi"));
  assertEquals(await stayed, "Hi");
  await host[Symbol.asyncDispose]();
});

Deno.test("lazy: what is built while the app stops is released", async () => {
  const building = gate<Runner>();
  const runner = saying("Hi");
  const { host } = hostedModel(() => building.promise, { lifecycle: "lazy" });
  const refused = assertRejects(() => answer(host), RunError);
  const stopped = host[Symbol.asyncDispose]();
  building.resolve(runner);
  await Promise.all([refused, stopped]);
  assertEquals([runner.starts, runner.disposals], [1, 1]);
  await assertRejects(() => answer(host), RunError, "stopped");
});

Deno.test("per_request: built from the request, entered and closed for each", async () => {
  const runners: TestRunner[] = [];
  const names: (string | undefined)[] = [];
  const { host } = hostedModel((context?: RequestContext) => {
    names.push(context?.header("x-user"));
    const runner = saying(`Hi ${runners.length}`);
    runners.push(runner);
    return runner;
  }, { lifecycle: "per_request" });
  await host.start();
  assertEquals(host.ready, true);
  const headers = new Headers({ "x-user": "ada" });
  assertEquals(
    await Promise.all([answer(host, { headers }), answer(host, { headers })]),
    ["Hi 0", "Hi 1"],
  );
  assertEquals(names, ["ada", "ada"]);
  assertEquals(runners.map(({ starts, disposals }) => [starts, disposals]), [[1, 1], [1, 1]]);
});

Deno.test("per_request: closed after a failure, an abort and a reader that stops", async () => {
  const runners: TestRunner[] = [];
  const make = (runner: TestRunner) => {
    runners.push(runner);
    return runner;
  };
  const failed = hostedModel(() => make(failing(down)), { lifecycle: "per_request" });
  await assertRejects(() => answer(failed.host), RunError);
  const aborted = hostedModel(
    () =>
      make(
        new TestRunner(async function* (_, { signal }) {
          yield { type: "text-start" };
          await untilAborted(signal);
        }),
      ),
    { lifecycle: "per_request" },
  );
  const client = new AbortController();
  const events = aborted.host.run(testRequest(), testContext({ signal: client.signal }));
  const iterator = events[Symbol.asyncIterator]();
  await iterator.next();
  client.abort(new RunError("cancelled", "gone"));
  await assertRejects(() => iterator.next(), RunError, "gone");
  const left = hostedModel(() => make(saying("a", "b")), { lifecycle: "per_request" });
  for await (const _ of left.host.run(testRequest(), testContext())) break;
  const unstarted = hostedModel(() => make(new TestRunner()), { lifecycle: "per_request" });
  unstarted.host.run(testRequest(), testContext());
  assertEquals(runners.map(({ starts, disposals }) => [starts, disposals]), [[1, 1], [1, 1], [
    1,
    1,
  ]]);
});

Deno.test("a factory that makes no Runner is the author's mistake", async () => {
  const { host } = hostedModel(() => ({}) as Runner, { lifecycle: "lazy" });
  await assertRejects(() => answer(host), Error, "without `run`");
});

Deno.test("a Runner under two names is entered once and released with the last", async () => {
  const runner = new TestRunner(async function* () {
    yield* textEvents("Hi");
  });
  const options = {
    clock: new ManualClock(),
    logger: new CollectingLogger(),
    reasoning: undefined,
  };
  const models = new FakeModels().add("a", runner).add("b", runner, { lifecycle: "lazy" });
  const [a, b] = Array.from(models, (model) => new HostedModel(model, options));
  await a!.start();
  assertEquals(await answer(b!), "Hi");
  assertEquals(runner.starts, 1);
  await a![Symbol.asyncDispose]();
  assertEquals(runner.disposals, 0);
  await b![Symbol.asyncDispose]();
  assertEquals(runner.disposals, 1);
});
