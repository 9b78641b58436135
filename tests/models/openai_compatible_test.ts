import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { fakeBackend } from "../fake_backend/fake_backend.ts";
import type { Reply } from "../fake_backend/reply.ts";
import { RequestError, RunError, SetupError } from "../../src/run/error.ts";
import { checkGrammar } from "../../src/run/grammar.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { transcript } from "../../src/testing/transcript.ts";
import type { ModelEvent, ModelRequest } from "../../src/models/model.ts";
import {
  OpenAICompatibleBackend,
  type OpenAICompatibleBackendOptions,
} from "../../src/models/openai_compatible.ts";

const KEY = "sk-canary-0123456789";

function request(overrides: Partial<ModelRequest> = {}): ModelRequest {
  return {
    messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
    tools: [],
    toolChoice: { type: "auto" },
    output: { type: "text" },
    settings: {},
    stream: true,
    ...overrides,
  };
}

const logger = { log() {} };
const live = () => ({ signal: new AbortController().signal, logger });

function backendAt(
  baseURL: string,
  options: Partial<OpenAICompatibleBackendOptions> = {},
): OpenAICompatibleBackend {
  return new OpenAICompatibleBackend({ baseURL, model: "m", maxRetries: 0, ...options });
}

/** The answer to a reply of a real server, as lines. */
async function answer(
  reply: Reply | readonly Reply[],
  options: Partial<OpenAICompatibleBackendOptions> & { readonly stream?: boolean } = {},
): Promise<string[]> {
  await using server = await fakeBackend({ reply });
  const { stream = true, ...rest } = options;
  const events = backendAt(server.baseURL, rest).call(request({ stream }), live());
  return (await transcript(checkGrammar(events), { joinDeltas: true })).trimEnd().split("\n");
}

/** What a call throws. */
async function failure(
  reply: Reply | readonly Reply[],
  options: Partial<OpenAICompatibleBackendOptions> & { readonly stream?: boolean } = {},
): Promise<RunError> {
  await using server = await fakeBackend({ reply });
  const { stream = true, ...rest } = options;
  const events = backendAt(server.baseURL, rest).call(request({ stream }), live());
  return await assertRejects(() => Array.fromAsync(events), RunError);
}

const FULL: Reply = {
  reasoning: "hmm",
  text: ["Gr", "üße ", "🦕"],
  toolCalls: [
    { name: "f", arguments: ['{"x":', "1}"] },
    { name: "g", arguments: "{}" },
  ],
  usage: {
    "prompt_tokens": 5,
    "completion_tokens": 3,
    "prompt_tokens_details": { "cached_tokens": 2 },
  },
};

const FULL_LINES = [
  "reasoning-start model",
  'reasoning-delta "hmm"',
  "reasoning-end",
  "text-start",
  'text-delta "Grüße 🦕"',
  "text-end final",
  "tool-call-start function f call_0",
  'tool-call-delta "{\\"x\\":1}"',
  "tool-call-end",
  "tool-call-start function g call_1",
  'tool-call-delta "{}"',
  "tool-call-end",
  "usage in=5 cached=2 out=3 reasoning=0",
  "finish tool-calls",
];

const FORMS: Readonly<Record<string, Partial<Reply> & { readonly unstreamed?: boolean }>> = {
  "unstreamed": { unstreamed: true },
  "one write for each event": {},
  "one write for all": { writes: "one" },
  "byte by byte": { writes: "bytes" },
  "CRLF": { lineEnd: "\r\n" },
  "CRLF byte by byte": { lineEnd: "\r\n", writes: "bytes" },
  "CR": { lineEnd: "\r" },
  "comments between events": { comments: true },
  "no [DONE]": { done: false },
  "no finish reason": { finishReason: null },
  "interleaved calls": { interleaved: true },
  "reasoning in its other field": { reasoningField: "reasoning" },
  "a content type with a charset": {
    headers: { "content-type": "text/event-stream;charset=utf-8" },
  },
  "a wrong content type": { headers: { "content-type": "text/plain" } },
  "a connection that stays open after [DONE]": { ending: "hang" },
  "a connection that breaks after [DONE]": { ending: "cut" },
};

