import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { silentLogger } from "../context/system.ts";
import { SetupError } from "../run/error.ts";
import { CollectingLogger } from "../testing/test_context.ts";
import { createApp } from "./app.ts";
import {
  gate,
  nextFrame,
  saying,
  settle,
  testOptions,
  TestRunner,
  untilAborted,
} from "./fixture_test.ts";

const LOCAL = { host: "127.0.0.1", port: 0 };

/** Sends raw bytes and reads until the other side closes. */
async function raw(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}

async function writeAll(connection: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

function rawPost(port: number, headers: readonly string[], body: string): Promise<string> {
  const length = new TextEncoder().encode(body).length;
  return raw(
    port,
    [
      "POST /v1/chat/completions HTTP/1.1",
      ...headers,
      `Content-Length: ${length}`,
      "Connection: close",
    ]
      .join("\r\n") + `\r\n\r\n${body}`,
  );
}

const CHAT = JSON.stringify({ model: "agent", messages: [{ role: "user", content: "Hi" }] });
const STREAM = JSON.stringify({ ...JSON.parse(CHAT), stream: true });
const JSON_TYPE = "Content-Type: application/json";

/** What is served at a port: nothing, or somebody else's models, since tests beside this take ports. */
async function modelsAt(port: number): Promise<string> {
  using client = Deno.createHttpClient({});
  return await fetch(`http://127.0.0.1:${port}/v1/models`, { client })
    .then((response) => response.text(), () => "");
}

/** Posts over a connection of its own, so that nothing stays open after the test. */
async function post(
  port: number,
  body: string,
  init: RequestInit & { client: Deno.HttpClient },
): Promise<Response> {
  return await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    ...init,
  });
}

Deno.test("serve() listens on a free port, tells it, and drains", async () => {
  const runner = saying("Hi");
  const app = createApp({ agent: runner, "only-here": runner }, testOptions());
  let listening: number | undefined;
  const served = await app.serve({ ...LOCAL, onListen: ({ port }) => listening = port });
  assertEquals(listening, served.port);
  const answer = await rawPost(served.port, [`Host: 127.0.0.1:${served.port}`, JSON_TYPE], CHAT);
  assertStringIncludes(answer, "HTTP/1.1 200 OK");
  assertStringIncludes(answer, '"content":"Hi"');
  await served.drain();
  await served.finished;
  assertEquals(runner.disposals, 1);
  assertFalse((await modelsAt(served.port)).includes("only-here"));
});

Deno.test("serve() refuses to be reached from outside without a key, unless told to", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.com"]) {
    await using app = createApp(saying(), testOptions());
    await assertRejects(() => app.serve({ host, port: 0 }), SetupError, "without a key");
  }
  const apiKeys = [{ name: "k", key: "k" }];
  for (
    const [host, options, warnings] of [
      ["0.0.0.0", { apiKeys }, 0],
      ["0.0.0.0", { insecure: true }, 1],
      ["127.0.0.1", { insecure: true }, 0],
      ["0.0.0.0", { apiKeys, insecure: true }, 0],
    ] as const
  ) {
    const logger = new CollectingLogger();
    const app = createApp(saying(), { ...testOptions(), ...options, logger });
    const served = await app.serve({ host, port: 0 });
    await served.drain();
    const told = logger.entries.filter(({ message }) => message.startsWith("Anybody who reaches"));
    assertEquals(told.length, warnings);
  }
});

Deno.test("serve() says which address is taken and releases what it started", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const runner = saying();
  await using app = createApp(runner, testOptions());
  const { port } = taken.addr;
  await assertRejects(() => app.serve({ ...LOCAL, port }), SetupError, `127.0.0.1:${port}`);
  assertEquals(runner.starts, 0);
});

Deno.test("serve() closes the port again when the app cannot start", async () => {
  const runner = saying();
  runner.starting = () => Promise.reject(new Error("broken"));
  const app = createApp(runner, testOptions());
  await assertRejects(() => app.serve(LOCAL), Error, "broken");
});

Deno.test("without a key only names of this machine are answered", async () => {
  await using served = await createApp(saying("Hi"), testOptions()).serve(LOCAL);
  const { port } = served;
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, "LOCALHOST"]) {
    const answer = await rawPost(port, [`Host: ${host}`, JSON_TYPE], CHAT);
    assertStringIncludes(answer, "HTTP/1.1 200", host);
  }
  for (
    const host of [
      `evil.example:${port}`,
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "localhost@evil.example",
      "127.0.0.2",
      "0.0.0.0",
    ]
  ) {
    const answer = await rawPost(port, [`Host: ${host}`, JSON_TYPE], CHAT);
    assert(/^HTTP\/1\.1 40[03] /.test(answer), `${host}: ${answer.slice(0, 40)}`);
  }
  const twice = await rawPost(port, ["Host: localhost", "Host: evil.example", JSON_TYPE], CHAT);
  assert(/^HTTP\/1\.1 40[03] /.test(twice), twice.slice(0, 40));
  const health = await raw(
    port,
    "GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
  );
  assertStringIncludes(health, "HTTP/1.1 200");
});

