import { assertEquals, assertMatch } from "@std/assert";
import { patternExample } from "./pattern_example.ts";

const UNDERSTOOD = [
  "^[A-Z]{3}-\\d{2,4}$",
  "^\\d{4}-\\d{2}-\\d{2}$",
  "^(foo|bar)+$",
  "^#[0-9a-fA-F]{6}$",
  "^[^a]$",
  "^[^a-z0-9]x$",
  "^\\w+@\\w+\\.com$",
  "^a?b*c{0}$",
  "^(?:x|y)(?<name>z)$",
  "^[\\w.-]+$",
  "^[-a]$",
  "^\\s*\\S+\\s*$",
  "^.{5}$",
  "^[\\]]$",
  "^\\$\\{\\}$",
  "a|b",
  "",
];
for (const pattern of UNDERSTOOD) {
  Deno.test(`patternExample() makes a match of /${pattern}/`, () => {
    assertMatch(patternExample(pattern) ?? "not understood", new RegExp(pattern));
  });
}

const NOT_UNDERSTOOD = [
  "(?=a)b",
  "(?<!a)b",
  "(a)\\1",
  "\\p{L}",
  "(",
  "[a",
  "a)",
  "a{99999}",
  "x".repeat(501),
  "(a{400}){400}",
];
for (const pattern of NOT_UNDERSTOOD) {
  Deno.test(`patternExample() gives up on ${pattern.slice(0, 20)}`, () => {
    assertEquals(patternExample(pattern), undefined);
  });
}

Deno.test("patternExample() reads a pattern that would take for ever to run", () => {
  assertEquals(patternExample("^(([a-z])+.)+[A-Z]([a-z])+$"), "aaAa");
});
