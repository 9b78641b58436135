import { assert, assertEquals, assertFalse } from "@std/assert";
import { Validator } from "@cfworker/json-schema";
import type { JsonSchema } from "../run/request.ts";
import { schemaExample } from "./schema_example.ts";

const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  "nothing": {},
  "types": {
    type: "object",
    properties: {
      a: { type: "string" },
      b: { type: "integer" },
      c: { type: "number" },
      d: { type: "boolean" },
      e: { type: "null" },
      f: { type: ["null", "string"] },
      g: { type: "array", items: { type: "integer" } },
    },
    required: ["a", "b", "c", "d", "e", "f", "g"],
    additionalProperties: false,
  },
  "enum and const": {
    type: "object",
    properties: { a: { enum: [3, 4] }, b: { const: { x: 1 } } },
    required: ["a", "b"],
  },
  "string bounds": { type: "string", minLength: 20, maxLength: 25 },
  "short string": { type: "string", maxLength: 2 },
  "formats": {
    type: "object",
    properties: Object.fromEntries(
      ["date", "date-time", "email", "uri", "uuid", "ipv4", "ipv6", "hostname", "duration"].map(
        (format) => [format, { type: "string", format }],
      ),
    ),
    required: ["date", "uuid"],
  },
  "pattern": { type: "string", pattern: "^[A-Z]{2}-\\d+$" },
  "minimum": { type: "integer", minimum: 7 },
  "maximum": { type: "integer", maximum: -7 },
  "exclusive integers": { type: "integer", exclusiveMinimum: 4, exclusiveMaximum: 6 },
  "exclusive numbers": { type: "number", exclusiveMinimum: 0.1, exclusiveMaximum: 0.2 },
  "open maximum": { type: "number", exclusiveMaximum: 0 },
  "fractional bounds": { type: "integer", minimum: 1.5, maximum: 2.5 },
  "multiple": { type: "integer", minimum: 10, multipleOf: 7 },
  "array bounds": { type: "array", items: { type: "string" }, minItems: 3, maxItems: 3 },
  "empty array": { type: "array", maxItems: 0 },
  "unique": { type: "array", items: { type: "integer" }, minItems: 3, uniqueItems: true },
  "unique enum": {
    type: "array",
    items: { enum: ["a", "b", "c"] },
    minItems: 3,
    uniqueItems: true,
  },
  "tuple": { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }], minItems: 2 },
  "references": {
    $defs: { point: { type: "object", properties: { x: { type: "number" } }, required: ["x"] } },
    type: "object",
    properties: {
      a: { $ref: "#/$defs/point" },
      b: { type: "array", items: { $ref: "#/$defs/point" } },
    },
    required: ["a", "b"],
  },
  "escaped reference": { $defs: { "a/b c": { const: 1 } }, $ref: "#/$defs/a~1b%20c" },
  "tree": {
    $defs: {
      node: {
        type: "object",
        properties: {
          value: { type: "integer" },
          children: { type: "array", items: { $ref: "#/$defs/node" } },
        },
        required: ["value", "children"],
      },
    },
    $ref: "#/$defs/node",
  },
  "linked list": {
    $defs: {
      node: {
        type: "object",
        properties: { next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] } },
        required: ["next"],
      },
    },
    $ref: "#/$defs/node",
  },
  "anyOf": {
    anyOf: [{ type: "object", properties: { a: { const: 1 } }, required: ["a"] }, { type: "null" }],
  },
  "oneOf": { oneOf: [{ type: "string" }, { type: "integer" }] },
  "allOf": {
    allOf: [
      { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
      { properties: { b: { type: "integer" } }, required: ["b"] },
    ],
  },
  "required without properties": { type: "object", required: ["a"] },
  "default": { type: "string", default: "x" },
};

for (const [name, schema] of Object.entries(SCHEMAS)) {
  Deno.test(`schemaExample() fits a schema with ${name}`, () => {
    const value = schemaExample(schema);
    const result = new Validator({ ...schema }, "2020-12").validate(value);
    assert(result.valid, `${JSON.stringify(value)}: ${JSON.stringify(result.errors)}`);
    assertEquals(schemaExample(schema), value);
  });
}

Deno.test("schemaExample() takes picked values that fit, and no others", () => {
  const schema = {
    type: "object",
    properties: {
      city: { type: "string" },
      days: { type: "integer", minimum: 1, maximum: 7 },
      unit: { enum: ["c", "f"] },
      id: { type: "string", pattern: "^x$" },
    },
  };
  const pick = (picked: Record<string, unknown>) =>
    schemaExample(schema, { pick: (property) => picked[property] });
  assertEquals(pick({ city: "Rome", days: 3, unit: "f", id: "y" }), {
    city: "Rome",
    days: 3,
    unit: "f",
    id: "x",
  });
  assertEquals(pick({ city: 5, days: 9, unit: "k" }), {
    city: "example",
    days: 1,
    unit: "c",
    id: "x",
  });
});

Deno.test("schemaExample() survives hostile schemas in bounded time and size", () => {
  let deep: JsonSchema = { type: "string" };
  for (let level = 0; level < 5000; level++) {
    deep = { type: "object", properties: { a: deep }, required: ["a"] };
  }
  const hostile: readonly JsonSchema[] = [
    { $ref: "#" },
    { $ref: "#/a", a: { $ref: "#/b" }, b: { $ref: "#/a" } },
    { $ref: "https://x.test/schema" },
    { $ref: "#/%ZZ" },
    { type: "array", minItems: 1e9, items: { type: "array", minItems: 1e9 } },
    { type: "string", minLength: 1e9 },
    { type: "object", properties: null, required: "x" },
    { anyOf: [1, null, "x"] },
    { allOf: [{ $ref: "#" }] },
    { type: "integer", minimum: 5, maximum: 1 },
    { type: "integer", multipleOf: 0 },
    { type: "constructor" },
    deep,
  ];
  for (const schema of hostile) {
    assert((JSON.stringify(schemaExample(schema)) ?? "").length < 100_000);
  }
});

Deno.test("schemaExample() makes an ordinary property of __proto__", () => {
  const schema = JSON.parse(
    '{"type":"object","properties":{"__proto__":{"const":{"polluted":1}}}}',
  );
  const value = schemaExample(schema) as Record<string, unknown>;
  assert(Object.hasOwn(value, "__proto__"));
  assertFalse("polluted" in value);
});
