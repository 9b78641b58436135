/**
 * Stop means stop: when OpenAI's own client leaves, the run, its model call and its tools end.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { Agent, AgenticWorkflow, type App, createApp, liveClient, tool } from "../../mod.ts";
import type { Model, ModelEvent } from "../../mod.ts";
import { ManualClock, ScriptedModel } from "../../src/testing/mod.ts";
import { collect, MESSAGES, overSocket, served } from "./served.ts";

const ASK = { model: "agent", messages: MESSAGES };

interface Endless {
  readonly model: Model;
  /** Settles with the reason once the model call is told to stop. */
  readonly stopped: Promise<unknown>;
  /** Settles when the model is called. */
  readonly called: Promise<void>;
}

/** A model that says one word, or none, and then nothing until it is stopped. */
function endless({ word }: { readonly word?: string } = {}): Endless {
  const stopped = Promise.withResolvers<unknown>();
  const called = Promise.withResolvers<void>();
  const model: Model = {
    name: "endless",
    profile: {
      structuredOutput: "json-schema",
      logprobs: false,
      audioInput: false,
      fetchUrls: false,
    },
    async *call(_request, { signal }): AsyncGenerator<ModelEvent> {
      signal.addEventListener("abort", () => stopped.resolve(signal.reason), { once: true });
      called.resolve();
      if (word !== undefined) {
        yield { type: "text-start" };
        yield { type: "text-delta", text: word };
      }
      await stopped.promise;
      signal.throwIfAborted();
    },
  };
  return { model, stopped: stopped.promise, called: called.promise };
}

/** The client in process and over a socket. */
const WAYS: Readonly<
  Record<string, (app: App) => Promise<AsyncDisposable & { readonly openai: OpenAI }>>
> = {
  "in process": async (app) => {
    const openai = await liveClient(app).openai({ maxRetries: 0 });
    return { openai, [Symbol.asyncDispose]: () => app.stop() };
  },
  "over a socket": (app) => overSocket(app),
};

for (const [way, open] of Object.entries(WAYS)) {
  Deno.test(`openai's controller.abort() within a stream stops run and model, ${way}`, async () => {
    const { model, stopped } = endless({ word: "One" });
    const app = createApp(new Agent({ model }), { logger: { log() {} } });
    await using client = await open(app);
    const stream = await client.openai.chat.completions.create({ ...ASK, stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content === "One") stream.controller.abort();
    }
    assert(await stopped instanceof Error);
  });

  Deno.test(`openai that breaks out of a stream stops run and model, ${way}`, async () => {
    const { model, stopped } = endless({ word: "One" });
    const app = createApp(new Agent({ model }), { logger: { log() {} } });
    await using client = await open(app);
    const stream = await client.openai.chat.completions.create({ ...ASK, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === "One") break;
    assert(await stopped instanceof Error);
  });

  Deno.test(`openai's stream().abort() stops run and model, ${way}`, async () => {
    const { model, stopped } = endless({ word: "One" });
    const app = createApp(new Agent({ model }), { logger: { log() {} } });
    await using client = await open(app);
    const stream = client.openai.chat.completions.stream(ASK);
    stream.on("content", () => stream.abort());
    await assertRejects(() => stream.done(), OpenAI.APIUserAbortError);
    assert(await stopped instanceof Error);
  });
}

for (const stream of [false, true]) {
  const label = stream ? ", streamed" : "";
  Deno.test(`openai's signal stops a run nobody has heard of yet${label}`, async () => {
    const { model, stopped, called } = endless();
    await using app = await served(new Agent({ model }));
    const leaving = new AbortController();
    const asked = app.openai.chat.completions.create({ ...ASK, stream }, {
      signal: leaving.signal,
    });
    await called;
    leaving.abort();
    await assertRejects(async () => await asked, OpenAI.APIUserAbortError);
    assert(await stopped instanceof Error);
  });
}

Deno.test("openai that leaves before a stream begins stops the run once it would have, over a socket", async () => {
  const { model, stopped, called } = endless();
  const clock = new ManualClock();
  const app = createApp(new Agent({ model }), { clock, logger: { log() {} } });
  await using client = await overSocket(app);
  const leaving = new AbortController();
  const asked = client.openai.chat.completions.create({ ...ASK, stream: true }, {
    signal: leaving.signal,
  });
  await called;
  leaving.abort();
  await assertRejects(async () => await asked, OpenAI.APIUserAbortError);
  // The server need not notice before it writes: then it does.
  clock.advance(5000);
  assert(await stopped instanceof Error);
});

Deno.test("openai that leaves stops hidden tools, and nothing further begins", async () => {
  const started = Promise.withResolvers<AbortSignal>();
  const slow = tool({
    name: "slow",
    execute: (_args, { signal }) => {
      started.resolve(signal);
      return new Promise(() => {});
    },
  });
  const model = new ScriptedModel([{ text: "Wait.", toolCalls: [{ name: "slow" }] }, "Never said"]);
  await using app = await served(new Agent({ model, tools: [slow] }));
  const stream = await app.openai.chat.completions.create({ ...ASK, stream: true });
  const read = collect(stream);
  const signal = await started.promise;
  stream.controller.abort();
  await read;
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  assertEquals(model.requests.length, 1);
});

Deno.test("openai that leaves stops a workflow and the agents it runs", async () => {
  const { model, stopped, called } = endless({ word: "One" });
  const inner = new Agent({ model });
  const ended = Promise.withResolvers<boolean>();
  const workflow = new AgenticWorkflow(async (request) => {
    request.signal.addEventListener("abort", () => ended.resolve(true), { once: true });
    return await request.run(inner);
  });
  await using app = await served(workflow, { modelName: "agent" });
  const leaving = new AbortController();
  const asked = app.openai.chat.completions.create(ASK, { signal: leaving.signal });
  await called;
  leaving.abort();
  await assertRejects(async () => await asked, OpenAI.APIUserAbortError);
  assert(await ended.promise);
  assert(await stopped instanceof Error);
});

Deno.test("openai's timeout stops run and model", async () => {
  const { model, stopped } = endless();
  await using app = await served(new Agent({ model }));
  await assertRejects(
    async () => await app.openai.chat.completions.create(ASK, { timeout: 20 }),
    OpenAI.APIConnectionTimeoutError,
  );
  assert(await stopped instanceof Error);
});

Deno.test("openai reading a stream when the app stops is told so in band", async () => {
  const { model, stopped } = endless({ word: "One" });
  await using app = await served(new Agent({ model }));
  const stream = await app.openai.chat.completions.create({ ...ASK, stream: true });
  const raised = await assertRejects(async () => {
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content === "One") app.app.stop();
    }
  }, OpenAI.APIError);
  assertEquals(raised.code, "server_error");
  assert(await stopped instanceof Error);
  const after = await app.app.fetch(new Request("http://localhost/v1/models"));
  assertEquals([after.status, (await after.json()).error.code], [503, "server_error"]);
});
