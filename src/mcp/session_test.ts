import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { McpFailure, McpServerError } from "./failure.ts";
import {
  HttpServer,
  makeServer,
  type ServerSetup,
  SseServer,
  textResult,
  until,
} from "./fixture_test.ts";
import type { ServerAddress } from "./server.ts";
import { heldTool, httpAddress, open } from "./session_fixture_test.ts";
import type { FetchLike } from "./watched_fetch.ts";

const KINDS = ["in-process", "streamable-http", "streamable-http with JSON", "sse"] as const;

/** A session over each kind of link. */
async function opened(kind: typeof KINDS[number], setup: ServerSetup) {
  if (kind === "in-process") {
    const made = await open({ type: "in-process", server: makeServer(setup) });
    return { ...made, server: undefined };
  }
  const server = kind === "sse"
    ? new SseServer(setup)
    : new HttpServer(setup, { json: kind.endsWith("JSON") });
  const address = httpAddress(kind === "sse" ? "sse" : "streamable-http");
  return { ...await open(address, { fetch: server.fetch }), server };
}

for (const kind of KINDS) {
  Deno.test(`McpSession over ${kind} lists and calls tools, and closes`, async () => {
    const { setup } = heldTool();
    const { session, call, losses, clock } = await opened(kind, setup);
    const wait = { signal: new AbortController().signal, timeoutMs: 500 };
    const tools = await session.listTools(wait);
    assertEquals(tools.map(({ name }) => name), ["hold", "hello", "fail"]);
    assertEquals((await call("hello")).content, textResult("Hello").content);
    assertEquals((await call("fail")).isError, true);
    await session.ping(wait);
    await session.close();
    assertEquals(losses, [], "an end that was wanted is no loss");
    await assertRejects(() => call("hello"), McpFailure, "closed");
    assertEquals(clock.pending, 0);
  });

  Deno.test(`McpSession over ${kind} tells the model's error from its own`, async () => {
    const { setup } = heldTool();
    await using made = await opened(kind, (server) => {
      setup(server);
      server.server.setRequestHandler(
        // deno-lint-ignore no-explicit-any -- the schema's type says nothing here.
        { shape: { method: { value: "ping" } } } as any,
        () => ({}),
      );
    });
    const error = await made.call("no-such-tool").catch((caught: unknown) => caught);
    if (error instanceof McpServerError) assert(!/^MCP error/.test(error.message), error.message);
    else assertEquals((error as { isError: boolean }).isError, true);
  });

  Deno.test(`McpSession over ${kind}: an abort reaches the tool, and other calls go on`, async () => {
    const { calls, setup } = heldTool();
    await using made = await opened(kind, setup);
    const controller = new AbortController();
    const gone = made.call("hold", { signal: controller.signal });
    const stays = made.call("hold");
    gone.catch(() => {});
    await until(() => calls.length === 2);
    controller.abort(new Error("user left"));
    await assertRejects(() => gone, Error, "user left");
    await until(() => calls[0]!.signal.aborted);
    assert(!calls[1]!.signal.aborted);
    // Some servers answer all the same.
    calls[0]!.end("too late");
    await macrotask();
    calls[1]!.end("there");
    assertEquals((await stays).content, textResult("there").content);
    assertEquals([made.losses, made.session.failure], [[], undefined]);
  });

  Deno.test(`McpSession over ${kind}: a call that takes too long is told to the server`, async () => {
    const { calls, setup } = heldTool();
    await using made = await opened(kind, setup);
    const slow = made.call("hold", { timeoutMs: 300 });
    slow.catch(() => {});
    await until(() => calls.length === 1);
    made.clock.advance(299);
    await macrotask();
    assert(!calls[0]!.signal.aborted);
    made.clock.advance(1);
    const failure = await assertRejects(() => slow, McpFailure, "did not answer within 300 ms");
    assertEquals(failure.kind, "timeout");
    await until(() => calls[0]!.signal.aborted);
    assertEquals((await made.call("hello")).content, textResult("Hello").content);
    assertEquals(made.clock.pending, 0);
  });

  Deno.test(`McpSession over ${kind} ends open calls when it closes, and a retired one after them`, async () => {
    const { calls, setup } = heldTool();
    const first = await opened(kind, setup);
    const open = first.call("hold");
    open.catch(() => {});
    await until(() => calls.length === 1);
    await first.session.close();
    const failure = await assertRejects(() => open, McpFailure, "closed");
    assertEquals(failure.kind, "lost");
    const second = await opened(kind, setup);
    const last = second.call("hold");
    await until(() => calls.length === 2);
    const gone = second.session.retire();
    calls[1]!.end("there");
    assertEquals((await last).content, textResult("there").content);
    await gone;
    assert(second.session.failure);
  });

  Deno.test(`McpSession over ${kind} hears that tools have changed`, async () => {
    const servers: Parameters<ServerSetup>[0][] = [];
    const { setup } = heldTool();
    await using made = await opened(kind, (server) => {
      setup(server);
      servers.push(server);
    });
    // The stream that carries it opens when the session has.
    await until(() => !made.server || made.server.received.some(({ method }) => method === "GET"));
    await macrotask();
    servers[0]!.registerTool("new", {}, () => textResult("new"));
    await until(() => made.changes() === 1);
  });
}