for (const [form, { unstreamed, ...reply }] of Object.entries(FORMS)) {
  Deno.test(`OpenAICompatibleBackend reads the same answer from ${form}`, async () => {
    assertEquals(await answer({ ...FULL, ...reply }, { stream: !unstreamed }), FULL_LINES);
  });
}

Deno.test("OpenAICompatibleBackend reads a JSON answer to a streamed request, and the reverse", async () => {
  const completion = { choices: [{ message: { content: "Hi" }, "finish_reason": "stop" }] };
  assertEquals(await answer({ raw: JSON.stringify(completion) }), [
    "text-start",
    'text-delta "Hi"',
    "text-end final",
    "finish stop",
  ]);
  const events = [
    `data: ${
      JSON.stringify({ choices: [{ delta: { content: "Hi" }, "finish_reason": "stop" }] })
    }\n\n`,
  ];
  const headers = { "content-type": "text/event-stream" };
  assertEquals((await answer({ raw: events, headers }, { stream: false })).at(-1), "finish stop");
});

Deno.test("OpenAICompatibleBackend reads a line of a megabyte", async () => {
  const lines = await answer({ text: "x".repeat(1_000_000) });
  assertEquals(lines[1]?.length, 'text-delta ""'.length + 1_000_000);
});

Deno.test("OpenAICompatibleBackend sends what is asked, and nothing else", async () => {
  await using server = await fakeBackend();
  const backend = backendAt(`${server.baseURL}/`, {
    apiKey: KEY,
    headers: { "x-team": "blue" },
    extraBody: { "top_k": 3 },
  });
  await Array.fromAsync(backend.call(request({ settings: { temperature: 0 } }), live()));
  const [sent] = server.requests;
  assertEquals(sent?.method, "POST");
  assertEquals(sent?.path, "/v1/chat/completions");
  assertEquals(sent?.headers.get("authorization"), `Bearer ${KEY}`);
  assertEquals(sent?.headers.get("x-team"), "blue");
  assertEquals(sent?.body, {
    model: "m",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
    "stream_options": { "include_usage": true },
    temperature: 0,
    "top_k": 3,
  });
});

for (const apiKey of [undefined, ""]) {
  Deno.test(`OpenAICompatibleBackend sends no Authorization header for key ${apiKey}`, async () => {
    await using server = await fakeBackend();
    await Array.fromAsync(backendAt(server.baseURL, { apiKey }).call(request(), live()));
    assertFalse(server.requests[0]?.headers.has("authorization"));
  });
}

Deno.test("OpenAICompatibleBackend sends an Authorization header given by hand", async () => {
  await using server = await fakeBackend();
  const headers = { authorization: "Basic eA==" };
  await Array.fromAsync(backendAt(server.baseURL, { headers }).call(request(), live()));
  assertEquals(server.requests[0]?.headers.get("authorization"), "Basic eA==");
});

