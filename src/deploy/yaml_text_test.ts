import { parse } from "@std/yaml/parse";
import { assertEquals } from "@std/assert";
import { type Writable, yamlText } from "./yaml_text.ts";

Deno.test("yamlText() writes what YAML readers read back", () => {
  const value: Writable = {
    host: "127.0.0.1",
    "/a/v1": { "": 1, "a b": "true", list: [1, [2, ["x"]], { a: 1, b: [] }, {}] },
    texts: ["yes", "no", "null", "- a", "a: b", "1", "", " x", "two\nlines", "#", "ü", "{a}"],
    none: null,
    flags: [true, false, 1.5],
  };
  assertEquals(parse(yamlText(value), { schema: "core" }), value);
});

Deno.test("yamlText() leaves out what is undefined", () => {
  assertEquals(yamlText({ a: undefined, b: { c: undefined }, d: 1 }), "b: {}\nd: 1");
});
