import { assert, assertEquals, assertRejects } from "@std/assert";
import type { RunError } from "../run/error.ts";
import { createApp } from "./app.ts";
import { gate, saying, testOptions, TestRunner, untilAborted } from "./fixture_test.ts";
import { liveClient } from "./live_client.ts";

const HI = { model: "agent", messages: [{ role: "user", content: "Hi" }] };

Deno.test("a live client starts the app, reaches pages and API, and stops the app", async () => {
  const runner = saying("Hello");
  {
    await using client = liveClient(createApp(runner, testOptions()));
    assertEquals(client.baseURL, "http://localhost/v1");
    assertEquals((await (await client.get("models")).json()).data[0].id, "agent");
    assertEquals((await (await client.get("/health")).json()).status, "ok");
    const answer = await (await client.post("chat/completions", HI)).json();
    assertEquals(answer.choices[0].message.content, "Hello");
    assertEquals((await client.fetch(`${client.baseURL}/models`)).status, 200);
    assertEquals((await client.fetch(new URL("http://localhost/v1/models"))).status, 200);
    assertEquals(runner.starts, 1);
  }
  assertEquals(runner.disposals, 1);
});

Deno.test("a live client sends its key and fails with the app's start", async () => {
  const apiKeys = [{ name: "k", key: "key-1" }];
  await using app = createApp(saying(), { ...testOptions(), apiKeys });
  assertEquals((await liveClient(app).get("models")).status, 401);
  assertEquals((await liveClient(app, { apiKey: "key-1" }).get("models")).status, 200);
  const broken = saying();
  broken.starting = () => Promise.reject(new Error("broken"));
  await using client = liveClient(createApp(broken, testOptions()));
  await assertRejects(() => client.get("models"), Error, "broken");
});

Deno.test("openai() is the SDK bound to the app, streamed and not", async () => {
  await using client = liveClient(createApp(saying("Hel", "lo"), testOptions()));
  const openai = await client.openai();
  const answer = await openai.chat.completions.create({
    model: "agent",
    messages: [{ role: "user", content: "Hi" }],
  });
  assertEquals(answer.choices[0]?.message.content, "Hello");
  const stream = await openai.chat.completions.create({
    model: "agent",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
  });
  const deltas: string[] = [];
  for await (const chunk of stream) deltas.push(chunk.choices[0]?.delta.content ?? "");
  assertEquals(deltas, ["", "Hel", "lo", ""]);
});

Deno.test("aborting a request aborts the run, before the answer and in mid-stream", async () => {
  for (const speaksFirst of [false, true]) {
    const started = gate();
    const reason = gate<unknown>();
    await using client = liveClient(createApp(
      new TestRunner(async function* (_, { signal }) {
        if (speaksFirst) yield { type: "text-start" };
        if (speaksFirst) yield { type: "text-delta", text: "a" };
        started.resolve();
        signal.addEventListener("abort", () => reason.resolve(signal.reason));
        await untilAborted(signal);
      }),
      testOptions(),
    ));
    const controller = new AbortController();
    const { signal } = controller;
    const response = client.post("chat/completions", { ...HI, stream: true }, { signal });
    if (speaksFirst) {
      const text = (await response).text();
      await started.promise;
      controller.abort();
      await assertRejects(() => text, DOMException);
    } else {
      await started.promise;
      controller.abort();
      await assertRejects(() => response, DOMException);
    }
    assertEquals((await reason.promise as RunError).code, "cancelled");
    await assertRejects(() => client.get("models", { signal }), DOMException);
  }
});

Deno.test("leaving an SDK stream early ends the run", async () => {
  const ended = gate();
  await using client = liveClient(createApp(
    new TestRunner(async function* () {
      try {
        yield { type: "text-start" };
        for (;;) yield { type: "text-delta", text: "x" };
      } finally {
        ended.resolve();
      }
    }),
    testOptions(),
  ));
  const openai = await client.openai();
  const stream = await openai.chat.completions.create({
    model: "agent",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
  });
  let chunks = 0;
  for await (const _ of stream) if (++chunks === 3) break;
  await ended.promise;
  assert(chunks === 3);
});
