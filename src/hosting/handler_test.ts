import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { HttpError, RequestError, RunError } from "../run/error.ts";
import type { RunContext } from "../run/runner.ts";
import { type App, type AppOptions, createApp } from "./app.ts";
import type { ApiKey } from "./auth/api_key.ts";
import { FakeModels } from "./fake_models.ts";
import {
  chatRequest,
  gate,
  saying,
  testOptions,
  TestRunner,
  untilAborted,
} from "./fixture_test.ts";

const KEYS: readonly ApiKey[] = [
  { name: "all", key: "key-all" },
  { name: "some", key: "key-some", models: ["a"] },
];

function twoModels(options: AppOptions = {}): App {
  return createApp({ a: saying("A"), b: saying("B") }, { ...testOptions(), ...options });
}

function bearer(key: string): HeadersInit {
  return { authorization: `Bearer ${key}` };
}

function get(path: string, init: RequestInit = {}): Request {
  return new Request(`http://localhost${path}`, init);
}

// deno-lint-ignore no-explicit-any -- whatever JSON an answer holds.
async function jsonOf(response: Response): Promise<any> {
  return await response.json();
}

Deno.test("paths: bare and prefixed, a slash at the end, queries and percent-encoded ids", async () => {
  await using app = createApp({ "org/model é": saying("Hi") }, testOptions());
  const id = encodeURIComponent("org/model é");
  for (
    const path of [
      `/v1/models/${id}`,
      `/models/${id}`,
      `/v1/models/${id}/`,
      `/v1/models/${id}?beta=true`,
      "/v1/models/org/model%20%C3%A9",
    ]
  ) {
    const response = await app.fetch(get(path));
    assertEquals([path, response.status], [path, 200]);
    assertEquals((await jsonOf(response)).id, "org/model é");
  }
  for (const path of ["/chat/completions", "/v1/chat/completions/", "/v1/chat/completions?x=/y"]) {
    const url = `http://localhost${path}`;
    const response = await app.fetch(chatRequest({ model: "org/model é" }, { url }));
    assertEquals([path, response.status], [path, 200]);
    await response.body?.cancel();
  }
});

Deno.test("paths: everything else is 404 unknown_url, also bare ones beside another prefix", async () => {
  await using app = createApp(saying(), { ...testOptions(), prefix: "/api/v1" });
  for (
    const path of [
      "/v1/models",
      "/models",
      "/chat/completions",
      "/api/v1",
      "/api/v1/",
      "/api/v1/model",
      "/api/v1//models",
      "/api//v1/models",
      "/API/v1/models",
      "/api/v1/models%2F",
      "/api%2Fv1/models",
      "/api/v1/chat%2Fcompletions",
      "/api/v1/models/%E0%A4%A",
      "/api/v1/completions",
      "/api/v1/embeddings",
      "/health/x",
    ]
  ) {
    const response = await app.fetch(get(path));
    assertEquals([path, response.status], [path, 404]);
    assertEquals([path, (await jsonOf(response)).error.code], [path, "unknown_url"]);
  }
});

Deno.test("fuzzed paths, methods and headers never give a 500 and never pass for nothing", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  // deno-lint-ignore no-console -- a failing run can be repeated with it.
  console.info(`seed ${seed}`);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  await using app = twoModels({ apiKeys: KEYS });
  const pieces = [
    "/",
    "v1",
    "models",
    "chat",
    "completions",
    "..",
    ".",
    "%",
    "%2e",
    "%00",
    "é",
    "a",
  ];
  for (let round = 0; round < 2000; round++) {
    const path = "/" + Array.from({ length: random(7) }, () => pick(pieces)).join(pick(["", "/"]));
    const method = pick(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "EAD", "POS"]);
    const headers: HeadersInit = pick<Record<string, string>>([
      {},
      { "content-type": "application/json" },
      { authorization: "Bearer key-all " },
      { authorization: "bearer nothing", "content-type": "text/plain" },
      { upgrade: "websocket" },
      { origin: "null" },
    ]);
    const body = method === "POST" ? pick(["", "{}", "[", "\u0000", '{"model":1}']) : undefined;
    const response = await app.fetch(get(path, { method, headers, body }));
    await response.body?.cancel();
    assert(response.status < 500, `${method} ${path} -> ${response.status}`);
    assertMatch(response.headers.get("x-request-id")!, /^req_\d+$/);
    if (response.status === 200) {
      const open = /^\/(?:health|ready)?\/?$/.test(new URL(`http://x${path}`).pathname);
      assert(open || headers.authorization === "Bearer key-all ", `${method} ${path}`);
    }
  }
});

