import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { z } from "zod";
import { HttpError } from "../run/error.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ContextPipeline } from "./pipeline.ts";
import { asked } from "./pipeline_fixture_test.ts";
import { RequestContext } from "./request_context.ts";

Deno.test("cachePerRequest() makes deps once for each request, also for runs inside it", async () => {
  let made = 0;
  const pipeline = new ContextPipeline(z.object({ count: z.number(), user: z.string() }))
    .fromExtra("user")
    .resolve("count", () => ++made);
  const { factory } = pipeline.cachePerRequest();
  const run = testContext();
  const request = testRequest({ parameters: { user: "u" }, extraParameters: { user: "u" } });
  const outer = new RequestContext(request, run);
  const inner = new RequestContext({ ...request, messages: [] }, { ...run, deps: 1 });
  const [first, second] = await Promise.all([factory(outer), factory(inner)]);
  assertStrictEquals(first, second);
  assertStrictEquals(await factory(new RequestContext(request, run)), first);
  assertEquals(made, 1);
  // Another request, though its words are the same; another caller or run of the same body.
  await factory(asked({ user: "u" }));
  const callers = { ...run, principal: { ...run.principal } };
  await factory(new RequestContext(request, callers));
  await factory(new RequestContext(request, { ...callers, runId: "run_other" }));
  assertEquals(made, 4);
  const uncached = pipeline.factory;
  await Promise.all([uncached(outer), uncached(outer)]);
  assertEquals(made, 6);
});

Deno.test("cachePerRequest() takes whatever looks like a RequestContext", async () => {
  let made = 0;
  const { factory } = new ContextPipeline(z.object({ count: z.number() }))
    .resolve("count", () => ++made)
    .cachePerRequest();
  const signal = new AbortController().signal;
  const lookalike = { signal } as unknown as RequestContext;
  await factory(lookalike);
  assertEquals(await factory(lookalike), { count: 1 });
  assertEquals(await factory({ signal } as unknown as RequestContext), { count: 2 });
});

Deno.test("cachePerRequest() keeps no failure", async () => {
  let attempts = 0;
  const { factory } = new ContextPipeline(z.object({ count: z.number() }))
    .resolve("count", () => {
      if (attempts++ === 0) throw new HttpError(503, "Not yet");
      return attempts;
    })
    .cachePerRequest();
  const context = asked();
  await assertRejects(() => factory(context), HttpError);
  assertEquals(await factory(context), { count: 2 });
});

Deno.test("cachePerRequest() makes deps anew where only another run of the request was stopped", async () => {
  let attempts = 0;
  const begun = Promise.withResolvers<void>();
  const { factory } = new ContextPipeline(z.object({ count: z.number() }))
    .resolve("count", () => {
      attempts += 1;
      begun.resolve();
      return attempts === 1 ? new Promise<number>(() => {}) : attempts;
    })
    .cachePerRequest();
  const stop = new AbortController();
  const run = testContext();
  const request = testRequest();
  const stopped = factory(new RequestContext(request, { ...run, signal: stop.signal }));
  const waiting = factory(new RequestContext(request, run));
  await begun.promise;
  const reason = new Error("Enough");
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => stopped), reason);
  assertEquals(await waiting, { count: 2 });
});

Deno.test("cachePerRequest() ends one run's wait without disturbing the others", async () => {
  const gate = Promise.withResolvers<number>();
  const { factory } = new ContextPipeline(z.object({ count: z.number() }))
    .resolve("count", () => gate.promise)
    .cachePerRequest();
  const stop = new AbortController();
  const run = testContext();
  const request = testRequest();
  const waiting = factory(new RequestContext(request, run));
  const stopped = factory(new RequestContext(request, { ...run, signal: stop.signal }));
  const reason = new Error("Enough");
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => stopped), reason);
  gate.resolve(1);
  assertEquals(await waiting, { count: 1 });
});
