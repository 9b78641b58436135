import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { compileJsonSchema } from "./compile.ts";
import { JsonSchemaError } from "./error.ts";

async function paths(schema: unknown, value: unknown): Promise<string[]> {
  return (await compileJsonSchema(schema)).check(value).map((issue) => issue.path);
}

Deno.test("check() accepts a conforming value and names the path of each finding", async () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { items: { type: "array", items: { $ref: "#/$defs/item" } } },
    required: ["items"],
    additionalProperties: false,
    $defs: { item: { type: "object", properties: { name: { type: "string" } } } },
  };
  assertEquals(await paths(schema, { items: [{ name: "a" }] }), []);
  assertEquals(await paths(schema, { items: [{ name: 1 }] }), ["items[0].name"]);
  assertEquals(await paths(schema, {}), [""]);
  assertEquals(await paths(schema, { items: [], more: 1 }), ["more"]);
});

Deno.test("check() follows recursive references into the value", async () => {
  const schema = { type: "object", properties: { next: { $ref: "#" }, n: { type: "number" } } };
  assertEquals(await paths(schema, { next: { next: { n: 1 } } }), []);
  assertEquals(await paths(schema, { next: { next: { n: "x" } } }), ["next.next.n"]);
});

Deno.test("check() follows references into unknown keywords and escaped names", async () => {
  const schema = {
    $ref: "#/components/schemas/a~1b%20c",
    components: { schemas: { "a/b c": { type: "integer" } } },
  };
  assertEquals(await paths(schema, 3), []);
  assertEquals(await paths(schema, 3.5), [""]);
});

Deno.test("check() evaluates no regular expression and lets through what one might allow", async () => {
  const evil = "^(a+)+$";
  const schema = {
    type: "object",
    properties: { text: { type: "string", pattern: evil, format: "email" } },
    patternProperties: { [evil]: { type: "number" } },
    additionalProperties: false,
  };
  assertEquals(await paths(schema, { text: `${"a".repeat(60)}!`, other: 1 }), []);
});

Deno.test("check() reads draft 4 bounds", async () => {
  const schema = { type: "number", minimum: 1, exclusiveMinimum: true };
  assertEquals(await paths(schema, 1), [""]);
  assertEquals(await paths(schema, 1.1), []);
});

Deno.test("check() treats __proto__ as a property like any other", async () => {
  const schema = JSON.parse(
    '{"type":"object","properties":{"__proto__":{"type":"number"}},"required":["__proto__"]}',
  );
  assertEquals(await paths(schema, JSON.parse('{"__proto__":1}')), []);
  assertEquals(await paths(schema, JSON.parse('{"__proto__":"x"}')), ["__proto__"]);
  assertEquals(await paths(schema, {}), [""]);
});

Deno.test("check() gives up on exponential work instead of hanging", async () => {
  const schema = {
    $defs: {
      a: { anyOf: [1, 2, 3].map(() => ({ properties: { x: { $ref: "#/$defs/a" } } })) },
    },
    $ref: "#/$defs/a",
  };
  let value: unknown = {};
  for (let level = 0; level < 60; level++) value = { x: value };
  const [issue] = (await compileJsonSchema(schema)).check(value);
  assertStringIncludes(issue!.message, "too long");
});

Deno.test("check() refuses values that are too deep or too large for pairwise comparison", async () => {
  let deep: unknown = 1;
  for (let level = 0; level < 200; level++) deep = [deep];
  assertEquals(await paths({}, deep), [""]);
  const list = Array.from({ length: 5000 }, (_, index) => index);
  assertEquals(await paths({ uniqueItems: true }, list), [""]);
  assertEquals(await paths({ type: "array" }, list), []);
});

Deno.test("check() gives at most ten findings and at least one", async () => {
  const schema = { type: "object", required: Array.from({ length: 30 }, (_, i) => `p${i}`) };
  assertEquals((await paths(schema, {})).length, 10);
  assert((await paths({ anyOf: [{ type: "string" }, { type: "null" }] }, 1)).length > 0);
});

const BROKEN: readonly (readonly [string, unknown, string])[] = [
  ["a string", "x", ""],
  ["null", null, ""],
  ["an unknown type", { type: "text" }, "type"],
  ["properties that are a list", { properties: [] }, "properties"],
  ["a nested broken keyword", { properties: { a: { required: "a" } } }, "properties.a.required"],
  ["anyOf that is no list", { anyOf: {} }, "anyOf"],
  ["a list item that is no schema", { allOf: [1] }, "allOf[0]"],
  ["a remote reference", { $ref: "https://example.com/schema" }, "$ref"],
  ["a file reference", { $ref: "file:///etc/passwd" }, "$ref"],
  ["an anchor", { $ref: "#name" }, "$ref"],
  ["a dangling reference", { $ref: "#/$defs/none" }, "$ref"],
  ["a reference to a prototype property", { $ref: "#/constructor" }, "$ref"],
  ["a dynamic reference", { $dynamicRef: "#x" }, "$dynamicRef"],
  ["a reference to itself", { $ref: "#" }, ""],
  ["a cycle of references", { $defs: { a: { allOf: [{ $ref: "#" }] } }, $ref: "#/$defs/a" }, ""],
  ["a negative count", { minItems: -1 }, "minItems"],
  ["a divisor of 0", { multipleOf: 0 }, "multipleOf"],
];

for (const [what, schema, path] of BROKEN) {
  Deno.test(`compileJsonSchema() rejects ${what}`, async () => {
    const error = await assertRejects(() => compileJsonSchema(schema), JsonSchemaError);
    assertEquals(error.path, path);
  });
}

Deno.test("compileJsonSchema() rejects schemas that are too deep or too large", async () => {
  let deep: unknown = {};
  for (let level = 0; level < 100_000; level++) deep = { not: deep };
  await assertRejects(() => compileJsonSchema(deep), JsonSchemaError, "64 levels");
  const wide = { enum: ["x".repeat(300 * 1024)] };
  await assertRejects(() => compileJsonSchema(wide), JsonSchemaError, "256 KiB");
});
