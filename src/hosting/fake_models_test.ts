import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { type AppSource, FakeModels, fakeModelsOf } from "./fake_models.ts";
import { saying } from "./fixture_test.ts";

async function idsOf(source: AppSource, modelName?: string): Promise<readonly string[]> {
  return Array.from(await fakeModelsOf(source, { modelName }), ({ id }) => id);
}

Deno.test("add() keeps the order and fills in defaults", () => {
  const runner = saying();
  const models = new FakeModels().add("b", runner).add("a", () => runner, { lifecycle: "lazy" });
  assertEquals(Array.from(models, ({ id }) => id), ["b", "a"]);
  assertEquals(models.get("b")?.lifecycle, "startup");
  assertEquals(models.get("b")?.dependencyPolicy, "fail");
  assertEquals(models.size, 2);
});

Deno.test("add() refuses unusable ids, names taken and sources that cannot answer", () => {
  const models = new FakeModels().add("taken", saying());
  for (const id of ["", " a", "a\n", "a\u0000b", "x".repeat(257)]) {
    assertThrows(() => models.add(id, saying()), SetupError);
  }
  assertThrows(() => models.add("taken", saying()), SetupError, '"taken"');
  for (const source of [undefined, null, "agent", 1, {}, { run: "no" }, []]) {
    assertThrows(() => models.add("m", source as never), SetupError, '"m"');
  }
  assertThrows(
    () => models.add("m", saying(), { lifecycle: "per_request" }),
    SetupError,
    "factory",
  );
});

Deno.test("fakeModelsOf() takes a Runner, a factory of any, FakeModels and a record", async () => {
  const runner = saying();
  assertEquals(await idsOf(runner), ["agent"]);
  assertEquals(await idsOf(runner, "mine"), ["mine"]);
  assertEquals(await idsOf(Object.assign(saying(), { name: "own" })), ["own"]);
  assertEquals(await idsOf(() => Promise.resolve(runner), "made"), ["made"]);
  assertEquals(await idsOf(() => () => runner), ["agent"]);
  assertEquals(await idsOf({ a: runner, b: () => runner }), ["a", "b"]);
  const models = new FakeModels().add("x", runner);
  assertStrictEquals(await fakeModelsOf(() => models), models);
});

Deno.test("fakeModelsOf() refuses nothing, nonsense and a name for several", async () => {
  const runner = saying();
  for (
    const source of [{}, [], null, undefined, 3, "x", { a: 1 }, new FakeModels(), () => undefined]
  ) {
    await assertRejects(() => fakeModelsOf(source as AppSource), SetupError);
  }
  await assertRejects(() => fakeModelsOf({ a: runner }, { modelName: "b" }), SetupError, '"b"');
});
