import { assertEquals } from "@std/assert";
import { dataFrame, encodeJsonLine } from "./sse.ts";

Deno.test("dataFrame() is one data field and an empty line", () => {
  assertEquals(dataFrame({ a: "b" }), 'data: {"a":"b"}\n\n');
});

Deno.test("encodeJsonLine() has no line end that any reader knows", () => {
  const text = "a\nb\rc\u0085d\u2028e\u2029f\u000bg\u000ch";
  const json = encodeJsonLine(text);
  const lineEnds = ["\n", "\r", "\u000b", "\u000c", "\u0085", "\u2028", "\u2029"];
  assertEquals(lineEnds.filter((lineEnd) => json.includes(lineEnd)), []);
  assertEquals(JSON.parse(json), text);
});

Deno.test("encodeJsonLine() keeps lone surrogates readable", () => {
  const text = "\ud83d \ude00 😀";
  assertEquals(
    JSON.parse(new TextDecoder().decode(new TextEncoder().encode(encodeJsonLine(text)))),
    text,
  );
});
