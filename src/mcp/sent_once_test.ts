import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../context/system.ts";
import { CallWatch, WatchedCall } from "./call_watch.ts";
import { failureOf } from "./failure.ts";
import { watchedFetch } from "./watched_fetch.ts";

/** A server that answers requests, except that it hangs up on those that say so. */
function hangingUp() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: string[] = [];
  const serve = async (connection: Deno.Conn) => {
    using open = connection;
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65536);
    let text = "";
    for (let n = await open.read(buffer); n !== null; n = await open.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, n));
      if (!/"end"\}/.test(text)) continue;
      requests.push(text);
      if (text.includes("hang up")) return;
      text = "";
      await open.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
    }
  };
  const serving = (async () => {
    for await (const connection of listener) void serve(connection).catch(() => {});
  })();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/mcp`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

Deno.test("what a call sends is sent once, though the connection breaks that others have used before", async () => {
  await using server = hangingUp();
  const watch = new CallWatch();
  const fetched = watchedFetch({ fetch, watch, clock: systemClock, maxMessageBytes: 1000 });
  const post = async (text: string) => {
    const call = new WatchedCall(new AbortController().signal);
    const body = JSON.stringify({ text, last: "end" });
    const headers = { "content-type": "application/json" };
    const response = await watch.run(
      call,
      () => fetched(server.url, { method: "POST", body, headers }),
    );
    return await response.json();
  };
  // A runtime's `fetch` may repeat what it has in memory on another connection.
  for (let round = 0; round < 3; round++) {
    for (let times = 0; times < 3; times++) assertEquals(await post("hello"), {});
    const before = server.requests.length;
    const error = await assertRejects(() => post("hang up"), TypeError);
    assertEquals(server.requests.length - before, 1, "the server got it again");
    assertEquals(failureOf(error).kind, "lost");
  }
  assert(server.requests.every((text) => /content-type: application\/json/i.test(text)));
});
