import { assertEquals } from "@std/assert";
import { holdsTooMuch, isShallow } from "./plain_json.ts";

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = "leaf";
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
}

Deno.test("isShallow() bears a hundred levels and not one more, lists and objects alike", () => {
  for (const wrap of [(inner: unknown) => [inner], (inner: unknown) => ({ inner })]) {
    assertEquals(isShallow(nested(100, wrap)), true);
    assertEquals(isShallow(nested(101, wrap)), false);
    assertEquals(isShallow({ first: 1, deep: nested(100, wrap) }), false);
  }
  for (const value of [null, "text", 7, true, [], {}]) assertEquals(isShallow(value), true);
});

Deno.test("isShallow() looks at what is there, and not at what is inherited", () => {
  const own = JSON.parse('{"__proto__":{"a":1}}');
  assertEquals(isShallow(own), true);
  const inherits = Object.create({ deep: nested(200, (inner) => [inner]) });
  assertEquals(isShallow(inherits), true);
});

Deno.test("holdsTooMuch() counts values without parsing, and none that are in texts", () => {
  const much = `[${"1,".repeat(600_000)}1]`;
  assertEquals(holdsTooMuch(much), true);
  assertEquals(holdsTooMuch(`[${"[],".repeat(300_000)}1]`), true);
  assertEquals(holdsTooMuch(JSON.stringify(much)), false);
  assertEquals(holdsTooMuch(JSON.stringify('\\",[{"'.repeat(600_000))), false);
  assertEquals(holdsTooMuch(`["\\\\",${"1,".repeat(600_000)}1]`), true);
  assertEquals(holdsTooMuch("[1,2,3]"), false);
});

Deno.test("holdsTooMuch() bears a hundred thousand values and not one more", () => {
  assertEquals(holdsTooMuch(`[${"1,".repeat(99_999)}1]`), false);
  assertEquals(holdsTooMuch(`[${"1,".repeat(100_000)}1]`), true);
  assertEquals(holdsTooMuch("[".repeat(100_001)), true);
});

Deno.test("holdsTooMuch() ends at a text that does not", () => {
  assertEquals(holdsTooMuch(`["${"x".repeat(300_000)}`), false);
  assertEquals(holdsTooMuch(`"${'\\"'.repeat(300_000)}`), false);
});
