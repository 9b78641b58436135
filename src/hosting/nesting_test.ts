import { assert, assertEquals, assertFalse } from "@std/assert";
import { isNestedDeeperThan } from "./nesting.ts";

/** Levels of a parsed value, the slow way. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

Deno.test("isNestedDeeperThan() counts lists and objects alike", () => {
  assertFalse(isNestedDeeperThan('[{"a":[1]}]', 3));
  assert(isNestedDeeperThan('[{"a":[1]}]', 2));
  assertFalse(isNestedDeeperThan("[[],[],[[]]]", 3));
  assertFalse(isNestedDeeperThan("1", 0));
  assert(isNestedDeeperThan("[", 0));
});

Deno.test("isNestedDeeperThan() skips strings, escaped quotes and all", () => {
  for (const text of ["[[[", '"[[[', '\\"[[[', '\\\\"[', "\\", '\\\\\\"{{{', ""]) {
    assertFalse(isNestedDeeperThan(JSON.stringify([text, text]), 1), text);
  }
  assert(isNestedDeeperThan('["\\\\",[[1]]]', 2));
});

Deno.test("isNestedDeeperThan() takes any text, valid or not, of any size", () => {
  for (const text of ['"', '"\\', "]]]]", "}{", '{"a', "\\\\"]) {
    assertFalse(isNestedDeeperThan(text, 1), text);
  }
  assert(isNestedDeeperThan("[".repeat(5_000_000), 100));
  assertFalse(isNestedDeeperThan(`["${"\\\\".repeat(1_000_000)}"]`, 1));
  assertFalse(isNestedDeeperThan(`["${'\\"'.repeat(100_000)}"]`, 1));
});

Deno.test("isNestedDeeperThan() agrees with the parsed value", () => {
  const make = (seed: number): unknown => {
    if (seed < 3) return `${"\\".repeat(seed)}"[{`;
    return seed % 2 === 0 ? [make(seed >> 1), "]"] : { "}": make(seed - 3 >> 1), x: [] };
  };
  for (let seed = 0; seed < 500; seed++) {
    const value = make(seed);
    const depth = depthOf(value);
    const text = JSON.stringify(value);
    assertEquals(
      [isNestedDeeperThan(text, depth), isNestedDeeperThan(text, depth - 1)],
      [false, depth > 0],
      text,
    );
  }
});
