import { assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { z } from "zod";
import { ContextPipeline } from "./pipeline.ts";
import { ALICE, asked, refusal } from "./pipeline_fixture_test.ts";

Deno.test("ContextPipeline takes fields from body, headers and caller, and resolves others", async () => {
  const { factory } = new ContextPipeline(z.object({
    userId: z.string(),
    team: z.string(),
    temperature: z.number(),
    authName: z.string(),
    retries: z.coerce.number<string>(),
    plan: z.string(),
    locale: z.string().optional(),
    region: z.string().default("eu"),
  }))
    .fromHeader("X-User-Id", { as: "userId" })
    .fromExtra("metadata.team")
    .fromParameter("temperature")
    .fromAuth()
    .fromHeader("x-retries", { as: "retries", default: "3" })
    .fromHeader("x-locale", { as: "locale", optional: true })
    .resolve("plan", ({ account, team }) => `${account} of ${team}`, {
      from: ["account", "team"],
    })
    .resolve("account", ({ userId }, context) => {
      assertEquals(context.header("x-user-id"), userId);
      return Promise.resolve(`plan of ${userId}`);
    }, { from: ["userId"] });
  const deps = await factory(
    asked({ metadata: { team: "blue" }, temperature: 1 }, { "x-user-id": "u1" }, ALICE),
  );
  assertEquals(deps, {
    userId: "u1",
    team: "blue",
    temperature: 1,
    authName: "alice",
    retries: 3,
    plan: "plan of u1 of blue",
    region: "eu",
  });
});

Deno.test("ContextPipeline knows the types of what its steps are given", () => {
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
    : false;
  const holds = <Claim extends true>(claim?: Claim) => claim;
  const pipeline = new ContextPipeline(
    z.object({ id: z.string(), age: z.coerce.number<string>(), nick: z.string().optional() }),
  )
    .fromHeader("id")
    .fromHeader("nick", { optional: true })
    .fromAuth({ as: "key" })
    .resolve("age", ({ id, nick, key, other }) => {
      holds<Same<typeof id, string>>();
      holds<Same<typeof nick, string>>();
      holds<Same<typeof key, string>>();
      holds<Same<typeof other, unknown>>();
      return id + nick + key;
    }, { from: ["id", "nick", "key", "other"], optional: true })
    .resolve("other", () => 1);
  type Deps = Awaited<ReturnType<typeof pipeline.factory>>;
  holds<Same<Deps, { id: string; age: number; nick?: string | undefined }>>();
  // @ts-expect-error a field of the schema is made of what the schema takes
  pipeline.resolve("age", () => 3);
  // @ts-expect-error so is a default
  pipeline.fromHeader("id", { default: 3 });
});

Deno.test("ContextPipeline names a missing value as the request calls it", async () => {
  const text = z.object({ value: z.string() });
  const pipeline = new ContextPipeline(text);
  assertEquals(
    await refusal(pipeline.fromHeader("X-User-Id", { as: "value" }).factory(asked())),
    ["missing-parameter", 'Send the header "X-User-Id"', null],
  );
  const { factory } = pipeline.fromExtra("metadata.user", { as: "value" });
  for (
    const body of [{}, { metadata: null }, { metadata: "x" }, { metadata: { user: null } }, {
      metadata: ["user"],
    }]
  ) {
    assertEquals(
      await refusal(factory(asked(body))),
      ["missing-parameter", 'Missing required parameter "metadata.user"', "metadata.user"],
    );
  }
  for (const path of ["metadata.0", "metadata.length", "metadata.user.length"]) {
    const { factory } = pipeline.fromExtra(path, { as: "value" });
    for (const metadata of [["user"], { user: "u" }]) {
      assertEquals((await refusal(factory(asked({ metadata }))))[2], path);
    }
  }
  assertEquals(
    await refusal(pipeline.fromParameter("top_k", { as: "value" }).factory(asked())),
    ["missing-parameter", 'Missing required parameter "top_k"', "top_k"],
  );
  assertEquals(
    await refusal(pipeline.fromAuth({ as: "value" }).factory(asked())),
    ["invalid-api-key", "Send an API key: this API must know its callers", null],
  );
  // Optional for the pipeline, but not for the schema: the client must send it all the same.
  assertEquals(
    await refusal(
      pipeline.fromExtra("user", { as: "value", optional: true }).factory(asked()),
    ),
    ["missing-parameter", 'Missing required parameter "user"', "user"],
  );
});

Deno.test("ContextPipeline names a value the schema refuses as the request calls it", async () => {
  const schema = z.object({ value: z.object({ tags: z.array(z.enum(["a"])) }) });
  assertEquals(
    await refusal(
      new ContextPipeline(schema).fromExtra("metadata.user", { as: "value" })
        .factory(asked({ metadata: { user: { tags: ["a", "b"] } } })),
    ),
    [
      "invalid-value",
      'Cannot read "metadata.user.tags[1]": Invalid input: expected "a"',
      "metadata.user.tags[1]",
    ],
  );
  const short = z.object({ value: z.string().max(1, "at most one letter") });
  assertEquals(
    await refusal(
      new ContextPipeline(short).fromHeader("X-Id", { as: "value" })
        .factory(asked({}, { "x-id": "ab" })),
    ),
    ["invalid-value", 'Cannot read the header "X-Id": at most one letter', null],
  );
  assertEquals(
    await refusal(
      new ContextPipeline(short).fromAuth({ as: "value" }).factory(asked({}, {}, ALICE)),
    ),
    ["permission-denied", "Send another API key: this one may not call", null],
  );
});

Deno.test("names of Object.prototype are names like others", async () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  for (const name of names) {
    const pipeline = new ContextPipeline(z.looseObject({}));
    const { factory } = pipeline
      .fromExtra(name, { as: "top", optional: true })
      .fromExtra(`metadata.${name}`, { as: "below", optional: true })
      .fromParameter(`metadata.${name}.name`, { as: "deep", optional: true })
      .fromHeader(name, { as: "header", optional: true });
    assertEquals({ ...await factory(asked({ metadata: {} })) }, {}, name);
    const given = JSON.parse(`{"${name}":"a","metadata":{"${name}":{"name":"b"}}}`);
    assertEquals(
      { ...await factory(asked(given, [[name, "c"]])) },
      { top: "a", below: { name: "b" }, deep: "b", header: "c" },
      name,
    );
  }
});

