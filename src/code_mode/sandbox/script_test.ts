import { assertEquals, assertThrows } from "@std/assert";
import { stripTypeScriptTypes } from "node:module";
import { type Strip, toScript } from "./script.ts";

const strip = stripTypeScriptTypes as Strip;

Deno.test("toScript() takes types off where they stand", () => {
  const { text, lineOf } = toScript("const a: number = 1;\n\n(a as any).b", strip);
  assertEquals(text, "let   a         = 1;\n\n(a       ).b");
  assertEquals([1, 2, 3].map(lineOf), [1, 2, 3]);
});

Deno.test("toScript() knows the lines of what TypeScript adds", () => {
  const code = "enum A { B = 1 }\n\n\n\nconst a = A.B;\n\nfunction f() {\n  throw a;\n}\nf()";
  const { text, lineOf } = toScript(code, strip);
  const lines = text.split("\n");
  const at = (part: string) => lineOf(lines.findIndex((line) => line.includes(part)) + 1);
  assertEquals([at("let   a"), at("function f"), at("throw a"), at("f();")], [5, 7, 8, 10]);
  assertEquals(text.includes("sourceMappingURL"), false);
});

Deno.test("toScript() throws at what is no TypeScript", () => {
  assertThrows(() => toScript("let a = ;", strip), Error, "Expression expected");
  assertThrows(() => toScript("enum A { B = }", strip), Error);
});

Deno.test("toScript() takes a fence off that is around all of the code, at the same lines", () => {
  const cases: Readonly<Record<string, string>> = {
    "```ts\nf()\n```": "\nf()\n",
    "\n```\r\nf()\r\n```\n\n": "\n\nf()\r\n",
    "```typescript\n```": "\n",
    "f(`\n```\n`)": "f(`\n```\n`)",
  };
  for (const [code, text] of Object.entries(cases)) {
    assertEquals(toScript(code, (code) => code).text, text);
  }
});