/** Runs a call in a process of its own and gives what the server saw. */
async function callInProcess(
  baseURL: string,
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const module = new URL("../../src/models/openai_compatible.ts", import.meta.url).href;
  const code = `
    const { OpenAICompatibleBackend } = await import(${JSON.stringify(module)});
    const backend = new OpenAICompatibleBackend({ baseURL: ${
    JSON.stringify(baseURL)
  }, model: "m" });
    const request = ${JSON.stringify(request())};
    const call = backend.call(request, { signal: new AbortController().signal, logger: { log() {} } });
    let text = "";
    for await (const event of call) if (event.type === "text-delta") text += event.text;
    console.log(text);`;
  const { code: status, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--cached-only",
      `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
      ...flags,
      `data:application/typescript,${encodeURIComponent(code)}`,
    ],
    env: { ...env },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(status, 0, decode(stderr));
  assertEquals(decode(stderr), "");
  return decode(stdout);
}

const NET = ["--allow-net=127.0.0.1", "--allow-import"];

Deno.test("OpenAICompatibleBackend is deaf to OPENAI_* variables", async () => {
  await using server = await fakeBackend({ reply: { text: "Hello" } });
  const out = await callInProcess(server.baseURL, [...NET, "--allow-env", "--allow-read"], {
    OPENAI_API_KEY: "sk-stranger",
    OPENAI_ADMIN_KEY: "sk-admin",
    OPENAI_BASE_URL: "http://127.0.0.1:1/v1",
    OPENAI_ORG_ID: "org-stranger",
    OPENAI_PROJECT_ID: "proj-stranger",
    OPENAI_WEBHOOK_SECRET: "whsec-stranger",
    OPENAI_LOG: "debug",
    OPENAI_CUSTOM_HEADERS: "Authorization: Bearer stranger\nx-stranger: 1\nbad header: 2",
  });
  assertEquals(out, "Hello\n");
  const headers = [...server.requests[0]?.headers ?? []].flat().join("\n");
  assertFalse(/stranger|sk-|authorization|openai-(organization|project)/i.test(headers), headers);
});

Deno.test("OpenAICompatibleBackend works where the environment may not be read", async () => {
  await using server = await fakeBackend({ reply: { text: "Hello" } });
  for (const flags of [["--allow-read"], ["--allow-read", "--ignore-env"]]) {
    assertEquals(await callInProcess(server.baseURL, [...NET, ...flags], {}), "Hello\n");
  }
});

Deno.test("OpenAICompatibleBackend leaves OPENAI_CUSTOM_HEADERS as it was", async () => {
  const name = "OPENAI_CUSTOM_HEADERS";
  const before = Deno.env.get(name);
  Deno.env.set(name, "x-stranger: 1");
  try {
    await using server = await fakeBackend();
    await Array.fromAsync(backendAt(server.baseURL).call(request(), live()));
    assertFalse(server.requests[0]?.headers.has("x-stranger"));
    assertEquals(Deno.env.get(name), "x-stranger: 1");
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
});

const NONSENSE: Readonly<Record<string, Reply>> = {
  "HTML": { raw: "<html>maintenance</html>", headers: { "content-type": "text/html" } },
  "an invalid JSON chunk": {
    raw: "data: {not json}\n\n",
    headers: { "content-type": "text/event-stream" },
  },
  "chunks without choices": {
    raw: "data: {}\n\n",
    headers: { "content-type": "text/event-stream" },
  },
  "[DONE] alone": { raw: "data: [DONE]\n\n", headers: { "content-type": "text/event-stream" } },
  "an empty stream": { raw: "", headers: { "content-type": "text/event-stream" } },
  "an empty body": { raw: "" },
  "JSON that is no completion": { raw: '{"hello":1}' },
  "half a JSON text": { raw: '{"choices":[' },
};
for (const [name, reply] of Object.entries(NONSENSE)) {
  for (const stream of [true, false]) {
    Deno.test(`OpenAICompatibleBackend fails as down on ${name}, stream ${stream}`, async () => {
      const error = await failure(reply, { stream });
      assertEquals(error.code, "backend-down");
    });
  }
}

Deno.test("OpenAICompatibleBackend fails as down on a line without end", async () => {
  const line = `data: ${"x".repeat(1024 * 1024)}`;
  const raw = Array.from({ length: 20 }, (_, index) => index === 0 ? line : line.slice(6));
  const error = await failure({ raw, headers: { "content-type": "text/event-stream" } });
  assertEquals(error.code, "backend-down");
  assertStringIncludes(error.message, "something else than a completion");
});

Deno.test("OpenAICompatibleBackend fails as down on fields of other types", async () => {
  const choices = [{ message: { "tool_calls": 5 } }, { message: "x" }, {}, 1, null];
  for (const choice of choices) {
    const error = await failure({ raw: JSON.stringify({ choices: [choice] }) }, { stream: false });
    assertEquals(error.code, "backend-down", JSON.stringify(choice));
    assertStringIncludes(error.message, "something else than a completion");
  }
});

Deno.test("OpenAICompatibleBackend shows the log the beginning of a senseless body", async () => {
  const error = await failure(NONSENSE["HTML"]!);
  assertInstanceOf(error.cause, Error);
  assertStringIncludes(error.cause.message, "maintenance");
});

const CUTS: Readonly<Record<string, Reply>> = {
  "broken off within the answer": { text: ["a", "b"], ending: "cut", endAfter: 2 },
  "broken off within a chunk": {
    raw: ['data: {"choices":[{"delta":{"content":"a"}}]}\n\n', 'data: {"choi'],
    headers: { "content-type": "text/event-stream" },
    ending: "cut",
  },
  "ended within the answer": { text: ["a", "b"], endAfter: 2 },
};
for (const [name, reply] of Object.entries(CUTS)) {
  Deno.test(`OpenAICompatibleBackend fails after the events of a stream ${name}`, async () => {
    await using server = await fakeBackend({ reply });
    const lines = await transcript(backendAt(server.baseURL).call(request(), live()));
    assertMatch(lines, /^text-start\ntext-delta "a"\nthrow RunError backend-down: .*\n$/);
    assertEquals(server.requests.length, 1);
  });
}

Deno.test("OpenAICompatibleBackend throws an error told in band after what came before", async () => {
  const lines = await answer({
    raw: [
      'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
      'data: {"error":{"message":"x","code":429}}\n\n',
    ],
    headers: { "content-type": "text/event-stream" },
  });
  assertEquals(lines, [
    "text-start",
    'text-delta "a"',
    'throw RunError rate-limit-exceeded: Backend "m" broke off its answer with an error',
  ]);
});

Deno.test("OpenAICompatibleBackend heeds an SSE event named error, and no other name", async () => {
  const chunk = '{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}';
  const headers = { "content-type": "text/event-stream" };
  const fine = await answer({ raw: `event: ping\ndata: {}\n\ndata: ${chunk}\n\n`, headers });
  assertEquals(fine.at(-1), "finish stop");
  const error = await failure({ raw: 'event: error\ndata: {"message":"x"}\n\n', headers });
  assertEquals(error.code, "backend-down");
});

Deno.test("OpenAICompatibleBackend repeats what may pass, before the first byte", async () => {
  const soon = { "retry-after-ms": "1" };
  await using server = await fakeBackend({
    reply: [{ status: 500, headers: soon, raw: "" }, { status: 429, headers: soon, raw: "" }, {
      text: "at last",
    }],
  });
  const backend = new OpenAICompatibleBackend({ baseURL: server.baseURL, model: "m" });
  const lines = await transcript(backend.call(request(), live()));
  assertStringIncludes(lines, "at last");
  assertEquals(server.requests.length, 3);
});

for (const status of [400, 401, 403, 404, 422]) {
  Deno.test(`OpenAICompatibleBackend does not repeat after ${status}`, async () => {
    await using server = await fakeBackend({
      reply: { status, raw: '{"error":{"message":"no"}}' },
    });
    const backend = backendAt(server.baseURL, { maxRetries: 2 });
    const error = await assertRejects(
      () => Array.fromAsync(backend.call(request(), live())),
      RunError,
    );
    assertEquals([error.code, error.retryable], ["backend-down", false]);
    assertEquals(server.requests.length, 1);
  });
}

Deno.test("OpenAICompatibleBackend does not wait for a backend that wants a long pause", async () => {
  await using server = await fakeBackend({
    reply: { status: 429, headers: { "retry-after": "30" }, raw: "{}" },
  });
  const backend = backendAt(server.baseURL, { maxRetries: 2 });
  const error = await assertRejects(
    () => Array.fromAsync(backend.call(request(), live())),
    RunError,
  );
  assertEquals([error.code, error.retryAfterMs], ["rate-limit-exceeded", 30_000]);
  assertEquals(server.requests.length, 1);
});

Deno.test("OpenAICompatibleBackend does not ask again without quota", async () => {
  await using server = await fakeBackend({
    reply: { status: 429, raw: '{"error":{"code":"insufficient_quota"}}' },
  });
  const backend = backendAt(server.baseURL, { maxRetries: 2 });
  const error = await assertRejects(
    () => Array.fromAsync(backend.call(request(), live())),
    RunError,
  );
  assertEquals([error.code, error.retryable], ["rate-limit-exceeded", false]);
  assertEquals(server.requests.length, 1);
});

Deno.test("OpenAICompatibleBackend tells 503 and 504 and a prompt too long apart", async () => {
  assertEquals((await failure({ status: 503, raw: "" })).code, "backend-overloaded");
  assertEquals((await failure({ status: 504, raw: "<html>" })).code, "backend-timeout");
  const raw = '{"error":{"message":"maximum context length is 9 tokens","code":400}}';
  assertEquals((await failure({ status: 400, raw })).code, "context-length-exceeded");
});

Deno.test("OpenAICompatibleBackend follows no redirect, and names it", async () => {
  await using other = await fakeBackend();
  const error = await failure({
    status: 307,
    headers: { location: `${other.baseURL}/chat/completions` },
    raw: "",
  }, { apiKey: KEY });
  assertEquals([error.code, error.retryable], ["backend-down", false]);
  assertStringIncludes(error.message, "redirects");
  assertEquals(other.requests.length, 0);
});

Deno.test("OpenAICompatibleBackend keeps its key out of everything it throws", async () => {
  const raw = `{"error":{"message":"Incorrect API key provided: ${KEY}"}}`;
  const replies: Reply[] = [
    { status: 401, raw },
    { status: 500, raw: `<html>${KEY}</html>` },
    { raw: `<html>${KEY}</html>`, headers: { "content-type": "text/html" } },
    { raw: `data: ${raw}\n\n`, headers: { "content-type": "text/event-stream" } },
  ];
  for (const reply of replies) {
    const error = await failure(reply, { apiKey: KEY });
    const told = Deno.inspect(error, { depth: 20 });
    assertFalse(told.includes(KEY), told);
    assertStringIncludes(told, "[secret]");
  }
});

Deno.test("OpenAICompatibleBackend is down where nobody listens or the name is unknown", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  for (const host of [`127.0.0.1:${port}`, "no-such-host.invalid"]) {
    const error = await assertRejects(
      () => Array.fromAsync(backendAt(`http://${host}/v1`).call(request(), live())),
      RunError,
    );
    assertEquals([error.code, error.retryable], ["backend-down", true]);
    assertInstanceOf(error.cause, Error);
  }
});