Deno.test("McpSession.open() gives up a server that is silent at any of its stages", async () => {
  const silent = new Promise<never>(() => {});
  const noEndpoint = () =>
    new Response(new ReadableStream(), { headers: { "content-type": "text/event-stream" } });
  const hung = new HttpServer(() => {});
  hung.hung = true;
  const cases: [string, ServerAddress, FetchLike?][] = [
    ["initialize over HTTP", httpAddress(), hung.fetch],
    ["the stream of SSE", httpAddress("sse"), (_url, init) => untilAborted(silent, init)],
    ["the endpoint of SSE", httpAddress("sse"), () => Promise.resolve(noEndpoint())],
    ["the factory in process", { type: "in-process", server: () => new Promise(() => {}) }],
    ["initialize in process", { type: "in-process", server: { connect: () => Promise.resolve() } }],
  ];
  for (const [what, address, fetch] of cases) {
    const clock = new ManualClock();
    const opening = open(address, { fetch, clock });
    opening.catch(() => {});
    await until(() => clock.pending > 0);
    clock.advance(1000);
    // A server that does not answer does not take leave either.
    await macrotask();
    clock.advance(500);
    const failure = await assertRejects(() => opening, McpFailure, "did not answer within 1000 ms");
    assertEquals([failure.kind, clock.pending], ["timeout", 0], what);
  }
});

async function untilAborted(work: Promise<never>, init: RequestInit | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  init?.signal?.addEventListener("abort", () => reject(init.signal!.reason));
  return await Promise.race([work, promise]);
}

Deno.test("McpSession.open() ends with its signal", async () => {
  const server = new HttpServer(() => {});
  server.hung = true;
  const controller = new AbortController();
  const clock = new ManualClock();
  const opening = open(httpAddress(), { fetch: server.fetch, clock, signal: controller.signal });
  opening.catch(() => {});
  await until(() => server.received.length === 1);
  controller.abort(new Error("closing"));
  await assertRejects(() => opening, Error, "closing");
  assertEquals(clock.pending, 0);
});

Deno.test("McpSession.open() tells why there is no server", async () => {
  const server = new HttpServer(() => {});
  server.down = true;
  for (const type of ["streamable-http", "sse"] as const) {
    const failure = await assertRejects(
      () => open(httpAddress(type), { fetch: server.fetch }),
      McpFailure,
    );
    assertEquals(failure.kind, "not-sent");
  }
  const answers = { 401: "refused", 404: "not-sent", 500: "lost" };
  for (const [status, kind] of Object.entries(answers)) {
    const fetch = () => Promise.resolve(new Response("no", { status: Number(status) }));
    for (const type of ["streamable-http", "sse"] as const) {
      const failure = await assertRejects(() => open(httpAddress(type), { fetch }), McpFailure);
      assertEquals(failure.kind, kind, `${type} ${status}`);
    }
  }
});

Deno.test("McpSession reads page after page, up to a bound", async () => {
  const made = await pagedSession((cursor) => {
    const page = Number(cursor ?? 0);
    const tools = Array.from({ length: 100 }, (_, index) => tool(`tool-${page * 100 + index}`));
    return { tools, nextCursor: page < 19 ? `${page + 1}` : undefined };
  });
  const tools = await made.list();
  assertEquals([tools.length, made.pages()], [2000, 20]);
  assertEquals(tools.at(-1)?.name, "tool-1999");
  await made.close();
  const endless = await pagedSession((cursor) => ({ tools: [], nextCursor: cursor ?? "again" }));
  assertEquals([(await endless.list()).length, endless.pages()], [0, 100]);
  await endless.close();
  const huge = await pagedSession((cursor) => ({
    tools: Array.from({ length: 1500 }, (_, index) => tool(`t${cursor}-${index}`)),
    nextCursor: `${Number(cursor ?? 0) + 1}`,
  }));
  assertEquals([(await huge.list()).length, huge.pages()], [5000, 4]);
  await huge.close();
});

function tool(name: string) {
  return { name, inputSchema: { type: "object" as const } };
}

/** A session with a server that lists its tools in pages. */
async function pagedSession(
  page: (cursor: string | undefined) => { tools: unknown[]; nextCursor: string | undefined },
) {
  // @ts-types="@modelcontextprotocol/sdk/types"
  const { ListToolsRequestSchema } = await import("@modelcontextprotocol/sdk/types.js");
  let pages = 0;
  const server = makeServer(({ server: low }) => {
    low.registerCapabilities({ tools: {} });
    low.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
      pages += 1;
      return page(params?.cursor) as never;
    });
  });
  const { session } = await open({ type: "in-process", server });
  const wait = { signal: new AbortController().signal, timeoutMs: 500 };
  return { list: () => session.listTools(wait), pages: () => pages, close: () => session.close() };
}

Deno.test("McpSession asks a server without tools for none", async () => {
  await using made = await open({ type: "in-process", server: makeServer(() => {}) });
  const wait = { signal: new AbortController().signal, timeoutMs: 500 };
  assertEquals(await made.session.listTools(wait), []);
  const error = await made.call("anything").catch((caught: unknown) => caught);
  assertInstanceOf(error, McpServerError);
});
