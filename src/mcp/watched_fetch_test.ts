import { assert, assertEquals, assertRejects } from "@std/assert";
import { ManualClock } from "../testing/manual_clock.ts";
import { macrotask } from "../testing/macrotask.ts";
import { CallWatch, WatchedCall } from "./call_watch.ts";
import { LineTooLong } from "../isolation/lines.ts";
import { type FetchLike, watchedFetch } from "./watched_fetch.ts";

const URL_OF_SERVER = "http://server.test/mcp";

/** Bytes in pieces of `size`. */
function* torn(text: string, size: number): Generator<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

/** A watched `fetch` whose server answers with `answer`. */
function watching(
  answer: (request: Request) => Response | Promise<Response>,
  maxMessageBytes = 100,
) {
  const watch = new CallWatch();
  const clock = new ManualClock();
  const requests: Request[] = [];
  const fetch: FetchLike = async (url, init) => {
    const request = new Request(url, init);
    request.signal.throwIfAborted();
    requests.push(request);
    return await answer(request);
  };
  return { fetch: watchedFetch({ fetch, watch, maxMessageBytes, clock }), watch, clock, requests };
}

function body(text: string, size = text.length): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(torn(text, Math.max(1, size)));
}

function events(stream: BodyInit): Response {
  return new Response(stream, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

function call(headers?: Headers) {
  const controller = new AbortController();
  return { call: new WatchedCall(controller.signal, headers), controller };
}

Deno.test("watchedFetch() hands on status, headers and body, and answers without a body", async () => {
  const { fetch } = watching(() =>
    new Response("{}", { status: 418, statusText: "Teapot", headers: { "mcp-session-id": "s" } })
  );
  const response = await fetch(URL_OF_SERVER);
  assertEquals([response.status, response.statusText], [418, "Teapot"]);
  assertEquals(response.headers.get("mcp-session-id"), "s");
  assertEquals(await response.text(), "{}");
  const { fetch: empty } = watching(() => new Response(null, { status: 202 }));
  const accepted = await empty(URL_OF_SERVER);
  assertEquals([accepted.status, accepted.body], [202, null]);
});

Deno.test("watchedFetch() bounds each message of a stream, not the stream", async () => {
  const message = `id: 1\ndata: ${"x".repeat(80)}`;
  for (const end of ["\n\n", "\r\n\r\n", "\n\r\n", "\r\n\n", "\r\r"]) {
    const text = `${message}${end}`.repeat(20);
    for (let size = 1; size <= 110; size++) {
      const { fetch } = watching(() => events(body(text, size)));
      const read = await (await fetch(URL_OF_SERVER)).text();
      assertEquals(read, text, `${JSON.stringify(end)} in pieces of ${size}`);
    }
  }
});

Deno.test("watchedFetch() fails at a message that is too long, wherever it is torn", async () => {
  const short = `data: ${"x".repeat(80)}\n\n`;
  const lines = `data: ${"x".repeat(40)}\n`.repeat(3);
  for (const long of [`data: ${"x".repeat(200)}`, lines, `${lines}\n`, ": ping\n".repeat(20)]) {
    for (let size = 1; size <= 110; size++) {
      const { fetch } = watching(() => events(body(short + long, size)));
      const response = await fetch(URL_OF_SERVER);
      await assertRejects(() => response.text(), LineTooLong, "100", `${long} in ${size}`);
    }
  }
});

Deno.test("watchedFetch() does not gather a message that has no end", async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(30).fill(65));
    },
  }, { highWaterMark: 0 });
  const { fetch } = watching(() => events(endless));
  const response = await fetch(URL_OF_SERVER);
  await assertRejects(() => response.text(), LineTooLong);
  assert(pulled < 10, `${pulled} chunks were read`);
});

Deno.test("watchedFetch() bounds a body that is no stream as a whole", async () => {
  for (const long of ["x".repeat(101), "\n\n".repeat(60), `{"a":\n\n${" \n\n".repeat(60)}1}`]) {
    for (const size of [1, 7, 1000]) {
      const { fetch } = watching(() =>
        new Response(body(long, size), { headers: { "content-type": "application/json" } })
      );
      const response = await fetch(URL_OF_SERVER);
      await assertRejects(() => response.text(), LineTooLong, "100");
    }
  }
  const { fetch } = watching(() => new Response("x".repeat(100)));
  assertEquals((await (await fetch(URL_OF_SERVER)).text()).length, 100);
});

Deno.test("watchedFetch() tells a call that its stream ended, once the SDK has read it", async () => {
  const { fetch, watch, clock } = watching(() => events("data: 1\n\n"));
  const { call: own } = call();
  const response = await watch.run(own, () => fetch(URL_OF_SERVER));
  assertEquals(clock.pending, 0, "it has not ended");
  assertEquals(await response.text(), "data: 1\n\n");
  clock.advance(0);
  await assertRejects(() => own.lost, Error, "Stream ended early");
});

Deno.test("watchedFetch() does not lose a call by a stream that ended after its answer", async () => {
  const { fetch, watch, clock } = watching(() => events("data: 1\n\n"));
  const { call: own } = call();
  const response = await watch.run(own, () => fetch(URL_OF_SERVER));
  await response.text();
  own.settle();
  clock.advance(0);
  let lost = false;
  own.lost.catch(() => lost = true);
  await macrotask();
  assertEquals(lost, false);
});