Deno.test("OpenAICompatibleBackend sends nothing before the first next()", async () => {
  await using server = await fakeBackend();
  const call = backendAt(server.baseURL).call(request(), live());
  await call.return?.();
  assertEquals(await call.next(), { value: undefined, done: true });
  assertEquals(server.requests.length, 0);
});

for (const stream of [true, false]) {
  Deno.test(`OpenAICompatibleBackend ends with the signal's reason before an answer, stream ${stream}`, async () => {
    await using server = await fakeBackend({ reply: { ending: "never" } });
    const stop = new AbortController();
    const call = backendAt(server.baseURL).call(request({ stream }), {
      signal: stop.signal,
      logger,
    });
    const pending = call.next();
    const sent = await server.request(0);
    const reason = new Error("gone");
    stop.abort(reason);
    assertStrictEquals(await assertRejects(() => pending), reason);
    assertEquals(await sent.closed, "aborted");
    assertEquals(await call.next(), { value: undefined, done: true });
  });
}

Deno.test("OpenAICompatibleBackend ends with the signal's reason within a stream, at once", async () => {
  await using server = await fakeBackend({
    reply: {
      text: ["a", "b", "c"],
      writes: "one",
      ending: "hang",
      finishReason: null,
      done: false,
    },
  });
  const stop = new AbortController();
  const call = backendAt(server.baseURL).call(request(), { signal: stop.signal, logger });
  assertEquals((await call.next()).value?.type, "text-start");
  stop.abort("gone");
  // The deltas that have come already are not given out any more.
  assertEquals(await assertThrown(() => call.next()), "gone");
  assertEquals(await server.requests[0]?.closed, "aborted");
});