Deno.test("a wrong method is 405 with Allow, HEAD is GET without a body, OPTIONS is 204", async () => {
  await using app = twoModels();
  for (
    const [method, path, allow] of [
      ["GET", "/v1/chat/completions", "POST"],
      ["DELETE", "/v1/models", "GET, HEAD"],
      ["POST", "/health", "GET, HEAD"],
      ["EAD", "/v1/models", "GET, HEAD"],
    ] as const
  ) {
    const response = await app.fetch(get(path, { method }));
    assertEquals([response.status, response.headers.get("allow")], [405, allow]);
    assertEquals((await jsonOf(response)).error.code, "method_not_allowed");
  }
  for (const path of ["/", "/health", "/v1/models", "/v1/models/a"]) {
    const response = await app.fetch(get(path, { method: "HEAD" }));
    assertEquals([response.status, await response.text()], [200, ""]);
  }
  const options = await app.fetch(get("/v1/chat/completions", { method: "OPTIONS" }));
  assertEquals([options.status, options.body], [204, null]);
  assertEquals(options.headers.get("access-control-allow-origin"), null);
});

Deno.test("a WebSocket upgrade is refused with 426", async () => {
  await using app = twoModels();
  for (const path of ["/v1/chat/completions", "/v1/models"]) {
    const response = await app.fetch(get(path, { headers: { upgrade: "WebSocket" } }));
    assertEquals(response.status, 426);
    await response.body?.cancel();
  }
});

Deno.test("every response has a request id and the time it took", async () => {
  const options = testOptions();
  const slow = new TestRunner(async function* (_, { clock }) {
    options.clock.advance(42);
    yield { type: "finish", reason: clock.now() > 0 ? "stop" : "length" };
  });
  await using app = createApp(slow, options);
  const answers: Response[] = [];
  for (
    const request of [
      get("/"),
      get("/health"),
      get("/ready"),
      get("/nothing"),
      get("/v1/models", { method: "OPTIONS" }),
      chatRequest({ model: 1 }),
      chatRequest(),
      chatRequest({ stream: true }),
    ]
  ) answers.push(await app.fetch(request));
  const times = answers.map((answer) => answer.headers.get("openai-processing-ms"));
  assertEquals(times, ["0", "0", "0", "0", "0", "0", "42", "42"]);
  const ids = answers.map((answer) => answer.headers.get("x-request-id"));
  assertEquals(new Set(ids).size, answers.length);
  for (const answer of answers) await answer.body?.cancel();
});

/** A good request but for one byte that is not UTF-8. */
const LATIN1 = Uint8Array.from(
  '{"model":"agent","messages":[{"role":"user","content":"\u00e9"}]}',
  (char) => char.charCodeAt(0),
);

Deno.test("bodies: wrong types, sizes, encodings and depths are the caller's errors", async () => {
  await using app = createApp(saying(), {
    ...testOptions(),
    limits: { maxBodyBytes: 300, maxNesting: 10, maxMessages: 2 },
  });
  const json = { "content-type": "application/json" };
  const user = { role: "user", content: "Hi" };
  const cases: readonly [HeadersInit, BodyInit | null, number][] = [
    [{ "content-type": "text/plain" }, "{}", 415],
    [{ "content-type": "application/x-www-form-urlencoded" }, "{}", 415],
    [{ "content-type": "application/jsonx" }, "{}", 415],
    [{ ...json, "content-encoding": "gzip" }, "{}", 415],
    [json, null, 400],
    [json, "", 400],
    [json, "{", 400],
    [json, "[]", 400],
    [json, "null", 400],
    [json, LATIN1, 400],
    [json, "[".repeat(200), 400],
    [json, `{"a":${"[".repeat(50)}${"]".repeat(50)}}`, 400],
    [json, JSON.stringify({ model: "agent", messages: [user], x: "y".repeat(300) }), 413],
    [{ ...json, "content-length": "301" }, "{}", 413],
    [json, JSON.stringify({ model: "agent", messages: [user, user, user] }), 400],
    [json, '{"__proto__":{"model":"agent"},"messages":[]}', 400],
    [{ "content-type": "Application/JSON; charset=utf-8" }, '{"model":"agent","messages":[]}', 400],
  ];
  for (const [headers, body, status] of cases) {
    const response = await app.fetch(
      get("/v1/chat/completions", { method: "POST", headers, body }),
    );
    const { error } = await jsonOf(response);
    assertEquals([body, response.status], [body, status], error.message);
    assertEquals(Object.keys(error).sort(), ["code", "message", "param", "type"]);
  }
});

Deno.test("an endless body is cut off at the limit", async () => {
  await using app = createApp(saying(), { ...testOptions(), limits: { maxBodyBytes: 1000 } });
  let chunks = 0;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      chunks += 1;
      controller.enqueue(new Uint8Array(100).fill(0x20));
    },
    cancel() {
      cancelled = true;
    },
  }, { highWaterMark: 0 });
  const response = await app.fetch(get("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  }));
  assertEquals(response.status, 413);
  assertEquals([chunks, cancelled], [11, true]);
  await response.body?.cancel();
});