Deno.test("a keyless app refuses other machines also where somebody else listens", async () => {
  const request = (host = "localhost") => new Request(`http://${host}/v1/models`);
  const from = (hostname: string) => ({ remoteAddr: { transport: "tcp", hostname, port: 1 } });
  await using app = createApp(saying(), testOptions());
  assertEquals((await app.fetch(request(), from("127.0.0.1"))).status, 200);
  assertEquals((await app.fetch(request(), from("::1"))).status, 200);
  assertEquals((await app.fetch(request(), from("192.0.2.1"))).status, 403);
  assertEquals((await app.fetch(request("evil.example"), from("127.0.0.1"))).status, 403);
  assertEquals((await app.fetch(request("evil.example"))).status, 200);
  await using open = createApp(saying(), { ...testOptions(), insecure: true });
  assertEquals((await open.fetch(request(), from("192.0.2.1"))).status, 200);
});

Deno.test("a body beyond the limit is 413 over a socket too", async () => {
  await using served = await createApp(saying("Hi"), {
    ...testOptions(),
    limits: { maxBodyBytes: 1000 },
  }).serve(LOCAL);
  const host = "Host: localhost";
  const announced = await rawPost(served.port, [host, JSON_TYPE], `"${"x".repeat(2000)}"`);
  assertStringIncludes(announced, "HTTP/1.1 413");
  const chunked = await raw(
    served.port,
    `POST /v1/chat/completions HTTP/1.1\r\n${host}\r\n${JSON_TYPE}\r\nConnection: close\r\n` +
      `Transfer-Encoding: chunked\r\n\r\n7d0\r\n${"x".repeat(2000)}\r\n0\r\n\r\n`,
  );
  assertStringIncludes(chunked, "HTTP/1.1 413");
});

Deno.test("a client that hangs up in mid-stream aborts the run", async () => {
  const started = gate();
  const stopped = gate();
  const runner = new TestRunner(async function* (_, { signal }) {
    started.resolve();
    yield { type: "text-start" };
    yield { type: "text-delta", text: "a" };
    await untilAborted(signal).finally(stopped.resolve);
  });
  await using served = await createApp(runner, testOptions()).serve(LOCAL);
  const client = new AbortController();
  using http = Deno.createHttpClient({});
  const answer = await post(served.port, STREAM, { client: http, signal: client.signal });
  const reader = answer.body!.getReader();
  await nextFrame(reader);
  const reading = reader.read().then(() => reader.read()).catch(() => {});
  client.abort();
  await stopped.promise;
  await reading;
});

for (const stream of [false, true]) {
  Deno.test({
    name: `a client that hangs up before its ${stream ? "stream" : "answer"} aborts the run`,
    // Elsewhere the runtime tells of it for the tiniest requests only.
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const started = gate();
      const stopped = gate();
      const runner = new TestRunner(async function* (_, { signal }) {
        started.resolve();
        await untilAborted(signal).finally(stopped.resolve);
        yield { type: "text-start" };
      });
      await using served = await createApp(runner, { logger: silentLogger }).serve(LOCAL);
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: served.port });
      const body = JSON.stringify({ ...JSON.parse(STREAM), stream, user: "x".repeat(100_000) });
      const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n${JSON_TYPE}\r\n` +
        `Content-Length: ${body.length}\r\n\r\n`;
      await writeAll(connection, head);
      await writeAll(connection, body);
      await started.promise;
      connection.close();
      await stopped.promise;
    },
  });
}

Deno.test("drain() lets open streams finish and takes nothing new", async () => {
  const options = testOptions();
  const end = gate();
  const runner = new TestRunner(async function* () {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "first" };
    await end.promise;
    yield { type: "text-delta", text: "last" };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  const app = createApp({ agent: runner, "only-here": runner }, options);
  const served = await app.serve(LOCAL);
  using client = Deno.createHttpClient({});
  const response = await post(served.port, STREAM, { client });
  const drained = served.drain();
  await settle();
  assertFalse((await modelsAt(served.port)).includes("only-here"));
  assertEquals(runner.disposals, 0);
  end.resolve();
  const text = await response.text();
  assertStringIncludes(text, "last");
  assertStringIncludes(text, "[DONE]");
  await drained;
  assertEquals(runner.disposals, 1);
  assertEquals(options.clock.pending, 0);
});

Deno.test("drain() ends in band what outlasts the grace, and at once with 0", async () => {
  for (const atOnce of [false, true]) {
    const options = testOptions();
    const runner = new TestRunner(async function* (_, { signal }) {
      yield { type: "text-start" };
      yield { type: "text-delta", text: "first" };
      await untilAborted(signal);
    });
    const app = createApp(runner, { ...options, shutdownGraceMs: 10_000 });
    const stop = new AbortController();
    const served = await app.serve({ ...LOCAL, signal: stop.signal });
    using client = Deno.createHttpClient({});
    const response = await post(served.port, STREAM, { client });
    const text = response.text().catch(() => "cut");
    stop.abort();
    await settle();
    if (atOnce) served.drain(0);
    else options.clock.advance(10_000);
    await served.finished;
    if (atOnce) await text;
    else assertStringIncludes(await text, '"error"');
    assertEquals(runner.disposals, 1);
  }
});