Deno.test("OpenAICompatibleBackend ends with the signal's reason though all has been read", async () => {
  await using server = await fakeBackend({ reply: { text: ["a", "b"], writes: "one" } });
  const stop = new AbortController();
  const call = backendAt(server.baseURL).call(request(), { signal: stop.signal, logger });
  await call.next();
  stop.abort("gone");
  assertEquals(await assertThrown(() => call.next()), "gone");
});

Deno.test("OpenAICompatibleBackend lets an answer stand that was handed out before the abort", async () => {
  await using server = await fakeBackend({ reply: { text: "a" } });
  const stop = new AbortController();
  const call = backendAt(server.baseURL).call(request(), { signal: stop.signal, logger });
  for await (const event of call) if (event.type === "finish") stop.abort("late");
});

Deno.test("OpenAICompatibleBackend ends though its fetch heeds no signal", async () => {
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  const backend = backendAt("http://127.0.0.1:1/v1", {
    fetch: () => {
      asked.resolve();
      return new Promise(() => {});
    },
  });
  const pending = backend.call(request(), { signal: stop.signal, logger }).next();
  await asked.promise;
  stop.abort("gone");
  assertEquals(await assertThrown(() => pending), "gone");
});

Deno.test("OpenAICompatibleBackend sends nothing when the signal is aborted already", async () => {
  await using server = await fakeBackend();
  const signal = AbortSignal.abort("gone");
  const call = backendAt(server.baseURL).call(request(), { signal, logger });
  assertEquals(await assertThrown(() => call.next()), "gone");
  assertEquals(server.requests.length, 0);
});

