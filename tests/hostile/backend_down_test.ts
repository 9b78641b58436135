/**
 * Backends that are down, overloaded, refuse or never answer, behind an app on a socket: the client
 * gets the status that fits, and the server goes on.
 */
import { assert, assertEquals } from "@std/assert";
import { FallbackBackend, OpenAICompatibleBackend } from "../../mod.ts";
import { fakeBackend } from "../fake_backend/fake_backend.ts";
import type { Reply } from "../fake_backend/reply.ts";
import { checkGood, read } from "./answers.ts";
import {
  checkFailure,
  checkQuiet,
  DOWN,
  type Expected,
  front,
  goesOn,
  INSIDE,
  raw,
  refusal,
  SECRET,
  TIMEOUT_MS,
} from "./front.ts";

/** Replies that fail before a word of the answer: an HTTP error, streamed or not. */
const BEFORE: Readonly<Record<string, { readonly reply: Reply; readonly expected: Expected }>> = {
  "answers 500": { reply: refusal(500), expected: DOWN },
  "answers 502 with HTML": {
    reply: raw(`<html>${INSIDE}</html>`, { status: 502, headers: { "content-type": "text/html" } }),
    expected: DOWN,
  },
  "answers 503": { reply: refusal(503), expected: { status: 503, code: "server_error" } },
  "answers 503 with Retry-After": {
    reply: refusal(503, { headers: { "retry-after": "7" } }),
    expected: { status: 503, code: "server_error", retryAfter: "7" },
  },
  "answers 504": { reply: refusal(504), expected: { status: 504, code: "server_error" } },
  "answers 429 with Retry-After": {
    reply: refusal(429, { headers: { "retry-after": "3" } }),
    expected: { status: 429, code: "rate_limit_exceeded", retryAfter: "3" },
  },
  "does not know our key": { reply: refusal(401), expected: DOWN },
  "forbids": { reply: refusal(403), expected: DOWN },
  "does not know the model": { reply: refusal(404), expected: DOWN },
  "calls the request bad": { reply: refusal(400), expected: DOWN },
  "finds the prompt too long": {
    reply: raw(JSON.stringify({ error: { message: INSIDE, code: "context_length_exceeded" } }), {
      status: 400,
    }),
    expected: { status: 400, code: "context_length_exceeded" },
  },
  "redirects elsewhere": {
    reply: raw("", { status: 302, headers: { location: "http://127.0.0.1:1/v1" } }),
    expected: DOWN,
  },
  "hangs up at once": { reply: raw("", { ending: "cut" }), expected: DOWN },
  "says nothing at all": { reply: raw(""), expected: DOWN },
  "speaks plain text": { reply: raw(`Hello, ${INSIDE}`), expected: DOWN },
  "speaks HTML with status 200": {
    reply: raw(`<!doctype html><p>${INSIDE}`, { headers: { "content-type": "text/html" } }),
    expected: DOWN,
  },
  "sends random bytes": {
    reply: raw(Uint8Array.from({ length: 999 }, (_, index) => (index * 73) % 256)),
    expected: DOWN,
  },
  "sends an error with status 200": {
    reply: raw(JSON.stringify({ error: { message: INSIDE } })),
    expected: DOWN,
  },
};

for (const [what, { reply, expected }] of Object.entries(BEFORE)) {
  for (const stream of [false, true]) {
    const label = `${what}${stream ? ", streamed" : ""}`;
    Deno.test(`a backend that ${label} is a ${expected.status}`, async () => {
      await using backend = await fakeBackend({ reply: [reply, { text: "Well again" }] });
      await using server = await front(backend.baseURL);
      checkFailure(await read(await server.ask({ stream })), expected);
      await goesOn(server, backend);
    });
  }
}

Deno.test("a backend that nobody answers for is a 502", async () => {
  const gone = await fakeBackend();
  await gone[Symbol.asyncDispose]();
  await using server = await front(gone.baseURL);
  for (const stream of [false, true]) {
    checkFailure(await read(await server.ask({ stream })), DOWN);
  }
  const { entries } = server.logger;
  assertEquals(entries.filter(({ level }) => level === "warn").length, 2);
  assert(!JSON.stringify(entries).includes(SECRET));
});

for (const stream of [false, true]) {
  Deno.test(`a backend that never answers is a 504${stream ? ", streamed" : ""}`, async () => {
    await using backend = await fakeBackend({
      reply: [{ ending: "never" }, { text: "Well again" }],
    });
    await using server = await front(backend.baseURL);
    const asked = server.ask({ stream });
    const request = await backend.request(0);
    server.clock.advance(TIMEOUT_MS);
    checkFailure(await read(await asked), { status: 504, code: "server_error" });
    assertEquals(await request.closed, "aborted");
    await goesOn(server, backend);
  });
}

Deno.test("a whole answer that is cut off is a 502", async () => {
  const whole = JSON.stringify({ choices: [{ message: { content: "Hello" } }] });
  await using backend = await fakeBackend({
    reply: [
      raw([whole.slice(0, 20), whole.slice(20)], { endAfter: 1, ending: "cut" }),
      { text: "Well again" },
    ],
  });
  await using server = await front(backend.baseURL);
  checkFailure(await read(await server.ask({ stream: false })), DOWN);
  await goesOn(server, backend);
});

Deno.test("a fallback answers where the first backend is down, and nobody notices", async () => {
  await using bad = await fakeBackend({ reply: refusal(500) });
  await using good = await fakeBackend({ reply: { text: ["Well ", "again"] } });
  await using server = await front(bad.baseURL, {
    wrap: (first) =>
      new FallbackBackend([
        first,
        new OpenAICompatibleBackend({ baseURL: good.baseURL, model: "second", maxRetries: 0 }),
      ]),
  });
  for (const stream of [false, true]) {
    const answer = await read(await server.ask({ stream }));
    assertEquals(checkGood(answer), undefined);
    checkQuiet(answer);
  }
  assertEquals([bad.requests.length, good.requests.length], [2, 2]);
});
