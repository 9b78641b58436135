import { assert, assertFalse } from "@std/assert";
import { isRunner } from "./runner.ts";

Deno.test("isRunner() takes whatever has a method `run`, own or inherited", () => {
  const run = () => {
    throw new Error("unused");
  };
  class Answering {
    run = run;
  }
  for (const value of [{ run }, new Answering(), Object.create({ run })]) assert(isRunner(value));
  for (const value of [undefined, null, "run", 1, {}, [], { run: "x" }, run, Answering]) {
    assertFalse(isRunner(value));
  }
  assertFalse(isRunner(Object.assign(() => {}, { run })));
});
