/**
 * Responses nobody waits for: polled, cancelled, resumed.
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import type { Runner } from "../../mod.ts";
import { createApp } from "../../mod.ts";
import {
  gate,
  settle,
  testOptions,
  TestRunner,
  textEvents,
  untilAborted,
} from "../../src/hosting/fixture_test.ts";
import { collect, served } from "../oracle/served.ts";
import { answered, eventOf, framesOf, post, readUntil, request } from "./posting.ts";

const WORDS = ["One ", "two ", "three"];

/** Says its words one by one, each when the test lets it. */
class Stepwise {
  readonly steps = WORDS.map(() => gate());
  readonly aborted = gate<unknown>();
  readonly runner: Runner;

  constructor() {
    const { steps, aborted } = this;
    this.runner = new TestRunner(async function* (_, { signal }) {
      signal.addEventListener("abort", () => aborted.resolve(signal.reason));
      yield { type: "text-start" };
      for (const [index, text] of WORDS.entries()) {
        await Promise.race([steps[index]!.promise, untilAborted(signal)]);
        yield { type: "text-delta", text };
      }
      yield { type: "text-end" };
      yield { type: "finish", reason: "stop" };
    });
  }

  finish(): void {
    for (const step of this.steps) step.resolve();
  }
}

Deno.test("a background response is queued, in progress, and completed without its client", async () => {
  const { runner, steps, finish } = stepwise();
  await using app = createApp(runner, { ...testOptions(), modelName: "agent" });
  const queued = await answered(app, post({ background: true }));
  assertEquals([queued.status, queued.output], ["queued", []]);
  const poll = () => answered(app, request(`responses/${queued.id}`));
  assertEquals((await poll()).status, "in_progress");
  steps[0]!.resolve();
  await settle();
  assertEquals((await poll()).status, "in_progress");
  finish();
  await settle();
  const done = await poll();
  assertEquals([done.status, done.output[0]!.content[0]!.text], ["completed", WORDS.join("")]);
  const next = await answered(app, post({ "previous_response_id": queued.id }));
  assertEquals(next.status, "completed");
});

Deno.test("a response in the making cannot be continued", async () => {
  const { runner, finish } = stepwise();
  await using app = createApp(runner, { ...testOptions(), modelName: "agent" });
  const { id } = await answered(app, post({ background: true }));
  const refused = await app.fetch(post({ "previous_response_id": id }));
  const { error } = await refused.json();
  assertEquals([refused.status, error.param], [400, "previous_response_id"]);
  finish();
});

Deno.test("cancelling ends run and response at once, and again changes nothing", async () => {
  const one = stepwise();
  await using app = createApp(one.runner, { ...testOptions(), modelName: "agent" });
  const { id } = await answered(app, post({ background: true }));
  one.steps[0]!.resolve();
  await settle();
  const cancel = () => answered(app, request(`responses/${id}/cancel`, { method: "POST" }));
  const cancelled = await cancel();
  assertEquals([cancelled.status, cancelled.output[0]!.content[0]!.text], ["cancelled", "One "]);
  await one.aborted.promise;
  assertEquals(await cancel(), cancelled);
  assertEquals(await answered(app, request(`responses/${id}`)), cancelled);
  const refused = await app.fetch(post({ "previous_response_id": id }));
  assertEquals(refused.status, 400);
  await refused.body?.cancel();
});

Deno.test("a run that does not heed its signal is cancelled all the same", async () => {
  const deaf = gate();
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    await deaf.promise;
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  const app = createApp(runner, { ...testOptions(), modelName: "agent" });
  const { id } = await answered(app, post({ background: true }));
  await settle();
  const cancelled = await answered(app, request(`responses/${id}/cancel`, { method: "POST" }));
  assertEquals(cancelled.status, "cancelled");
  deaf.resolve();
  await settle();
  assertEquals((await answered(app, request(`responses/${id}`))).status, "cancelled");
  await app.stop();
});

