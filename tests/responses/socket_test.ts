/**
 * Over real connections, which end when their clients do.
 * @module
 */
import { assertEquals } from "@std/assert";
import { createApp } from "../../mod.ts";
import { gate, TestRunner } from "../../src/hosting/fixture_test.ts";
import { eventOf, framesOf, readUntil } from "./posting.ts";

Deno.test("a background run outlives its connection, headers and all, and is resumed", async () => {
  const opened = gate();
  const runner = new TestRunner(async function* (_, { headers }) {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "Half " };
    await opened.promise;
    yield { type: "text-delta", text: headers.get("x-trace") ?? "lost" };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  await using app = createApp(runner, { modelName: "agent", logger: { log() {} } });
  const server = await app.serve({ port: 0 });
  const base = `http://127.0.0.1:${server.port}/v1/responses`;
  const controller = new AbortController();
  const response = await fetch(base, {
    method: "POST",
    headers: { "content-type": "application/json", "x-trace": "traced" },
    body: JSON.stringify({ model: "agent", input: "Hi", background: true, stream: true }),
    signal: controller.signal,
  });
  const reader = response.body!.getReader();
  const { response: created } = await readUntil(reader, "response.created");
  controller.abort();
  await reader.closed.catch(() => {});
  const resumed = fetch(`${base}/${created!.id}?stream=true&starting_after=0`).then(framesOf);
  opened.resolve();
  const events = (await resumed).map(eventOf);
  assertEquals(events[0]!.sequence_number, 1);
  assertEquals(events.flatMap((event) => event?.delta ?? []).join(""), "Half traced");
  const polled = await (await fetch(`${base}/${created!.id}`)).json();
  assertEquals(polled.status, "completed");
  await server.drain();
});

Deno.test("a retry over a new connection joins the run of the one that was cut", async () => {
  const opened = gate();
  const started = gate();
  const runner = new TestRunner(async function* () {
    started.resolve();
    yield { type: "text-start" };
    yield { type: "text-delta", text: "Half" };
    await opened.promise;
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  await using app = createApp(runner, { modelName: "agent", logger: { log() {} } });
  const server = await app.serve({ port: 0 });
  const ask = (signal?: AbortSignal) =>
    fetch(`http://127.0.0.1:${server.port}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "k" },
      body: JSON.stringify({ model: "agent", messages: [{ role: "user", content: "Hi" }] }),
      signal,
    });
  const controller = new AbortController();
  const cut = ask(controller.signal).catch(() => {});
  await started.promise;
  controller.abort();
  await cut;
  const retried = ask();
  opened.resolve();
  const response = await retried;
  assertEquals(response.headers.get("idempotent-replayed"), "true");
  assertEquals((await response.json()).choices[0].message.content, "Half");
  assertEquals(runner.runs, 1);
  await server.drain();
});