Deno.test("OpenAICompatibleBackend.call return() stops a waiting next() and the request", async () => {
  await using server = await fakeBackend({ reply: { text: ["a"], endAfter: 2, ending: "hang" } });
  const call = backendAt(server.baseURL).call(request(), live());
  await call.next();
  await call.next();
  const waiting = call.next();
  await call.return?.();
  assertEquals(await waiting, { value: undefined, done: true });
  assertEquals(await server.requests[0]?.closed, "aborted");
});

Deno.test("OpenAICompatibleBackend keeps a connection for the next call", async () => {
  const ports = new Set<string>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (sent, info) => {
      // A body that nobody reads would close the connection.
      await sent.text();
      ports.add(String((info.remoteAddr as Deno.NetAddr).port));
      const chunk = '{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}';
      return new Response(`data: ${chunk}\n\ndata: [DONE]\n\n`, {
        headers: { "content-type": "text/event-stream" },
      });
    },
  );
  const backend = backendAt(`http://127.0.0.1:${server.addr.port}/v1`);
  for (let call = 0; call < 5; call++) {
    for await (const event of backend.call(request(), live())) if (event.type === "finish") break;
  }
  assertEquals(ports.size, 1);
  await server.shutdown();
});

Deno.test("OpenAICompatibleBackend times out as a whole, retries included", async () => {
  const clock = new ManualClock();
  await using server = await fakeBackend({ reply: { ending: "never" } });
  const backend = backendAt(server.baseURL, { clock, timeoutMs: 5000, maxRetries: 2 });
  const pending = backend.call(request(), live()).next();
  await server.request(0);
  clock.advance(5000);
  const error = await assertRejects(() => pending, RunError);
  assertEquals(error.code, "backend-timeout");
  assertEquals(clock.pending, 0);
  assertEquals(server.requests.length, 1);
});

Deno.test("OpenAICompatibleBackend times out when a stream falls silent", async () => {
  const clock = new ManualClock();
  const go = Promise.withResolvers<void>();
  await using server = await fakeBackend({
    reply: {
      text: ["a", "b"],
      ending: "hang",
      endAfter: 3,
      beforeWrite: (index) => index === 2 ? go.promise : undefined,
    },
  });
  const backend = backendAt(server.baseURL, { clock, timeoutMs: 60_000, idleTimeoutMs: 1000 });
  const call = backend.call(request(), live());
  await call.next();
  await call.next();
  clock.advance(900);
  go.resolve();
  const second = await call.next();
  assertEquals(second.value?.type === "text-delta" && second.value.text, "b");
  const pending = call.next();
  clock.advance(900);
  clock.advance(100);
  const error = await assertRejects(() => pending, RunError);
  assertEquals(error.code, "backend-timeout");
  assertStringIncludes(error.message, "silent");
  assertEquals(clock.pending, 0);
});

Deno.test("OpenAICompatibleBackend leaves no timer behind", async () => {
  const clock = new ManualClock();
  await using server = await fakeBackend();
  const backend = backendAt(server.baseURL, { clock });
  await Array.fromAsync(backend.call(request(), live()));
  await Array.fromAsync(backend.call(request({ stream: false }), live()));
  const early = backend.call(request(), live());
  await early.next();
  await early.return?.();
  assertEquals(clock.pending, 0);
});

Deno.test("OpenAICompatibleBackend answers many calls at once", async () => {
  await using server = await fakeBackend({
    reply: (sent) => ({ text: [String(sent.body.messages?.[0]?.["content"]), "!"] }),
  });
  const backend = backendAt(server.baseURL);
  const texts = await Promise.all(Array.from({ length: 50 }, async (_, index) => {
    const messages = [{
      role: "user",
      content: [{ type: "text", text: `call ${index}` }],
    }] as const;
    let text = "";
    for await (const event of backend.call(request({ messages }), live())) {
      if (event.type === "text-delta") text += event.text;
    }
    return text;
  }));
  assertEquals(texts, texts.map((_, index) => `call ${index}!`));
});