Deno.test("a failed background run is a failed response, told to whoever polls", async () => {
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    throw new Error("secret detail");
  });
  await using app = createApp(runner, { ...testOptions(), modelName: "agent" });
  const { id } = await answered(app, post({ background: true }));
  await settle();
  const response = await app.fetch(request(`responses/${id}`));
  const text = await response.text();
  assert(!text.includes("secret"));
  assertEquals([JSON.parse(text).status, JSON.parse(text).error.code], ["failed", "server_error"]);
});

Deno.test("deleting a response in the making ends its run and leaves nothing", async () => {
  const one = stepwise();
  await using app = createApp(one.runner, { ...testOptions(), modelName: "agent" });
  const { id } = await answered(app, post({ background: true }));
  const deleted = await app.fetch(request(`responses/${id}`, { method: "DELETE" }));
  assertEquals(await deleted.json(), { id, object: "response", deleted: true });
  await one.aborted.promise;
  await settle();
  const response = await app.fetch(request(`responses/${id}`));
  assertEquals(response.status, 404);
  await response.body?.cancel();
});

Deno.test("a stream can be taken up after every event, live and finished, byte for byte", async () => {
  const { runner, finish } = stepwise();
  await using app = createApp(runner, { ...testOptions(), modelName: "agent" });
  const response = await app.fetch(post({ background: true, stream: true }));
  const reader = response.body!.getReader();
  const { response: created } = await readUntil(reader, "response.in_progress");
  const id = created!.id;
  const resume = (after?: number) =>
    app.fetch(request(
      `responses/${id}?stream=true${after === undefined ? "" : `&starting_after=${after}`}`,
    ));
  const live = await Promise.all([undefined, 0, 1, 2, 3, 4, 5, 6, 7].map(resume));
  // The line is cut; the run goes on.
  await reader.cancel();
  finish();
  const texts = await Promise.all(live.map(framesOf));
  const [whole] = texts as [string[]];
  const events = whole.map(eventOf);
  assertEquals(events.map((event) => event?.sequence_number), [
    ...events.slice(0, -1).map((_, index) => index),
    undefined,
  ]);
  assertEquals(events.flatMap((event) => event?.delta ?? []), WORDS);
  for (const [index, frames] of texts.entries()) assertEquals(frames, whole.slice(index));
  for (let after = 0; after < whole.length; after++) {
    assertEquals(await framesOf(await resume(after)), whole.slice(after + 1));
  }
  assertEquals(await framesOf(await resume(10_000)), []);
  const refused = await resume(-1);
  assertEquals([refused.status, (await refused.json()).error.param], [400, "starting_after"]);
});

Deno.test("a background run that was not streamed can be streamed from the start", async () => {
  const { runner, finish } = stepwise();
  await using app = createApp(runner, { ...testOptions(), modelName: "agent" });
  const { id } = await answered(app, post({ background: true }));
  const live = app.fetch(request(`responses/${id}?stream=true`)).then(framesOf);
  finish();
  const frames = await live;
  assertEquals(eventOf(frames[0]!)?.type, "response.created");
  assertEquals(eventOf(frames.at(-2)!)?.type, "response.completed");
});

Deno.test("readers of a silent run get comments, and a numbered event every ten seconds", async () => {
  const options = testOptions();
  const { runner, finish } = stepwise();
  await using app = createApp(runner, { ...options, modelName: "agent" });
  const response = await app.fetch(post({ background: true, stream: true }));
  const text = response.text();
  await settle();
  options.clock.advance(5000);
  await settle();
  options.clock.advance(5000);
  await settle();
  finish();
  const all = await text;
  assertEquals(all.split(": keep-alive\n\n").length - 1, 1);
  const events = all.split("\n\n").flatMap((frame) =>
    frame.startsWith("event:") ? [eventOf(frame)!] : []
  );
  assertEquals(events.filter(({ type }) => type === "response.in_progress").length, 2);
  assertEquals(events.map((event) => event.sequence_number), events.map((_, index) => index));
});

