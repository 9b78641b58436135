import { assert, assertEquals } from "@std/assert";
import { modelNames } from "./tool_names.ts";

function named(names: readonly string[], prefix?: string): string[] {
  return [...modelNames(names, { prefix }).values()];
}

Deno.test("modelNames() leaves names as they are that every model takes", () => {
  const names = ["read", "Write-2", "_", "x".repeat(64), "__proto__", "constructor"];
  assertEquals(named(names), names);
  assertEquals(named(["read"], "fs"), ["fs_read"]);
  assertEquals(named([]), []);
});

Deno.test("modelNames() puts underscores for what models do not take", () => {
  assertEquals(named(["fs.read", "a/b: c", "größe", "天気", "", "😀x"]), [
    "fs_read",
    "a_b_c",
    "gr_e",
    "_",
    "__2",
    "_x",
  ]);
});

Deno.test("modelNames() numbers what becomes the same, and never takes a good name away", () => {
  assertEquals(named(["a.b", "a_b", "a:b", "a_b_2"]), ["a_b_3", "a_b", "a_b_4", "a_b_2"]);
  assertEquals(named(["a.b", "c.d"]), ["a_b", "c_d"]);
  assertEquals(named(["c.d", "x", "a.b"]), ["c_d", "x", "a_b"]);
});

Deno.test("modelNames() cuts long names, the prefix counted, and keeps them apart", () => {
  const names = named(["x".repeat(65), "x".repeat(66), "y".repeat(62)], "ab");
  assertEquals(names[0], `ab_${"x".repeat(61)}`);
  assertEquals(names[1], `ab_${"x".repeat(59)}_2`);
  for (const name of names) assertEquals(name.length, 64);
});

Deno.test("modelNames() gives a hundred names that become one a hundred names", () => {
  const many = Array.from({ length: 100 }, (_, index) => String.fromCodePoint(0x4e00 + index));
  const names = named(many);
  assertEquals(new Set(names).size, 100);
  assert(names.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name)));
});
