import { assertEquals, assertStrictEquals } from "@std/assert";
import { bodyReader } from "./body_reader.ts";

const TEXT = "Grüße 🦕 ".repeat(10_000);

async function readAll(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = bodyReader(body);
  const decoder = new TextDecoder();
  let text = "";
  let spent: Uint8Array<ArrayBuffer> | undefined;
  for (;;) {
    const { done, value } = await reader.read(spent);
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    spent = value;
  }
}

Deno.test("bodyReader() reads a body of bytes longer than its memory", async () => {
  assertEquals(await readAll(new Response(TEXT).body!), TEXT);
});

Deno.test("bodyReader() reads a body of another kind", async () => {
  const pieces = ReadableStream.from([TEXT.slice(0, 9), TEXT.slice(9)]);
  assertEquals(await readAll(pieces.pipeThrough(new TextEncoderStream())), TEXT);
});

Deno.test("bodyReader() cancels a body of either kind", async () => {
  for (const type of ["bytes", undefined] as const) {
    const cancelled = Promise.withResolvers<true>();
    const source = { type, cancel: () => cancelled.resolve(true) } as UnderlyingByteSource;
    await bodyReader(new ReadableStream(source)).cancel();
    assertStrictEquals(await cancelled.promise, true);
  }
});