Deno.test("a key has so many runs in the background and no more", async () => {
  const { runner, finish } = stepwise();
  await using app = createApp(runner, {
    ...testOptions(),
    modelName: "agent",
    limits: { maxBackgroundRuns: 2 },
  });
  await answered(app, post({ background: true }));
  await answered(app, post({ background: true }));
  const refused = await app.fetch(post({ background: true }));
  assertEquals(refused.status, 429);
  await refused.body?.cancel();
  finish();
  await settle();
  assertEquals((await answered(app, post({ background: true }))).status, "queued");
});

Deno.test("stopping the app ends what runs in the background as failed", async () => {
  const { runner } = stepwise();
  const app = createApp(runner, { ...testOptions(), modelName: "agent" });
  const response = await app.fetch(post({ background: true, stream: true }));
  const frames = framesOf(response);
  await settle();
  await app.stop();
  const last = (await frames).map(eventOf);
  assertEquals(last.slice(-2).map((event) => event?.type), ["error", "response.failed"]);
  assertEquals(last.at(-1)!.response!.error!.code, "server_error");
});

Deno.test("the openai client polls, cancels and resumes", async () => {
  const one = stepwise();
  await using app = await served(one.runner, { modelName: "agent" });
  const { responses } = app.openai;
  const stream = responses.stream({ model: "agent", input: "Hi", background: true });
  let id = "";
  let seen = -1;
  for await (const event of stream) {
    if (event.type === "response.created") id = event.response.id;
    seen = event.sequence_number;
    if (event.type === "response.in_progress") break;
  }
  one.finish();
  const resumed = await collect(
    await responses.retrieve(id, { stream: true, "starting_after": seen }),
  );
  assertEquals(resumed[0]!.sequence_number, seen + 1);
  assertEquals(resumed.at(-1)!.type, "response.completed");
  assertEquals((await responses.retrieve(id)).output_text, WORDS.join(""));
  assertEquals((await responses.cancel(id)).status, "completed");
  const again = responses.stream({ "response_id": id });
  assertEquals((await again.finalResponse()).output_text, WORDS.join(""));
  await assertRejects(() => responses.cancel("resp_0"), OpenAI.NotFoundError);
});

Deno.test("nothing goes on ticking after the last run", async () => {
  const options = testOptions();
  const { runner, finish } = stepwise();
  await using app = createApp(runner, { ...options, modelName: "agent" });
  finish();
  const headers = { "idempotency-key": "k" };
  await answered(app, post({ background: true }));
  await answered(app, post({ background: true }, { headers }));
  await framesOf(await app.fetch(post({ stream: true }, { headers: { "idempotency-key": "l" } })));
  const { id } = await answered(app, post({ background: true }));
  await answered(app, request(`responses/${id}/cancel`, { method: "POST" }));
  await settle();
  options.clock.advance(250);
  assertEquals(options.clock.pending, 0);
});

Deno.test("background needs a store for its answer", async () => {
  await using app = createApp(
    new TestRunner(async function* () {
      yield* textEvents("Hi");
    }),
    { ...testOptions(), modelName: "agent" },
  );
  const refused = await app.fetch(post({ background: true, store: false }));
  assertEquals([refused.status, (await refused.json()).error.param], [400, "background"]);
});

function stepwise(): Stepwise & { finish(): void } {
  const one = new Stepwise();
  return Object.assign(one, { finish: one.finish.bind(one) });
}

Deno.test("an answer without end fails, and is ended as any other", async () => {
  const text = "x".repeat(1024 * 1024);
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    for (;;) yield { type: "text-delta", text };
  });
  const options = testOptions();
  await using app = createApp(runner, { ...options, modelName: "agent" });
  const response = await app.fetch(post({ stream: true }, { headers: { "idempotency-key": "k" } }));
  const events = (await framesOf(response)).map(eventOf);
  assertEquals(events.slice(-2).map((event) => event?.type), ["error", "response.failed"]);
  assertEquals(events.at(-1)!.response!.error!.code, "invalid_prompt");
});
