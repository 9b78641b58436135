import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import { fakeBackend } from "./fake_backend.ts";

const question = { model: "m", messages: [{ role: "user", content: "Hi" }] } as const;

const post = (baseURL: string, body: unknown = question, init: RequestInit = {}) =>
  fetch(`${baseURL}/chat/completions`, { method: "POST", body: JSON.stringify(body), ...init });

Deno.test("fakeBackend() answers the OpenAI package, streamed and not", async () => {
  await using backend = await fakeBackend({
    reply: { text: ["Hel", "lo"], toolCalls: [{ name: "f", arguments: ["{", "}"] }] },
  });
  const client = new OpenAI({ baseURL: backend.baseURL, apiKey: "k", maxRetries: 0 });
  const messages = [...question.messages];
  const whole = await client.chat.completions.create({ model: "m", messages });
  assertEquals(whole.choices[0]?.message.content, "Hello");
  const stream = client.chat.completions.stream({ model: "m", messages });
  const final = await stream.finalChatCompletion();
  assertEquals(final.choices[0]?.message.content, "Hello");
  assertEquals(final.choices[0]?.message.tool_calls?.length, 1);
  assertEquals(final.choices[0]?.finish_reason, "tool_calls");
});

Deno.test("fakeBackend() records requests", async () => {
  await using backend = await fakeBackend();
  const coming = backend.request(0);
  const response = await post(backend.baseURL, { ...question, extra: 1 }, {
    headers: { "x-test": "a" },
  });
  await response.body?.cancel();
  const sent = await coming;
  assertEquals([sent.method, sent.path], ["POST", "/v1/chat/completions"]);
  assertEquals(sent.headers.get("x-test"), "a");
  assertEquals(sent.body["extra"], 1);
  assertEquals(backend.requests.length, 1);
  assertEquals(await backend.request(0), sent);
  assertEquals(await sent.closed, "complete");
});

Deno.test("fakeBackend() replies by list and by function", async () => {
  const texts = async (baseURL: string) => {
    const found: string[] = [];
    for (let call = 0; call < 3; call++) {
      const completion = await (await post(baseURL)).json();
      found.push(completion.choices[0].message.content);
    }
    return found;
  };
  await using list = await fakeBackend({ reply: [{ text: "a" }, { text: "b" }] });
  assertEquals(await texts(list.baseURL), ["a", "b", "b"]);
  await using computed = await fakeBackend({
    reply: (request, call) => ({ text: `${request.body.model}${call}` }),
  });
  assertEquals(await texts(computed.baseURL), ["m0", "m1", "m2"]);
});

Deno.test("fakeBackend() sends a status, headers and a raw body", async () => {
  await using backend = await fakeBackend({
    reply: {
      status: 503,
      headers: { "retry-after": "3", "content-type": "text/html" },
      raw: "<b>",
    },
  });
  const response = await post(backend.baseURL);
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("retry-after"), "3");
  assertEquals(response.headers.get("content-type"), "text/html");
  assertEquals(await response.text(), "<b>");
});

Deno.test("fakeBackend() shapes a stream as told", async () => {
  await using backend = await fakeBackend({
    reply: { text: "x", lineEnd: "\r\n", comments: true, done: false, usage: null, writes: "one" },
  });
  const response = await post(backend.baseURL, { ...question, stream: true });
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const text = await response.text();
  assertStringIncludes(text, ": keep-alive\r\ndata: {");
  assert(!text.includes("[DONE]") && !text.includes("usage"));
});

Deno.test("fakeBackend() breaks a connection within the body", async () => {
  await using backend = await fakeBackend({
    reply: { text: ["a", "b"], ending: "cut", endAfter: 2 },
  });
  const response = await post(backend.baseURL, { ...question, stream: true });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  await assertRejects(async () => {
    for (;;) text += (await reader.read()).value ?? "";
  });
  assertStringIncludes(text, '"content":"a"');
});

Deno.test("fakeBackend() sees a client go that it never answers", async () => {
  await using backend = await fakeBackend({ reply: { ending: "never" } });
  const stop = new AbortController();
  const pending = post(backend.baseURL, question, { signal: stop.signal });
  const sent = await backend.request(0);
  stop.abort();
  await assertRejects(() => pending);
  assertEquals(await sent.closed, "aborted");
});

Deno.test("fakeBackend() sees a client go within a stream", async () => {
  await using backend = await fakeBackend({ reply: { text: "a", ending: "hang", endAfter: 2 } });
  const response = await post(backend.baseURL, { ...question, stream: true });
  await response.body?.cancel();
  assertEquals(await backend.requests[0]?.closed, "aborted");
});

Deno.test("fakeBackend() waits where told to", async () => {
  const head = Promise.withResolvers<void>();
  const write = Promise.withResolvers<void>();
  await using backend = await fakeBackend({
    reply: {
      text: "x",
      before: () => head.promise,
      beforeWrite: (index) => index === 1 ? write.promise : undefined,
    },
  });
  const pending = post(backend.baseURL, { ...question, stream: true });
  await backend.request(0);
  head.resolve();
  const reader = (await pending).body!.pipeThrough(new TextDecoderStream()).getReader();
  assertStringIncludes((await reader.read()).value ?? "", "assistant");
  write.resolve();
  assertStringIncludes((await reader.read()).value ?? "", '"content":"x"');
  await reader.cancel();
});

Deno.test("fakeBackend() stops though clients wait", async () => {
  const backend = await fakeBackend({ reply: { ending: "never" } });
  const pending = assertRejects(() => post(backend.baseURL));
  await backend.request(0);
  await backend[Symbol.asyncDispose]();
  await pending;
});