Deno.test("watchedFetch() ends no call by a body that is no stream, nor by a stream of no call", async () => {
  const { fetch, watch, clock } = watching(() => new Response("{}"));
  const { call: own } = call();
  await (await watch.run(own, () => fetch(URL_OF_SERVER))).text();
  const { fetch: open, clock: other } = watching(() => events("data: 1\n\n"));
  await (await open(URL_OF_SERVER)).text();
  assertEquals([clock.pending, other.pending], [0, 0]);
});

Deno.test("watchedFetch() ends a call's requests and streams with the call", async () => {
  const pending = watching(() => new Promise(() => {}));
  const { call: own, controller } = call();
  const waiting = pending.watch.run(own, () => pending.fetch(URL_OF_SERVER, { method: "POST" }));
  waiting.catch(() => {});
  await macrotask();
  controller.abort(new Error("user left"));
  assert(pending.requests[0]!.signal.aborted);
  const init = new AbortController();
  const { call: other } = call();
  void pending.watch.run(other, () => pending.fetch(URL_OF_SERVER, { signal: init.signal }));
  await macrotask();
  init.abort();
  assert(pending.requests[1]!.signal.aborted, "the SDK's own signal counts as well");
});

Deno.test("watchedFetch() lets the stream of a call that nobody waits for fall silent", async () => {
  const controllers: ReadableStreamDefaultController[] = [];
  const { fetch, watch, clock } = watching(({ signal }) =>
    events(
      new ReadableStream({
        start(controller) {
          controllers.push(controller);
          signal.addEventListener("abort", () => controller.error(signal.reason));
        },
      }),
    )
  );
  const { call: own, controller } = call();
  const response = await watch.run(own, () => fetch(URL_OF_SERVER, { method: "POST" }));
  const outcome = response.text().then(() => "ended", () => "failed");
  controllers[0]!.enqueue(new TextEncoder().encode("data: 1\n\n"));
  await macrotask();
  controller.abort(new Error("user left"));
  // An end of any kind would make the SDK take the stream up again.
  assertEquals(await Promise.race([outcome, macrotask().then(() => "silent")]), "silent");
  assertEquals(clock.pending, 0);
});

Deno.test("watchedFetch() ends a stream that the server leaves open after the answer", async () => {
  let cancelled = 0;
  const { fetch, watch, clock } = watching(() =>
    events(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
        cancel: () => {
          cancelled += 1;
        },
      }),
    )
  );
  const { call: own } = call();
  const response = await watch.run(own, () => fetch(URL_OF_SERVER, { method: "POST" }));
  const reading = response.text();
  await macrotask();
  clock.advance(10_000);
  assertEquals(cancelled, 0, "the answer may still come");
  own.settle();
  await macrotask();
  clock.advance(1000);
  assertEquals([await reading, cancelled, clock.pending], ["data: 1\n\n", 1, 0]);
});

Deno.test("watchedFetch() leaves no timer behind where the stream ends with the answer", async () => {
  const { fetch, watch, clock } = watching(() => events("data: 1\n\n"));
  for (const first of ["answer", "end"]) {
    const { call: own } = call();
    const response = await watch.run(own, () => fetch(URL_OF_SERVER, { method: "POST" }));
    if (first === "answer") own.settle();
    await response.text();
    if (first === "end") own.settle();
    await macrotask();
    assertEquals(clock.pending, 0, first);
  }
});

Deno.test("watchedFetch() still sends what follows an abort, but asks for nothing more", async () => {
  const { fetch, watch, requests } = watching(() => new Response(null, { status: 202 }));
  const { call: own, controller } = call(new Headers({ "x-user": "ada" }));
  controller.abort(new Error("user left"));
  const cancelled = await watch.run(
    own,
    () => fetch(URL_OF_SERVER, { method: "POST", body: "{}" }),
  );
  assertEquals(cancelled.status, 202);
  assertEquals(requests.map(({ signal }) => signal.aborted), [false]);
  assertEquals(requests[0]!.headers.get("x-user"), "ada", "whose call it was");
  // An attempt to resume a stream that nobody reads would keep it open for good.
  await assertRejects(
    () => Promise.resolve(watch.run(own, () => fetch(URL_OF_SERVER, { method: "GET" }))),
    Error,
    "user left",
  );
  assertEquals(requests.length, 1);
});

Deno.test("watchedFetch() sends a call's headers with its own requests only, over those of the session", async () => {
  const { fetch, watch, requests } = watching(() => new Response(null, { status: 202 }));
  const init = { headers: { "X-User": "nobody", "x-app": "fakellm" } };
  const calls = ["ada", "bob"].map((user) => call(new Headers({ "x-user": user })).call);
  await Promise.all([
    ...calls.map((each) => watch.run(each, () => fetch(URL_OF_SERVER, init))),
    watch.run(call().call, () => fetch(URL_OF_SERVER, init)),
    fetch(URL_OF_SERVER, init),
  ]);
  assertEquals(requests.map(({ headers }) => headers.get("x-user")), [
    "ada",
    "bob",
    "nobody",
    "nobody",
  ]);
  assert(requests.every(({ headers }) => headers.get("x-app") === "fakellm"));
});
