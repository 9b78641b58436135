import { assert, assertEquals, assertRejects } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { McpFailure } from "./failure.ts";
import { HttpServer, SseServer, textResult, until } from "./fixture_test.ts";
import { heldTool, httpAddress, open } from "./session_fixture_test.ts";

Deno.test("McpSession over SSE is lost with its stream, and nothing else ends it", async () => {
  const { calls, setup } = heldTool();
  const server = new SseServer(setup);
  const made = await open(httpAddress("sse"), { fetch: server.fetch });
  const call = made.call("hold");
  call.catch(() => {});
  await until(() => calls.length === 1);
  server.breakStreams();
  const failure = await assertRejects(() => call, McpFailure);
  assertEquals(failure.kind, "lost");
  assertEquals(made.losses.length, 1);
  await made.session.close();
});

Deno.test("McpSession over HTTP loses the calls whose stream broke, and no others", async () => {
  const { calls, setup } = heldTool();
  const server = new HttpServer(setup);
  await using made = await open(httpAddress(), { fetch: server.fetch });
  const call = made.call("hold");
  call.catch(() => {});
  // Its stream, and the one that tells of changes.
  await until(() => calls.length === 1 && server.openStreams === 2);
  const before = made.changes();
  server.breakStreams();
  const failure = await assertRejects(() => call, McpFailure);
  assertEquals(failure.kind, "lost");
  assertEquals(made.losses, []);
  assertEquals(made.changes(), before + 1, "the stream that tells of changes broke, too");
  assertEquals((await made.call("hello")).content, textResult("Hello").content);
});

Deno.test("McpSession over HTTP that hears nothing any more is over once its calls are", async () => {
  const { calls, setup } = heldTool();
  const server = new HttpServer(setup, { resumable: true });
  const made = await open(httpAddress(), { fetch: server.fetch });
  const call = made.call("hold");
  await until(() => calls.length === 1 && server.openStreams === 2);
  // The client has to hear first how soon it can come back.
  for (let turn = 0; turn < 20; turn++) await macrotask();
  server.breakStreams("GET");
  server.down = true;
  // One for the stream that broke, one for an attempt that found nobody.
  await until(() => made.changes() >= 2);
  assertEquals([made.losses, made.session.failure], [[], undefined], "a call is under way");
  calls[0]!.end("there");
  assertEquals((await call).content, textResult("there").content);
  assertEquals(made.losses.length, 1);
  server.down = false;
  await made.session.close();
});

Deno.test("McpSession over HTTP: messages that nobody can use end no call", async () => {
  const { setup } = heldTool();
  const server = new HttpServer((made) => {
    setup(made);
    made.registerTool("noisy", {}, async (extra: unknown) => {
      const { sendNotification } = extra as {
        sendNotification: (notification: unknown) => Promise<void>;
      };
      for (const params of [{ progress: 1 }, { progressToken: 77, progress: 1 }, undefined]) {
        await sendNotification({ method: "notifications/progress", params });
      }
      await sendNotification({ method: "notifications/unheard-of" });
      await macrotask();
      return textResult("there");
    });
  });
  await using made = await open(httpAddress(), { fetch: server.fetch });
  assertEquals((await made.call("noisy")).content, textResult("there").content);
  assertEquals(made.changes(), 0);
});

Deno.test("McpSession over HTTP sends a call's headers with all its messages and no others", async () => {
  const { calls, setup } = heldTool();
  const server = new HttpServer(setup);
  const made = await open(httpAddress(), { fetch: server.fetch });
  const controllers = ["ada", "bob"].map((user) => {
    const controller = new AbortController();
    const headers = new Headers({ "x-user": user });
    made.call("hold", { signal: controller.signal, headers }).catch(() => {});
    return controller;
  });
  const late = made.call("hold", { timeoutMs: 100, headers: new Headers({ "x-user": "eve" }) });
  late.catch(() => {});
  await until(() => calls.length === 3);
  made.clock.advance(100);
  for (const controller of controllers) controller.abort(new Error("user left"));
  await until(() => server.messages("notifications/cancelled").length === 3);
  await made.session.close();
  const users = (found: typeof server.received) =>
    found.map(({ headers }) => headers.get("x-user")).sort();
  assertEquals(users(server.messages("tools/call")), ["ada", "bob", "eve"]);
  assertEquals(users(server.messages("notifications/cancelled")), ["ada", "bob", "eve"]);
  const others = server.received.filter(({ message }) =>
    !/^(?:tools\/call|notifications\/cancelled)$/.test(message?.method ?? "")
  );
  assertEquals(new Set(users(others)), new Set([null]));
  assert(others.some(({ method }) => method === "DELETE"));
  assert(server.received.every(({ headers }) => headers.get("x-app") === "fakellm"));
});

Deno.test("McpSession over HTTP takes up a broken stream again where the server can, and gets the answer", async () => {
  const { calls, setup } = heldTool();
  const server = new HttpServer(setup, { resumable: true });
  await using made = await open(httpAddress(), { fetch: server.fetch });
  const call = made.call("hold", { headers: new Headers({ "x-user": "ada" }) });
  await until(() => calls.length === 1);
  const gets = () => server.received.filter(({ method }) => method === "GET");
  await until(() => gets().length === 1);
  // The client has to hear first that it can come back.
  for (let turn = 0; turn < 20; turn++) await macrotask();
  server.breakStreams();
  calls[0]!.end("there");
  assertEquals((await call).content, textResult("there").content);
  const resumed = gets().filter(({ headers }) => headers.get("x-user") === "ada");
  assert(resumed.length >= 1 && resumed.every(({ headers }) => headers.has("last-event-id")));
});

Deno.test("McpSession over HTTP does not take up the stream of a call that nobody waits for", async () => {
  const { calls, setup } = heldTool();
  const server = new HttpServer(setup, { resumable: true });
  await using made = await open(httpAddress(), { fetch: server.fetch });
  const controller = new AbortController();
  const headers = new Headers({ "x-user": "ada" });
  const call = made.call("hold", { signal: controller.signal, headers });
  call.catch(() => {});
  await until(() => calls.length === 1);
  controller.abort(new Error("user left"));
  await assertRejects(() => call, Error, "user left");
  // Longer than the server asked clients to wait before they come back.
  await new Promise((resolve) => setTimeout(resolve, 30));
  const gets = server.received.filter(({ method, headers: sent }) =>
    method === "GET" && sent.has("x-user")
  );
  assertEquals(gets.length, 0);
  assertEquals(server.openStreams, 1, "only the one that tells of changes is left");
});
