// @ts-types="@modelcontextprotocol/sdk/types"
import {
  CallToolRequestSchema,
  CancelTaskRequestSchema,
  GetTaskPayloadRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { McpFailure, McpServerError } from "./failure.ts";
import { HttpServer, makeServer, textResult, until } from "./fixture_test.ts";
import { httpAddress, open } from "./session_fixture_test.ts";

/** A server whose only tool runs as a task that ends when the test says. */
function taskServer() {
  const asked: unknown[] = [];
  const cancelled: string[] = [];
  const { promise: result, resolve: end, reject: fail } = Promise.withResolvers<string>();
  result.catch(() => {});
  const setup = ({ server }: ReturnType<typeof makeServer>) => {
    server.registerCapabilities({
      tools: {},
      tasks: { cancel: {}, requests: { tools: { call: {} } } },
    });
    const task = (status: "working" | "cancelled") => ({
      taskId: "task-1",
      status,
      ttl: null,
      // Whoever asked again and again would wait for an hour in between.
      pollInterval: 3_600_000,
      createdAt: "2026-01-01T00:00:00Z",
      lastUpdatedAt: "2026-01-01T00:00:00Z",
    });
    server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
      asked.push(params);
      return { task: task("working") };
    });
    server.setRequestHandler(GetTaskPayloadRequestSchema, async ({ params }) => {
      asked.push(params);
      return textResult(await result);
    });
    server.setRequestHandler(CancelTaskRequestSchema, ({ params }) => {
      cancelled.push(params.taskId);
      return task("cancelled");
    });
  };
  return { asked, cancelled, setup, end, fail };
}

Deno.test("a call as a task begins it and waits for its end", async () => {
  const { asked, cancelled, setup, end } = taskServer();
  await using made = await open({ type: "in-process", server: makeServer(setup) });
  const call = made.call("long", { asTask: true, meta: { tenant: "a" } });
  await until(() => asked.length === 2);
  end("there");
  assertEquals((await call).content, textResult("there").content);
  const [first, second] = asked as [Record<string, unknown>, Record<string, unknown>];
  assertEquals([first.name, first.task, first._meta], ["long", {}, { tenant: "a" }]);
  assertEquals(second.taskId, "task-1");
  assertEquals([cancelled, made.clock.pending], [[], 0]);
});

Deno.test("a task that nobody waits for any more is cancelled at once, however slowly it may be asked", async () => {
  for (const reason of ["abort", "timeout"] as const) {
    const { asked, cancelled, setup } = taskServer();
    await using made = await open({ type: "in-process", server: makeServer(setup) });
    const controller = new AbortController();
    const call = made.call("long", { asTask: true, signal: controller.signal, timeoutMs: 800 });
    call.catch(() => {});
    await until(() => asked.length === 2);
    if (reason === "abort") controller.abort(new Error("user left"));
    // The limit is for both questions together.
    else made.clock.advance(800);
    await assertRejects(() => call, Error, reason === "abort" ? "user left" : "within 800 ms");
    await until(() => cancelled.length === 1);
    assertEquals(cancelled, ["task-1"]);
  }
});

Deno.test("over HTTP a task is cancelled in the name of whose call it was", async () => {
  const { asked, cancelled, setup } = taskServer();
  const server = new HttpServer(setup);
  await using made = await open(httpAddress(), { fetch: server.fetch });
  const controller = new AbortController();
  const headers = new Headers({ "x-user": "ada" });
  const call = made.call("long", { asTask: true, signal: controller.signal, headers });
  call.catch(() => {});
  await until(() => asked.length === 2);
  controller.abort(new Error("user left"));
  await until(() => cancelled.length === 1);
  for (const method of ["tools/call", "tasks/result", "tasks/cancel"]) {
    const users = server.messages(method).map((request) => request.headers.get("x-user"));
    assertEquals(users, ["ada"], method);
  }
});

Deno.test("a task that fails is the server's answer, and a server that dies loses it", async () => {
  const failing = taskServer();
  await using made = await open({ type: "in-process", server: makeServer(failing.setup) });
  const call = made.call("long", { asTask: true });
  call.catch(() => {});
  await until(() => failing.asked.length === 2);
  failing.fail(new Error("no more paper"));
  await assertRejects(() => call, McpServerError, "no more paper");
  const dying = taskServer();
  const server = makeServer(dying.setup);
  const other = await open({ type: "in-process", server });
  const lost = other.call("long", { asTask: true });
  lost.catch(() => {});
  await until(() => dying.asked.length === 2);
  await server.close();
  const failure = await assertRejects(() => lost, McpFailure);
  assertEquals(failure.kind, "lost");
  assert(other.losses.length === 1);
  await other.session.close();
});
