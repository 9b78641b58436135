import { assertEquals, assertLessOrEqual } from "@std/assert";
import { modelNotFound } from "./mod.ts";

Deno.test("modelNotFound() names the model with param model", () => {
  const error = modelNotFound("beta");
  assertEquals([error.code, error.param], ["model-not-found", "model"]);
  assertEquals(error.message, 'The model "beta" does not exist or you do not have access to it');
});

Deno.test("modelNotFound() cuts a long name", () => {
  assertLessOrEqual(modelNotFound("x".repeat(10_000)).message.length, 250);
});
