import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { RunError } from "../run/error.ts";
import { type App, type AppOptions, createApp } from "./app.ts";
import type { ApiKey } from "./auth/api_key.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import { FakeModels } from "./fake_models.ts";
import { chatRequest, saying, testOptions } from "./fixture_test.ts";
import { createHost } from "./host.ts";
import { methodsOf, Routes } from "./routes.ts";

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

Deno.test("every route but health, ready and the root page refuses without a key", async () => {
  await using app = twoModels({ apiKeys: KEYS });
  const authenticator: Authenticator = {
    keyed: true,
    scopes: [],
    authenticate() {
      throw new Error("unused");
    },
  };
  const routes = new Routes([{ prefix: "/v1", authenticator }]);
  const open: string[] = [];
  for (const { path, route } of routes.list) {
    for (const method of methodsOf(route)) {
      for (const headers of <HeadersInit[]> [{}, bearer("wrong"), { "x-api-key": "key" }]) {
        const response = await app.fetch(
          get(path.replace("{id}", "a"), {
            method,
            headers: { "content-type": "application/json", ...headers },
            body: method === "POST" ? "{}" : null,
          }),
        );
        await response.body?.cancel();
        if (response.status === 401) {
          assertEquals(response.headers.get("www-authenticate"), "Bearer");
        } else open.push(`${method} ${path}`);
      }
    }
  }
  assertEquals([...new Set(open)].sort(), [
    "GET /",
    "GET /health",
    "GET /ready",
    "HEAD /",
    "HEAD /health",
    "HEAD /ready",
  ]);
});

