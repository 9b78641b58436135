import { assertEquals, assertThrows } from "@std/assert";
import { LineTooLong } from "./lines.ts";
import { MessageLines } from "./message_lines.ts";

function linesOf(maxBytes: number, ...pieces: readonly string[]): string[] {
  const told: string[] = [];
  const lines = new MessageLines(maxBytes, (line) => told.push(line));
  for (const piece of pieces) lines.add(new TextEncoder().encode(piece));
  return told;
}

Deno.test("MessageLines tells whole lines, however they are cut into pieces", () => {
  assertEquals(linesOf(100, "one\ntw", "o\nthree", "\n", "four"), ["one", "two", "three"]);
  const text = "größe 😀\nund mehr\n";
  const bytes = new TextEncoder().encode(text);
  const told: string[] = [];
  const lines = new MessageLines(100, (line) => told.push(line));
  for (const byte of bytes) lines.add(new Uint8Array([byte]));
  assertEquals(told, ["größe 😀", "und mehr"]);
});

Deno.test("MessageLines keeps a line's beginning, not the buffer it came in", () => {
  const told: string[] = [];
  const lines = new MessageLines(100, (line) => told.push(line));
  const buffer = new TextEncoder().encode("begun ");
  lines.add(buffer);
  buffer.fill(0x78);
  lines.add(new TextEncoder().encode("and ended\n"));
  assertEquals(told, ["begun and ended"]);
});

Deno.test("MessageLines takes a line of the limit, and fails before it gathers a longer one", () => {
  assertEquals(linesOf(5, "12345\n", "123", "45\n"), ["12345", "12345"]);
  for (const pieces of [["123456\n"], ["123456"], ["123", "456"], ["1", "2345", "6\n"]]) {
    assertThrows(() => linesOf(5, ...pieces), LineTooLong);
  }
});

Deno.test("MessageLines fails at an empty line and at what is no text", () => {
  assertThrows(() => linesOf(10, "a\n\nb\n"), Error, "empty line");
  assertThrows(() => linesOf(10, "\n"), Error, "empty line");
  const lines = new MessageLines(10, () => {});
  assertThrows(() => lines.add(new Uint8Array([0xff, 0x0a])), Error, "no UTF-8");
});

Deno.test("MessageLines throws what its listener throws at a line", () => {
  const told: string[] = [];
  const lines = new MessageLines(10, (line) => {
    if (line === "bad") throw new Error("no");
    told.push(line);
  });
  assertThrows(() => lines.add(new TextEncoder().encode("a\nbad\n")), Error, "no");
  assertEquals(told, ["a"]);
});
