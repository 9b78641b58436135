import { assertEquals } from "@std/assert";
import { formatPath, namedEntries, quote, valueAt } from "./tree.ts";

Deno.test("formatPath() quotes keys that are no plain words", () => {
  assertEquals(formatPath([]), "");
  assertEquals(formatPath(["models", "alpha", "mcps", 0]), "models.alpha.mcps[0]");
  assertEquals(formatPath(["entrypoints", "/a/v1", "models"]), 'entrypoints["/a/v1"].models');
  assertEquals(formatPath(["a b"]), '["a b"]');
  assertEquals(formatPath(["models", 'x"y\n']), 'models["x\\"y\\n"]');
});

Deno.test("quote() keeps text on one line and cuts it", () => {
  assertEquals(quote("a\nb\u0085c\u2028"), '"a\\nb\\u0085c\\u2028"');
  assertEquals(quote("x".repeat(200)), `"${"x".repeat(80)}…"`);
});

Deno.test("valueAt() finds own values only", () => {
  const tree = { a: [{ b: 1 }] };
  assertEquals(valueAt(tree, ["a", 0, "b"]), 1);
  assertEquals(valueAt(tree, ["a", 1]), undefined);
  assertEquals(valueAt(tree, ["toString"]), undefined);
  assertEquals(valueAt(tree, ["a", "length"]), undefined);
});

Deno.test("namedEntries() reads mappings and lists alike", () => {
  const entry = { type: "demo" };
  assertEquals(
    namedEntries({ main: entry, broken: 3 }, ["backends"], { nameKey: "name" }),
    [{
      name: "main",
      value: entry,
      path: ["backends", "main"],
      namePath: ["backends", "main"],
    }],
  );
  const item = { name: "main", type: "demo" };
  assertEquals(namedEntries([item, {}, 3], ["backends"], { nameKey: "name" }), [{
    name: "main",
    value: item,
    path: ["backends", 0],
    namePath: ["backends", 0, "name"],
  }]);
});
