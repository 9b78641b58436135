import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RequestError } from "../run/error.ts";
import type { InputPart, Message } from "../run/request.ts";
import { fetchParts, type FetchPartsOptions } from "./fetch_parts.ts";

function options(
  bodyOf: (url: URL) => Uint8Array,
): FetchPartsOptions & { readonly sent: string[] } {
  const sent: string[] = [];
  return {
    sent,
    known: new WeakMap(),
    signal: new AbortController().signal,
    resolve: () => Promise.resolve(["93.184.216.34"]),
    send(url) {
      sent.push(url.pathname);
      return Promise.resolve({
        status: 200,
        header: (name) => name === "content-type" ? "text/plain" : undefined,
        body: (async function* () {
          yield bodyOf(url);
        })(),
        close() {},
      });
    },
  };
}

const user = (...content: InputPart[]): Message => ({ role: "user", content });

Deno.test("fetchParts() fetches files and images by URL, and nothing else", async () => {
  const image: InputPart = { type: "image", url: "https://x.test/image" };
  const file: InputPart = { type: "file", url: "https://x.test/file" };
  const own = options((url) => new TextEncoder().encode(url.pathname));
  const fetched = await fetchParts([
    { role: "system", content: "https://x.test/system" },
    user(image, { type: "image", url: "data:image/png;base64,AAAA" }, {
      type: "file",
      fileId: "f",
    }),
    { role: "tool", toolCallId: "a", content: [file] },
  ], own);
  assertEquals(own.sent.sort(), ["/file", "/image"]);
  assertEquals(fetched.size, 2);
  assertEquals(fetched.get(file), {
    data: new TextEncoder().encode("/file").toBase64(),
    mediaType: "text/plain",
  });
});

Deno.test("fetchParts() fetches a part once, however often its conversation is sent", async () => {
  const part: InputPart = { type: "file", url: "https://x.test/file" };
  const own = options(() => Uint8Array.of(1));
  const first = await fetchParts([user(part)], own);
  const second = await fetchParts([user(part), user(part)], own);
  assertEquals(own.sent, ["/file"]);
  assertStrictEquals(second.get(part), first.get(part));
});

Deno.test("fetchParts() refuses a conversation whose files are too large together", async () => {
  const parts = Array.from({ length: 10 }, (_, index): InputPart => ({
    type: "file",
    url: `https://x.test/${index}`,
  }));
  const body = new Uint8Array(15 * 1024 * 1024);
  const own = options(() => body);
  await assertRejects(() => fetchParts([user(...parts)], own), RequestError);
});

Deno.test("fetchParts() refuses what may not be fetched", async () => {
  const own = options(() => Uint8Array.of(1));
  const part: InputPart = { type: "image", url: "https://127.0.0.1/" };
  await assertRejects(() => fetchParts([user(part)], own), RequestError);
  assertEquals(own.sent, []);
});