Deno.test("authentication comes before the body is read", async () => {
  await using app = twoModels({ apiKeys: KEYS });
  let pulled = false;
  const body = new ReadableStream({
    pull() {
      pulled = true;
    },
  }, { highWaterMark: 0 });
  const response = await app.fetch(
    get("/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    }),
  );
  assertEquals(response.status, 401);
  assertFalse(pulled);
  await response.body?.cancel();
});

Deno.test("a key sees, lists and uses only its models; others do not exist for it", async () => {
  await using app = twoModels({ apiKeys: KEYS });
  const headers = bearer("key-some");
  const list = await jsonOf(await app.fetch(get("/v1/models", { headers })));
  assertEquals(list.data.map(({ id }: { id: string }) => id), ["a"]);
  const all = await jsonOf(await app.fetch(get("/v1/models", { headers: bearer("key-all") })));
  assertEquals(all.data.map(({ id }: { id: string }) => id), ["a", "b"]);
  const forbidden = await app.fetch(chatRequest({ model: "b" }, { headers }));
  const unknown = await app.fetch(chatRequest({ model: "c" }, { headers }));
  assertEquals([forbidden.status, unknown.status], [404, 404]);
  assertEquals(
    (await forbidden.text()).replaceAll('\\"b\\"', "X"),
    (await unknown.text()).replaceAll('\\"c\\"', "X"),
  );
  assertEquals((await app.fetch(get("/v1/models/b", { headers }))).status, 404);
  assertEquals((await app.fetch(get("/v1/models/a", { headers }))).status, 200);
  assertEquals((await app.fetch(chatRequest({ model: "a" }, { headers }))).status, 200);
});

Deno.test("a key of one entrypoint is worth nothing at another", async () => {
  await using app = createHost({
    ...testOptions(),
    entrypoints: [
      { prefix: "/one/v1", models: { m: saying("1") }, apiKeys: [{ name: "k", key: "key-1" }] },
      { prefix: "/two/v1", models: { m: saying("2") }, apiKeys: [{ name: "k", key: "key-2" }] },
    ],
  });
  const ask = async (prefix: string, key: string) =>
    await app.fetch(
      chatRequest({ model: "m" }, {
        url: `http://localhost${prefix}/chat/completions`,
        headers: bearer(key),
      }),
    );
  assertEquals((await jsonOf(await ask("/one/v1", "key-1"))).choices[0].message.content, "1");
  assertEquals((await jsonOf(await ask("/two/v1", "key-2"))).choices[0].message.content, "2");
  assertEquals((await ask("/one/v1", "key-2")).status, 401);
  assertEquals((await ask("/two/v1", "key-1")).status, 401);
  assertEquals((await ask("", "key-1")).status, 404);
});

Deno.test("foreign pages get 403 unless their origin is named; CORS is off by default", async () => {
  const foreign = { origin: "https://evil.example" };
  await using closed = twoModels();
  const refused = await closed.fetch(chatRequest({ model: "a" }, { headers: foreign }));
  assertEquals(refused.status, 403);
  assertEquals(refused.headers.get("access-control-allow-origin"), null);
  for (const origin of ["null", "http://localhost.evil.example", "localhost", "https://"]) {
    const response = await closed.fetch(chatRequest({ model: "a" }, { headers: { origin } }));
    assertEquals([origin, response.status], [origin, 403]);
  }
  const same = { origin: "http://localhost" };
  assertEquals((await closed.fetch(chatRequest({ model: "a" }, { headers: same }))).status, 200);
  await using open = twoModels({ corsOrigins: ["https://app.example"] });
  const headers = { origin: "https://app.example" };
  const allowed = await open.fetch(chatRequest({ model: "a" }, { headers }));
  assertEquals(allowed.status, 200);
  assertEquals(allowed.headers.get("access-control-allow-origin"), "https://app.example");
  assertStringIncludes(allowed.headers.get("access-control-expose-headers")!, "x-request-id");
  assertEquals(allowed.headers.get("vary"), "origin");
  const failed = await open.fetch(chatRequest({ model: "z" }, { headers }));
  assertEquals(failed.headers.get("access-control-allow-origin"), "https://app.example");
  assertEquals((await open.fetch(chatRequest({ model: "a" }, { headers: foreign }))).status, 403);
});

Deno.test("a preflight allows credentials, content type and what SDKs send, nothing else", async () => {
  await using app = twoModels({ corsOrigins: ["*"], apiKeys: KEYS });
  const response = await app.fetch(get("/v1/chat/completions", {
    method: "OPTIONS",
    headers: {
      origin: "https://app.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type,x-stainless-os,x-evil",
    },
  }));
  assertEquals(response.status, 204);
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
  assertEquals(
    response.headers.get("access-control-allow-headers"),
    "authorization, content-type, x-stainless-os",
  );
  assertEquals(response.headers.get("access-control-allow-credentials"), null);
});

Deno.test("/ready: overall without a key, models and checks of the key with one", async () => {
  await using app = createApp(
    new FakeModels().add("a", saying()).add("b", () => {
      throw new RunError("model-unavailable", "needs secret MCP");
    }, { lifecycle: "lazy", dependencyPolicy: "degrade" }),
    { ...testOptions(), apiKeys: KEYS },
  );
  await app.start();
  const failed = await app.fetch(chatRequest({ model: "b" }, { headers: bearer("key-all") }));
  assertEquals(failed.status, 503);
  await failed.body?.cancel();
  const anonymous = await app.fetch(get("/ready"));
  assertEquals([anonymous.status, await anonymous.text()], [503, '{"status":"not_ready"}']);
  const all = await jsonOf(await app.fetch(get("/ready", { headers: bearer("key-all") })));
  assertEquals(Object.keys(all.entrypoints["/v1"]), ["a", "b"]);
  const { a, b } = all.entrypoints["/v1"];
  assertEquals([a.state, a.last_error], ["up", null]);
  assertEquals([b.state, b.last_error], ["failed", "model-unavailable"]);
  assertFalse(JSON.stringify(all).includes("MCP"));
  const some = await jsonOf(await app.fetch(get("/ready", { headers: bearer("key-some") })));
  assertEquals(Object.keys(some.entrypoints["/v1"]), ["a"]);
  const wrong = await app.fetch(get("/ready", { headers: bearer("nope") }));
  assertEquals(await wrong.text(), '{"status":"not_ready"}');
});