Deno.test("runners see headers without credentials, the caller, the model and the deps", async () => {
  let seen: RunContext | undefined;
  const runner = new TestRunner(async function* (_, context) {
    seen = context;
    yield { type: "finish", reason: "stop" };
  });
  await using app = createApp(runner, {
    ...testOptions(),
    apiKeys: KEYS.slice(0, 1),
    modelName: "m",
    requestContextFactory: (context) => ({ user: context.header("x-user"), who: context.authName }),
  });
  const headers = {
    ...bearer("key-all"),
    "x-api-key": "key-all",
    "api-key": "key-all",
    "proxy-authorization": "Basic x",
    cookie: "session=1",
    "x-user": "ada",
  };
  const response = await app.fetch(chatRequest({ model: "m" }, { headers }));
  assertEquals(response.status, 200);
  assertEquals(seen?.deps, { user: "ada", who: "all" });
  assertEquals([seen?.modelId, seen?.principal.name], ["m", "all"]);
  assertEquals(seen?.runId, response.headers.get("x-request-id"));
  assertEquals(Array.from(seen!.headers.keys()).sort(), ["content-type", "x-user"]);
  // What is spread keeps what is made on demand.
  assertEquals({ ...seen! }.headers.get("x-user"), "ada");
  await response.body?.cancel();
});

Deno.test("requestContextFactory may refuse with its own status; its bugs stay inside", async () => {
  const ask = async (error: unknown) => {
    await using app = createApp(saying(), {
      ...testOptions(),
      requestContextFactory: () => Promise.reject(error),
    });
    const response = await app.fetch(chatRequest({ stream: true }));
    return { status: response.status, ...(await jsonOf(response)).error };
  };
  const refused = await ask(new HttpError(402, "Pay first"));
  assertEquals([refused.status, refused.message], [402, "Pay first"]);
  const wrong = await ask(new RequestError("missing-parameter", "No user", { param: "user" }));
  assertEquals([wrong.status, wrong.param], [400, "user"]);
  const bug = await ask(new Error("password is hunter2"));
  assertEquals(bug.status, 500);
  assertFalse(bug.message.includes("hunter2"));
  assertMatch(bug.message, /req_1/);
});

Deno.test("a model that cannot be built gives 503 server_error without its reason; others serve", async () => {
  const options = testOptions();
  await using app = createApp(
    new FakeModels().add("up", saying("Hi")).add("down", () => {
      throw new RunError("model-unavailable", "needs secret MCP");
    }, { lifecycle: "lazy" }),
    { ...options, apiKeys: KEYS.slice(0, 1) },
  );
  const headers = bearer("key-all");
  const response = await app.fetch(chatRequest({ model: "down" }, { headers }));
  assertEquals(response.status, 503);
  assert(response.headers.has("retry-after"));
  const { error } = await jsonOf(response);
  assertEquals([error.type, error.code], ["server_error", "server_error"]);
  assertFalse(error.message.includes("MCP"));
  assertEquals((await app.fetch(chatRequest({ model: "up" }, { headers }))).status, 200);
  assert(options.logger.entries.some(({ fields }) => fields.detail === "needs secret MCP"));
});

Deno.test("answers run side by side without seeing each other", async () => {
  const gates = Array.from({ length: 20 }, () => gate());
  let entered = 0;
  const runner = new TestRunner(async function* (request) {
    const mine = entered++;
    if (entered === gates.length) { for (const { resolve } of gates) resolve(); }
    await gates[mine]!.promise;
    yield { type: "text-start" };
    yield { type: "text-delta", text: String(request.parameters.canary) };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  await using app = createApp(runner, testOptions());
  await Promise.all(gates.map(async (_, index) => {
    const canary = `canary-${index}.`;
    const response = await app.fetch(chatRequest({ canary, stream: index % 2 === 0 }));
    const text = await response.text();
    assertEquals(text.match(/canary-\d+\./g), [canary]);
  }));
});
Deno.test("a client that leaves while the deps are made aborts the factory's signal", async () => {
  for (const stream of [true, false]) {
    const options = testOptions();
    const asked = gate();
    const runner = saying();
    await using app = createApp(runner, {
      ...options,
      requestContextFactory: async ({ signal }) => {
        asked.resolve();
        await untilAborted(signal);
      },
    });
    const client = new AbortController();
    const response = app.fetch(chatRequest({ stream }, { signal: client.signal }));
    await asked.promise;
    client.abort();
    assertEquals((await response).status, 499);
    assertEquals(runner.runs, 0);
    await (await response).body?.cancel();
  }
});

Deno.test("whatever another server passes along with the request does no harm", async () => {
  await using app = createApp(saying("Hi"), testOptions());
  for (const info of [null, 1, "x", {}, { remoteAddr: null }, { remoteAddr: "x" }, () => 1]) {
    const response = await app.fetch(chatRequest(), info as never);
    assertEquals(response.status, 200);
    await response.body?.cancel();
  }
});
