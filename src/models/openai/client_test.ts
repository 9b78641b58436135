import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { createClient, loadSdk } from "./client.ts";

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** A client whose requests are answered with `statuses`, the last one for good. */
async function recordingClient(statuses: readonly number[] = [200]) {
  const sent: Sent[] = [];
  const client = createClient(await loadSdk(), {
    baseURL: "http://127.0.0.1/v1?tenant=a",
    apiKey: "key",
    headers: { "x-team": "blue" },
    maxRetries: 1,
    fetch: (input, init = {}) => {
      sent.push({ url: String(input), init });
      const status = statuses[sent.length - 1] ?? statuses.at(-1)!;
      return Promise.resolve(new Response("{}", { status, headers: { "retry-after-ms": "0" } }));
    },
  });
  const post = (body: unknown, signal?: AbortSignal) =>
    client.post("/chat/completions", { body, signal }).asResponse();
  return { sent, post };
}

Deno.test("createClient() sends each request's own body under the same headers", async () => {
  const { sent, post } = await recordingClient();
  await post({ n: 1 });
  await post({ n: 2 });
  assertEquals(sent.map(({ init }) => init.body), ['{"n":1}', '{"n":2}']);
  for (const { url, init } of sent) {
    assertEquals(url, "http://127.0.0.1/v1/chat/completions?tenant=a");
    assertEquals(init.method, "POST");
    const headers = new Headers(init.headers);
    assertEquals(headers.get("authorization"), "Bearer key");
    assertEquals(headers.get("content-type"), "application/json");
    assertEquals(headers.get("x-team"), "blue");
  }
});

Deno.test("createClient() tells nothing of the machine", async () => {
  const { sent, post } = await recordingClient([500, 200]);
  await post({});
  assertEquals(sent.length, 2);
  for (const { init } of sent) {
    const names = [...new Headers(init.headers).keys()];
    assert(!names.some((name) => name.startsWith("x-stainless-")), names.join());
  }
});

Deno.test("createClient() sends the same body again when it repeats a request", async () => {
  const { sent, post } = await recordingClient([503, 200]);
  assertEquals((await post({ n: 1 })).status, 200);
  assertEquals(sent.map(({ init }) => init.body), ['{"n":1}', '{"n":1}']);
});

Deno.test("createClient() gives fetch the signal of the call itself", async () => {
  const { sent, post } = await recordingClient();
  const { signal } = new AbortController();
  await post({}, signal);
  assertStrictEquals(sent[0]?.init.signal, signal);
});
