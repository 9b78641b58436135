import { assert, assertEquals, assertFalse, assertRejects, assertStrictEquals } from "@std/assert";
import { z } from "zod";
import { HttpError, RequestError, RunError } from "../run/error.ts";
import type { DepsSchema } from "./deps_schema.ts";
import { ContextPipeline } from "./pipeline.ts";
import { asked, failure, refusal } from "./pipeline_fixture_test.ts";

Deno.test("ContextPipeline shows a resolve nothing the schema would refuse", async () => {
  let called = 0;
  const { factory } = new ContextPipeline(z.object({ user: z.string(), plan: z.string() }))
    .fromExtra("user")
    .resolve("plan", () => `${called++}`, { from: ["user"] });
  assertEquals(
    (await refusal(factory(asked({ user: { "$ne": "" } }))))[2],
    "user",
  );
  assertEquals(called, 0);
  assertEquals(await factory(asked({ user: "u" })), { user: "u", plan: "0" });
});

Deno.test("ContextPipeline blames the author for what its own code or defaults made", async () => {
  const schema = z.object({ plan: z.enum(["free"]) });
  const resolved = new ContextPipeline(schema).resolve("plan", () => "secret" as "free");
  const error = await failure(resolved.factory(asked()));
  assertEquals(
    error.message,
    "Cannot make the context: its schema refuses what was made for it: " +
      '"plan": Invalid input: expected "free"',
  );
  const nothing = new ContextPipeline(schema).resolve("plan", () => undefined);
  await failure(nothing.factory(asked()));
  const fallback = new ContextPipeline(schema).fromExtra("plan", { default: "gold" as "free" });
  await failure(fallback.factory(asked()));
  const broken: DepsSchema<{ a: string }> = {
    "~standard": {
      vendor: "test",
      validate: () => {
        throw new TypeError("broken");
      },
    },
  };
  const thrown = await failure(new ContextPipeline(broken).fromExtra("a").factory(asked({ a: 1 })));
  assert(thrown.cause instanceof TypeError);
});

Deno.test("ContextPipeline blames the client for the whole only where all of it is the client's", async () => {
  const schema = z.object({ a: z.string(), b: z.string() }).refine(({ a, b }) => a !== b, "differ");
  const taken = new ContextPipeline(schema).fromExtra("a").fromExtra("b");
  assertEquals(
    await refusal(taken.factory(asked({ a: "x", b: "x" }))),
    ["invalid-value", "Cannot use this request: differ", null],
  );
  const resolved = new ContextPipeline(schema).fromExtra("a").resolve("b", () => "x");
  await failure(resolved.factory(asked({ a: "x" })));
  const partial = z.object({ a: z.string(), b: z.string().optional() }).refine(() => false, "no");
  const nothing = new ContextPipeline(partial).fromExtra("a").resolve("b", () => undefined);
  await failure(nothing.factory(asked({ a: "x" })));
  const fallback = new ContextPipeline(schema).fromExtra("a").fromExtra("b", { default: "x" });
  await failure(fallback.factory(asked({ a: "x" })));
});

Deno.test("a resolve is skipped or fails where what it needs is absent", async () => {
  const schema = z.object({ user: z.string().optional(), plan: z.string().optional() });
  const base = new ContextPipeline(schema).fromExtra("user", { optional: true });
  const plan = ({ user }: { user: string }) => `plan of ${user}`;
  const lenient = base.resolve("plan", plan, { from: ["user"], optional: true });
  assertEquals(await lenient.factory(asked()), {});
  assertEquals(await lenient.factory(asked({ user: "u" })), { user: "u", plan: "plan of u" });
  const strict = base.resolve("plan", plan, { from: ["user"] });
  assertEquals((await refusal(strict.factory(asked())))[2], "user");
  // Through a resolve that was itself skipped, the client still hears of its own field.
  const chained = base
    .resolve("account", ({ user }) => ({ user }), { from: ["user"], optional: true })
    .resolve("plan", ({ account }) => account.user, { from: ["account"] });
  assertEquals((await refusal(chained.factory(asked())))[2], "user");
  const emptied = new ContextPipeline(schema)
    .resolve("account", () => undefined)
    .resolve("plan", () => "x", { from: ["account"] });
  assertEquals(
    (await failure(emptied.factory(asked()))).message,
    'Cannot resolve "plan": "account" came to nothing',
  );
});

