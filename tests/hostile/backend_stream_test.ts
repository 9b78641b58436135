/**
 * Backends that fail within their answer, behind an app on a socket: the client is told in band, and
 * the server goes on.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fakeBackend } from "../fake_backend/fake_backend.ts";
import { checkGood, read } from "./answers.ts";
import { checkQuiet, chunk, front, goesOn, IDLE_MS, INSIDE, raw, refusal, sse } from "./front.ts";

/** Reads a stream until `text` has come. */
async function readUntil(
  reader: ReadableStreamDefaultReader<string>,
  text: string,
): Promise<string> {
  let seen = "";
  while (!seen.includes(text)) {
    const { done, value } = await reader.read();
    assert(!done, `ended before "${text}": ${seen}`);
    seen += value;
  }
  return seen;
}

async function readRest(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let seen = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return seen;
    seen += value;
  }
}

Deno.test("a backend that falls silent within its answer ends the stream with an error", async () => {
  await using backend = await fakeBackend({
    reply: [{ text: ["One", "two"], endAfter: 2, ending: "hang" }, { text: "Well again" }],
  });
  await using server = await front(backend.baseURL);
  const response = await server.ask({ stream: true });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const begun = await readUntil(reader, "One");
  server.clock.advance(IDLE_MS);
  const text = begun + await readRest(reader);
  const answer = { status: response.status, headers: response.headers, text };
  assertEquals(checkGood(answer)?.code, "server_error");
  checkQuiet(answer);
  assertEquals(await backend.requests[0]!.closed, "aborted");
  await goesOn(server, backend);
});

Deno.test("a backend cut off within its answer ends the stream with an error", async () => {
  for (const endAfter of [2, 3]) {
    await using backend = await fakeBackend({
      reply: [{ text: ["One", "two"], endAfter, ending: "cut" }, { text: "Well again" }],
    });
    await using server = await front(backend.baseURL);
    const answer = await read(await server.ask({ stream: true }));
    assertStringIncludes(answer.text, "One");
    assertEquals(checkGood(answer)?.code, "server_error");
    assert(!answer.text.includes("[DONE]") && !answer.text.includes('"finish_reason":"'));
    checkQuiet(answer);
    await goesOn(server, backend);
  }
});

Deno.test("a backend that reports an error within its stream ends ours with one", async () => {
  const told = JSON.stringify({ error: { message: INSIDE, type: "overloaded" } });
  const reply = raw(sse(chunk({ content: "One" }), told), {
    headers: { "content-type": "text/event-stream" },
  });
  await using backend = await fakeBackend({ reply: [reply, { text: "Well again" }] });
  await using server = await front(backend.baseURL);
  const answer = await read(await server.ask({ stream: true }));
  assertEquals(checkGood(answer)?.code, "server_error");
  checkQuiet(answer);
  await goesOn(server, backend);
});

Deno.test("a slow backend gets five seconds before the stream begins, then fails in band", async () => {
  const release = Promise.withResolvers<void>();
  await using backend = await fakeBackend({
    reply: [{ ...refusal(500), before: () => release.promise }, { text: "Well again" }],
  });
  await using server = await front(backend.baseURL);
  const asked = server.ask({ stream: true });
  await backend.request(0);
  server.appClock.advance(5000);
  const response = await asked;
  assertEquals(response.status, 200);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const opened = await readUntil(reader, '"role":"assistant"');
  server.appClock.advance(5000);
  const alive = await readUntil(reader, ": keep-alive");
  release.resolve();
  const text = opened + alive + await readRest(reader);
  const answer = { status: 200, headers: response.headers, text };
  assertEquals(checkGood(answer)?.code, "server_error");
  checkQuiet(answer);
  await goesOn(server, backend);
});

Deno.test("a client that leaves within a stream stops the call to the backend", async () => {
  await using backend = await fakeBackend({
    reply: [{ text: ["One", "two"], endAfter: 2, ending: "hang" }, { text: "Well again" }],
  });
  await using server = await front(backend.baseURL);
  const leaving = new AbortController();
  const response = await server.ask({ stream: true }, { signal: leaving.signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  await readUntil(reader, "One");
  leaving.abort();
  await reader.read().catch(() => {});
  assertEquals(await backend.requests[0]!.closed, "aborted");
  await goesOn(server, backend);
});
