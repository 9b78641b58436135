import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { SetupError } from "../run/error.ts";
import type { DepsSchema } from "./deps_schema.ts";
import { ContextPipeline } from "./pipeline.ts";

/** What is wrong with a pipeline, told when its factory is taken. */
function problems(pipeline: { readonly factory: unknown }): string {
  return assertThrows(() => pipeline.factory, SetupError).message;
}

const ANY = z.looseObject({});

Deno.test("factory refuses a field that is made twice", () => {
  const pipeline = new ContextPipeline(ANY).fromExtra("user").fromHeader("x-user", { as: "user" });
  assertEquals(problems(pipeline), "context.user: Is made by two steps: give one another field");
});

Deno.test("factory refuses a need that no step meets, and takes one that a later step meets", () => {
  const need = new ContextPipeline(ANY).fromExtra("user").resolve("plan", () => 1, {
    from: ["user", "account", "constructor"],
  });
  assertEquals(
    problems(need),
    'context.plan: Needs "account", which no step makes; steps make "user", "plan"\n' +
      'context.plan: Needs "constructor", which no step makes; steps make "user", "plan"',
  );
  new ContextPipeline(ANY).resolve("a", () => 1, { from: ["b"] }).resolve("b", () => 1).factory;
});

Deno.test("factory refuses fields that need each other, and one that needs itself", () => {
  const circle = new ContextPipeline(ANY)
    .resolve("start", () => 1, { from: ["a"] })
    .resolve("a", () => 1, { from: ["b"] })
    .resolve("b", () => 1, { from: ["a"] });
  assertEquals(problems(circle), 'context.a: Needs itself: "a" from "b" from "a"');
  const itself = new ContextPipeline(ANY).resolve("a", () => 1, { from: ["a"] });
  assertEquals(problems(itself), 'context.a: Needs itself: "a" from "a"');
});

Deno.test("factory refuses a required field that nobody makes, where the schema can tell", () => {
  const schema = z.object({
    user: z.string(),
    since: z.date(),
    locale: z.string().optional(),
    region: z.string().default("eu"),
  });
  assertEquals(
    problems(new ContextPipeline(schema).fromExtra("user")),
    'context.since: Is required by the schema and made by no step; steps make "user"',
  );
  assertEquals(
    problems(new ContextPipeline(schema).resolve("since", () => new Date(0))),
    'context.user: Is required by the schema and made by no step; steps make "since"',
  );
  assertEquals(
    problems(new ContextPipeline(z.object({ user: z.string() }))),
    "context.user: Is required by the schema and made by no step; steps make nothing",
  );
  const mute: DepsSchema<{ user: string }> = {
    "~standard": {
      vendor: "test",
      validate: (value) => ({ value: value as { user: string } }),
      jsonSchema: {
        input: () => {
          throw new Error("cannot tell");
        },
      },
    },
  };
  new ContextPipeline(mute).factory;
  new ContextPipeline(z.union([z.object({ a: z.string() }), z.object({ b: z.string() })])).factory;
});

Deno.test("factory tells every problem at once, and is made once", () => {
  const pipeline = new ContextPipeline(z.object({ user: z.string() }))
    .resolve("a", () => 1, { from: ["b"] })
    .resolve("a", () => 1);
  assertEquals(problems(pipeline).split("\n").length, 3);
  const fine = new ContextPipeline(ANY);
  assertStrictEquals(fine.factory, fine.factory);
});

Deno.test("a step that can never work is refused where it is declared", () => {
  const pipeline = new ContextPipeline(ANY);
  for (const header of ["Authorization", "cookie", "X-API-KEY"]) {
    assertThrows(() => pipeline.fromHeader(header), SetupError, "credentials are never shown");
  }
  for (const header of ["", "no header", "é"]) {
    assertThrows(() => pipeline.fromHeader(header), SetupError, "no header can have that name");
  }
  for (const name of ["", ".", "a.", ".a", "a..b"]) {
    assertThrows(() => pipeline.fromExtra(name), SetupError, "expected a name");
    assertThrows(() => pipeline.fromParameter(name), SetupError, "expected a name");
  }
  assertThrows(() => pipeline.fromExtra("a", { as: "" }), SetupError, "Name the field");
  assertThrows(() => pipeline.resolve("", () => 1), SetupError, "Name the field");
});