Deno.test("OpenAICompatibleBackend sends reasoning back in the field it came in", async () => {
  for (const reasoningField of ["reasoning", "reasoning_content"] as const) {
    await using server = await fakeBackend({
      reply: { reasoning: "a", text: "b", reasoningField },
    });
    const backend = backendAt(server.baseURL);
    const messages: ModelRequest["messages"] = [
      { role: "assistant", content: "b", reasoning: "a", toolCalls: [] },
    ];
    await Array.fromAsync(backend.call(request({ messages }), live()));
    await Array.fromAsync(backend.call(request({ messages }), live()));
    assertEquals(server.requests.map(({ body }) => body.messages?.[0]), [
      { role: "assistant", content: "b" },
      { role: "assistant", content: "b", [reasoningField]: "a" },
    ]);
  }
});

Deno.test("OpenAICompatibleBackend refuses what the backend cannot take before sending", async () => {
  await using server = await fakeBackend();
  const messages: ModelRequest["messages"] = [
    { role: "user", content: [{ type: "file", url: "https://x.test/a.pdf" }] },
  ];
  await assertRejects(
    () => Array.fromAsync(backendAt(server.baseURL).call(request({ messages }), live())),
    RequestError,
  );
  const fetching = backendAt(server.baseURL, { fetchUrls: true });
  const inside: ModelRequest["messages"] = [
    {
      role: "user",
      content: [{ type: "image", url: `https://127.0.0.1:${new URL(server.baseURL).port}/` }],
    },
  ];
  await assertRejects(
    () => Array.fromAsync(fetching.call(request({ messages: inside }), live())),
    RequestError,
  );
  assertEquals(server.requests.length, 0);
});

Deno.test("OpenAICompatibleBackend says what it can do", () => {
  const { profile, name } = backendAt("http://127.0.0.1:1/v1", { logprobs: false, name: "n" });
  assertEquals(name, "n");
  assertEquals(profile, {
    structuredOutput: "json-schema",
    logprobs: false,
    audioInput: false,
    fetchUrls: false,
  });
});

Deno.test("OpenAICompatibleBackend refuses options that cannot work", () => {
  const broken: readonly Partial<OpenAICompatibleBackendOptions>[] = [
    { baseURL: "" },
    { baseURL: "127.0.0.1:8000/v1" },
    { baseURL: "ftp://x.test" },
    { baseURL: "http://user:password@x.test/v1" },
    { model: "" },
    { apiKey: "sk-\n-x" },
    { headers: { "bad name": "x" } },
    { timeoutMs: 0 },
    { timeoutMs: NaN },
    { idleTimeoutMs: 2 ** 31 },
  ];
  for (const options of broken) {
    const error = assertThrows(() => backendAt("http://x.test/v1", options), SetupError);
    assertFalse(error.message.includes("password@"), error.message);
  }
});

Deno.test("OpenAICompatibleBackend.fromEnv() reads the named variables", async () => {
  await using server = await fakeBackend();
  const names = { endpoint: "T_ENDPOINT", model: "T_MODEL", apiKey: "T_KEY" };
  Deno.env.set("T_ENDPOINT", server.baseURL);
  Deno.env.set("T_MODEL", "from-env");
  Deno.env.set("T_KEY", KEY);
  try {
    const backend = OpenAICompatibleBackend.fromEnv(names);
    await Array.fromAsync(backend.call(request(), live()));
    assertEquals(server.requests[0]?.body.model, "from-env");
    assertEquals(server.requests[0]?.headers.get("authorization"), `Bearer ${KEY}`);
    Deno.env.delete("T_KEY");
    assert(OpenAICompatibleBackend.fromEnv(names));
    Deno.env.delete("T_MODEL");
    const error = assertThrows(() => OpenAICompatibleBackend.fromEnv(names), SetupError);
    assertStringIncludes(error.message, "T_MODEL");
  } finally {
    for (const name of Object.values(names)) Deno.env.delete(name);
  }
});

/** What a promise rejects with, of whatever type. */
async function assertThrown(run: () => Promise<IteratorResult<ModelEvent>>): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}