Deno.test("a field may have a name of Object.prototype, and pollutes nothing", async () => {
  let seen: object | undefined;
  const { factory } = new ContextPipeline(z.looseObject({ seen: z.boolean() }))
    .fromExtra("value", { as: "__proto__" })
    .fromExtra("value", { as: "constructor" })
    .resolve("seen", (values) => {
      seen = values;
      return true;
    }, { from: ["__proto__", "constructor"] });
  const deps = await factory(asked({ value: { polluted: true } }));
  assertStrictEquals(Object.getPrototypeOf(seen), null);
  assertEquals(Object.getOwnPropertyNames(seen), ["__proto__", "constructor"]);
  assertFalse("polluted" in deps);
  assertFalse("polluted" in {});
});

Deno.test("a schema that refuses unknown fields does not see those of use on the way", async () => {
  const { factory } = new ContextPipeline(z.strictObject({ plan: z.string() }))
    .fromExtra("user")
    .resolve("plan", ({ user }) => `plan of ${user}`, { from: ["user"] });
  assertEquals(await factory(asked({ user: "u" })), { plan: "plan of u" });
});

Deno.test("ContextPipeline's steps leave the pipelines they come from as they were", async () => {
  const base = new ContextPipeline(z.looseObject({}));
  const one = base.fromExtra("a", { optional: true });
  const other = base.fromExtra("b", { optional: true });
  const request = asked({ a: 1, b: 2 });
  assertEquals(await base.factory(request), {});
  assertEquals(await one.factory(request), { a: 1 });
  assertEquals(await other.factory(request), { b: 2 });
});
