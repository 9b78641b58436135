import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { SetupError } from "../run/error.ts";
import { tool } from "./tool.ts";

Deno.test("tool() tells a zod schema as JSON Schema of what it takes", () => {
  const made = tool({
    name: "search",
    description: "Finds things",
    parameters: z.object({ query: z.string(), limit: z.number().default(10) }),
    returns: z.array(z.string()),
    strict: false,
    metadata: { cost: 1 },
    execute: ({ query, limit }) => query.slice(0, limit),
  });
  assertEquals(made.definition, {
    name: "search",
    description: "Finds things",
    parameters: {
      type: "object",
      properties: { query: { type: "string" }, limit: { type: "number", default: 10 } },
      required: ["query"],
    },
    returns: { type: "array", items: { type: "string" } },
    strict: false,
    metadata: { cost: 1 },
  });
});

Deno.test("parse() applies the schema, defaults and asynchronous checks included", async () => {
  const made = tool({
    name: "search",
    parameters: z.object({
      limit: z.number().default(10),
      tags: z.array(z.object({ id: z.string() })).optional(),
      user: z.string().refine((name) => Promise.resolve(name !== "nobody"), "Unknown user"),
    }),
    execute: () => 1,
  });
  assertEquals(await made.parse({ user: "ann" }), { ok: true, value: { limit: 10, user: "ann" } });
  assertEquals(await made.parse({ user: "nobody" }), {
    ok: false,
    issues: [{ path: "user", message: "Unknown user" }],
  });
  const nested = await made.parse({ user: "ann", tags: [{ id: "a" }, { id: 1 }] });
  assertEquals(nested.ok ? [] : nested.issues.map((issue) => issue.path), ["tags[1].id"]);
});

Deno.test("a tool without parameters takes an empty object", async () => {
  const made = tool({ name: "now", execute: () => 1 });
  assertEquals((await made.parse({})).ok, true);
  assertEquals((await made.parse({ more: 1 })).ok, false);
});

Deno.test("tool() rejects names that backends refuse", () => {
  for (const name of ["", "two words", "a.b", "x".repeat(65), "ä"]) {
    assertThrows(() => tool({ name, execute: () => 1 }), SetupError, "Tool name");
  }
});

Deno.test("a schema that cannot be told as JSON Schema is a SetupError naming the tool", () => {
  const made = tool({ name: "bad", parameters: z.object({ at: z.date() }), execute: () => 1 });
  assertThrows(() => made.definition, SetupError, 'Tool "bad"');
  const foreign = {
    "~standard": {
      version: 1,
      vendor: "other",
      validate: (value: unknown) => ({ value }),
    },
  } as const;
  const unknown = tool({ name: "bad", parameters: foreign, execute: () => 1 });
  assertThrows(() => unknown.definition, SetupError, "zod 4.2 or later");
});
