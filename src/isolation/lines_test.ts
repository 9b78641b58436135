import { assertEquals, assertRejects } from "@std/assert";
import { lines, LineTooLong } from "./lines.ts";

function chunks(...texts: readonly string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(texts).pipeThrough(new TextEncoderStream());
}

/** A stream of the same bytes, torn after every `size` of them. */
function torn(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return ReadableStream.from(
    Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, index) => bytes.slice(index * size, (index + 1) * size),
    ),
  );
}

Deno.test("lines() are the same however the bytes are torn", async () => {
  const text = '{"a":"é😀"}\r\n\n\n{"b":1}\n  \n"no end';
  for (let size = 1; size <= 40; size++) {
    const found = await Array.fromAsync(lines(torn(text, size), { maxBytes: 100 }));
    assertEquals(found, ['{"a":"é😀"}', '{"b":1}'], `in pieces of ${size}`);
  }
});

Deno.test("lines() fails before it gathers a line that is too long", async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(10).fill(65));
    },
  });
  await assertRejects(() => Array.fromAsync(lines(endless, { maxBytes: 45 })), LineTooLong, "45");
  assertEquals(pulled < 10, true, `${pulled} chunks were pulled`);
  const long = lines(chunks("12345\n", "123456\n"), { maxBytes: 5 });
  assertEquals((await long.next()).value, "12345");
  await assertRejects(() => long.next(), LineTooLong);
});

Deno.test("lines() can cut long lines and goes on with the next", async () => {
  const found = await Array.fromAsync(
    lines(chunks("1234", "56789", "\nab", "c\n", "x".repeat(1000), "\ny\n"), {
      maxBytes: 6,
      cut: true,
    }),
  );
  assertEquals(found, ["123456", "abc", "xxxxxx", "y"]);
});
