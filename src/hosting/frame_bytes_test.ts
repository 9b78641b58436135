import { assert, assertEquals } from "@std/assert";
import { frameBytes } from "./frame_bytes.ts";

Deno.test("frameBytes() is UTF-8 of any text, and no frame overwrites another", () => {
  const texts = Array.from(
    { length: 3000 },
    (_, index) => ["plain", "é", "日本語", "🎉", "\ud800", ""][index % 6]!.repeat(index % 200),
  );
  texts.push("x".repeat(100_000), "é".repeat(2048), "a".repeat(2048), `${"a".repeat(2047)}é`);
  const frames = texts.map(frameBytes);
  for (const [index, text] of texts.entries()) {
    assertEquals(new TextDecoder().decode(frames[index]), text.toWellFormed());
  }
});

Deno.test("frameBytes() shares buffers of a bounded size", () => {
  const frames = Array.from({ length: 1000 }, () => frameBytes("x".repeat(200)));
  const buffers = new Set(frames.map(({ buffer }) => buffer));
  assert(buffers.size < 20);
  for (const { byteLength } of buffers) assert(byteLength <= 16 * 1024);
});
