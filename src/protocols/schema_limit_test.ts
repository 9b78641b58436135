import { assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { RequestError } from "../run/error.ts";
import type { JsonSchema } from "../run/request.ts";
import { at } from "./issue.ts";
import { boundedSchema, MAX_SCHEMA_DEPTH, MAX_SCHEMA_SIZE } from "./schema_limit.ts";

const PATH = at(at(null, "tools"), 0);

/** A schema of `levels` levels, made without recursion. */
function nested(levels: number, wrap: (inner: unknown) => unknown): JsonSchema {
  let schema: unknown = {};
  for (let level = 1; level < levels; level++) schema = wrap(schema);
  return schema as JsonSchema;
}

Deno.test("boundedSchema() returns the schema itself", () => {
  const schema = nested(MAX_SCHEMA_DEPTH, (inner) => ({ not: inner }));
  assertStrictEquals(boundedSchema(schema, PATH), schema);
});

for (
  const [name, wrap] of [
    ["objects", (inner: unknown) => ({ not: inner })],
    ["arrays", (inner: unknown) => [inner]],
  ] as const
) {
  for (const levels of [MAX_SCHEMA_DEPTH + 1, 1_000_000]) {
    Deno.test(`boundedSchema() rejects ${levels} levels of ${name}`, () => {
      const schema = { allOf: nested(levels - 1, wrap) };
      const error = assertThrows(() => boundedSchema(schema, PATH), RequestError);
      assertEquals([error.code, error.param], ["invalid-value", "tools[0]"]);
      assertStringIncludes(error.message, "deeper than 100 levels");
    });
  }
}

for (
  const [name, schema] of [
    ["one long string", { description: "x".repeat(MAX_SCHEMA_SIZE) }],
    ["one long key", { ["x".repeat(MAX_SCHEMA_SIZE)]: 1 }],
    ["many values", { enum: new Array(MAX_SCHEMA_SIZE).fill(0) }],
  ] as const
) {
  Deno.test(`boundedSchema() rejects ${name}`, () => {
    const error = assertThrows(() => boundedSchema(schema, PATH), RequestError);
    assertEquals(error.code, "invalid-value");
    assertStringIncludes(error.message, "more than 1048576 characters");
  });
}