Deno.test("resolves that do not need each other run at the same time, others in order", async () => {
  const log: string[] = [];
  const gates = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
  const { factory } = new ContextPipeline(z.object({ sum: z.string() }))
    .resolve("sum", ({ a, b }) => {
      log.push("sum");
      return `${a}${b}`;
    }, { from: ["a", "b"] })
    .resolve("a", async () => {
      log.push("a");
      await gates.a.promise;
      return "A";
    })
    .resolve("b", async () => {
      log.push("b");
      gates.a.resolve();
      await gates.b.promise;
      return "B";
    });
  const deps = factory(asked());
  await gates.a.promise;
  assertEquals(log, ["a", "b"]);
  gates.b.resolve();
  assertEquals(await deps, { sum: "AB" });
  assertEquals(log, ["a", "b", "sum"]);
});

Deno.test("what a resolve throws keeps who is told what", async () => {
  const failing = (error: unknown) =>
    new ContextPipeline(z.object({ plan: z.string() })).resolve("plan", () => {
      throw error;
    }).factory(asked());
  for (
    const error of [
      new RequestError("invalid-value", "Unknown user"),
      new HttpError(403, "Not yours"),
      new RunError("backend-down", "Directory is down"),
    ]
  ) {
    assertStrictEquals(await assertRejects(() => failing(error)), error);
  }
  const refused = Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" });
  const error = await failure(failing(refused));
  assertStrictEquals(error.cause, refused);
  assertEquals(error.message, 'Cannot resolve "plan": connection refused');
  assertEquals((await failure(failing("text"))).cause, "text");
});

Deno.test("after a failure nothing else is begun", async () => {
  const gate = Promise.withResolvers<string>();
  let begun = false;
  const { factory } = new ContextPipeline(z.object({ last: z.string() }))
    .resolve("fails", () => Promise.reject(new HttpError(403, "No")))
    .resolve("slow", () => gate.promise)
    .resolve("last", ({ slow }) => {
      begun = true;
      return slow;
    }, { from: ["slow"] });
  await assertRejects(() => factory(asked()), HttpError);
  gate.resolve("late");
  await gate.promise;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertFalse(begun);
});

Deno.test("after abort nothing else is begun", async () => {
  const controller = new AbortController();
  let begun = false;
  const { factory } = new ContextPipeline(z.object({ last: z.string() }))
    .resolve("first", (_, { signal }) =>
      new Promise<string>((resolve) => {
        signal.addEventListener("abort", () => resolve("late"), { once: true });
      }))
    .resolve("last", ({ first }) => {
      begun = true;
      return first;
    }, { from: ["first"] });
  const deps = factory(asked({}, {}, { signal: controller.signal }));
  await new Promise((resolve) => setTimeout(resolve, 0));
  const reason = new Error("The client has left");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => deps), reason);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertFalse(begun);
});

Deno.test("abort ends the wait at once, though a resolve or a schema is deaf", async () => {
  const reason = new Error("The client has left");
  const deaf: DepsSchema<{ a: string }> = {
    "~standard": { vendor: "test", validate: () => new Promise<never>(() => {}) },
  };
  const pipelines = [
    new ContextPipeline(z.object({ a: z.string() })).resolve(
      "a",
      () => new Promise<string>(() => {}),
    ),
    new ContextPipeline(deaf).fromExtra("a", { optional: true }),
  ];
  for (const pipeline of [...pipelines, ...pipelines.map((each) => each.cachePerRequest())]) {
    const controller = new AbortController();
    const deps = pipeline.factory(asked({}, {}, { signal: controller.signal }));
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => deps), reason);
  }
  let called = false;
  const late = new ContextPipeline(z.object({ a: z.string() })).resolve("a", () => {
    called = true;
    return "a";
  });
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(
    await assertRejects(() => late.factory(asked({}, {}, { signal }))),
    reason,
  );
  assertFalse(called);
});

Deno.test("abort counts, whatever a resolve makes of it", async () => {
  const controller = new AbortController();
  const reason = new Error("The client has left");
  const { factory } = new ContextPipeline(z.object({ a: z.string() })).resolve(
    "a",
    (_, { signal }) =>
      new Promise<string>((_, reject) =>
        signal.addEventListener("abort", () => reject(new Error("AbortError")), { once: true })
      ),
  );
  const deps = factory(asked({}, {}, { signal: controller.signal }));
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => deps), reason);
});
