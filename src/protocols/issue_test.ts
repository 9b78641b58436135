import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { RequestError } from "../run/error.ts";
import { at, describeValue, paramOf, readFilled, readItems, readShape } from "./issue.ts";

const PART = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string().min(2).max(4) }),
  z.object({
    type: z.literal("image"),
    url: z.union([z.string(), z.object({ href: z.string() })]),
  }),
]);
const SHAPE = z.object({
  name: z.string().regex(/^[a-z]+$/, "lower case letters"),
  count: z.int().min(1).max(9).nullish(),
  level: z.enum(["low", "high"]).nullish(),
  on: z.boolean().nullish(),
  free: z.custom<object>((value) => typeof value === "object", "an object").optional(),
  part: PART.optional(),
});

const ROWS: readonly [unknown, string, string, string][] = [
  [{}, "missing-parameter", "a[2].name", 'Missing required parameter "a[2].name"'],
  [{ name: null }, "missing-parameter", "a[2].name", 'Missing required parameter "a[2].name"'],
  [5, "invalid-type", "a[2]", 'Cannot read "a[2]": got 5, expected an object'],
  [{ name: 5 }, "invalid-type", "a[2].name", 'Cannot read "a[2].name": got 5, expected a string'],
  [
    { name: "A" },
    "invalid-value",
    "a[2].name",
    'Cannot read "a[2].name": got "A", expected lower case letters',
  ],
  [
    { name: "a", count: 1.5 },
    "invalid-type",
    "a[2].count",
    'Cannot read "a[2].count": got 1.5, expected an integer',
  ],
  [
    { name: "a", count: 0 },
    "invalid-value",
    "a[2].count",
    'Cannot read "a[2].count": got 0, expected at least 1',
  ],
  [
    { name: "a", count: 10 },
    "invalid-value",
    "a[2].count",
    'Cannot read "a[2].count": got 10, expected at most 9',
  ],
  [
    { name: "a", level: "mid" },
    "invalid-value",
    "a[2].level",
    'Cannot read "a[2].level": got "mid", expected one of "low", "high"',
  ],
  [
    { name: "a", level: 3 },
    "invalid-type",
    "a[2].level",
    'Cannot read "a[2].level": got 3, expected one of "low", "high"',
  ],
  [
    { name: "a", on: "yes" },
    "invalid-type",
    "a[2].on",
    'Cannot read "a[2].on": got "yes", expected true or false',
  ],
  [
    { name: "a", free: "x" },
    "invalid-type",
    "a[2].free",
    'Cannot read "a[2].free": got "x", expected an object',
  ],
  [
    { name: "a", part: {} },
    "missing-parameter",
    "a[2].part.type",
    'Missing required parameter "a[2].part.type"',
  ],
  [
    { name: "a", part: { type: "video" } },
    "invalid-value",
    "a[2].part.type",
    'Cannot read "a[2].part.type": got "video", expected one of "text", "image"',
  ],
  [
    { name: "a", part: { type: "text", text: "t" } },
    "invalid-value",
    "a[2].part.text",
    'Cannot read "a[2].part.text": got "t", expected at least 2 characters',
  ],
  [
    { name: "a", part: { type: "image", url: 5 } },
    "invalid-type",
    "a[2].part.url",
    'Cannot read "a[2].part.url": got 5, expected a string or an object',
  ],
  [
    { name: "a", part: { type: "image", url: { href: 5 } } },
    "invalid-type",
    "a[2].part.url.href",
    'Cannot read "a[2].part.url.href": got 5, expected a string',
  ],
];

for (const [input, code, param, message] of ROWS) {
  Deno.test(`readShape() answers ${JSON.stringify(input)} with ${code} at ${param}`, () => {
    const path = at(at(null, "a"), 2);
    const error = assertThrows(() => readShape(input, { schema: SHAPE, path }), RequestError);
    assertEquals([error.code, error.param, error.message], [code, param, message]);
  });
}

Deno.test("readShape() reads what fits, leaving out unnamed fields", () => {
  assertEquals(readShape({ name: "a", level: null, more: 1 }, { schema: SHAPE, path: null }), {
    name: "a",
    level: null,
  });
});

Deno.test("readShape() calls a body that is no object a malformed request", () => {
  const error = assertThrows(() => readShape([], { schema: SHAPE, path: null }), RequestError);
  assertEquals([error.code, error.param], ["malformed-request", null]);
});

Deno.test("paramOf() writes fields and elements as clients do", () => {
  const url = at(at(at(at(at(null, "messages"), 0), "content"), 1), "url");
  assertEquals(paramOf(url), "messages[0].content[1].url");
  assertEquals(paramOf(null), null);
});

Deno.test("describeValue() cuts long strings", () => {
  assertEquals(describeValue("x".repeat(1000)), `"${"x".repeat(64)}…"`);
});

Deno.test("readItems() stops at the first bad item", () => {
  let read = 0;
  assertThrows(() =>
    readItems([1, "bad", 3], {
      path: at(null, "list"),
      read: (item, path) => {
        read += 1;
        return readShape(item, { schema: z.number(), path });
      },
    }), RequestError);
  assertEquals(read, 2);
});

Deno.test("readFilled() rejects an empty array with code empty-array", () => {
  const error = assertThrows(
    () => readFilled([], { path: at(null, "list"), read: () => 0 }),
    RequestError,
  );
  assertEquals([error.code, error.param], ["empty-array", "list"]);
});

Deno.test("readFilled() rejects null as missing and an object as no array", () => {
  const refuse = (value: unknown) =>
    assertThrows(() => readFilled(value, { path: at(null, "list"), read: () => 0 }), RequestError)
      .code;
  assertEquals([null, undefined, {}].map(refuse), [
    "missing-parameter",
    "missing-parameter",
    "invalid-type",
  ]);
});
