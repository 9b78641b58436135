import { assertEquals, assertStringIncludes } from "@std/assert";
import { noTurns } from "../context/system.ts";
import type { RunEvent } from "../run/event.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { WorkflowResponse } from "./response.ts";
import { Route } from "./route.ts";
import { RouterWorkflow } from "./router.ts";
import {
  answer,
  caller,
  choosing,
  resumed,
  routerOf,
  say,
  WEATHER,
} from "./router_fixture_test.ts";
import { AgenticWorkflow } from "./workflow.ts";

Deno.test("the route that made calls answers their results, without another choice", async () => {
  const model = choosing("coder", "poet");
  const router = routerOf(model, { poet: caller("poet"), coder: caller("coder") });
  const context = testContext({ reasoning: "progress" });
  const request = testRequest({ tools: [WEATHER] });
  const asked = await answer(router, request, context);
  assertEquals(asked.finishReason, "tool-calls");
  const second = resumed(request, asked);
  const answered = await answer(router, second, context);
  assertStringIncludes(answered.text, "coder: ");
  assertEquals(model.requests.length, 1);
  // A branch of the same conversation finds the same route.
  assertStringIncludes((await answer(router, second, context)).text, "coder: ");
  // When the user speaks again, the choice is made anew.
  const next = await answer(router, { ...say(second, "Now sing"), tools: [] }, context);
  assertEquals(next.text, "poet");
  assertEquals(next.reasoning, "Asking the poet");
});

Deno.test("calls lead to their route for whom they were made, and for nobody else", async () => {
  const model = choosing("coder", "poet", "poet");
  const router = routerOf(model, { poet: caller("poet"), coder: caller("coder") });
  const context = testContext();
  const request = testRequest({ tools: [WEATHER] });
  const second = resumed(request, await answer(router, request, context));
  const other = { ...context, principal: { name: "b", tenant: "b" } };
  assertStringIncludes((await answer(router, second, other)).text, "poet: ");
  const forged = JSON.parse(JSON.stringify(second).replaceAll("call_1", "call_forged"));
  assertStringIncludes((await answer(router, forged, context)).text, "poet: ");
  assertEquals(model.requests.length, 3);
});

Deno.test("a route that is forgotten or cannot be looked up is chosen anew", async () => {
  const request = testRequest({ tools: [WEATHER] });
  for (
    const turns of [noTurns, {
      ...noTurns,
      park: () => Promise.reject(new Error("store is down")),
      find: (_: string, id: string) =>
        id.startsWith("route of ")
          ? Promise.reject(new Error("store is down"))
          : Promise.resolve(undefined),
    }]
  ) {
    const model = choosing("coder", "poet");
    const router = routerOf(model, { poet: caller("poet"), coder: caller("coder") });
    const context = testContext({ turns });
    const asked = await answer(router, request, context);
    const answered = await answer(router, resumed(request, asked), context);
    assertStringIncludes(answered.text, "poet: ");
    assertEquals(
      context.logger.entries.some(({ message }) =>
        message === "Route of earlier calls could not be looked up"
      ),
      turns !== noTurns,
    );
  }
});

Deno.test("the client learns that its calls are complete when their route is kept", async () => {
  const gate = Promise.withResolvers<void>();
  const turns = { ...noTurns, park: () => gate.promise, find: () => Promise.resolve(undefined) };
  const coder = new AgenticWorkflow(() =>
    new WorkflowResponse({ toolCalls: [{ name: "get_weather" }] })
  );
  const events = routerOf(choosing("coder"), { coder }).run(
    testRequest({ tools: [WEATHER] }),
    testContext({ turns }),
  );
  let last: RunEvent | undefined;
  while (last?.type !== "tool-call-end") last = (await events.next()).value;
  let finished = false;
  const finish = events.next().finally(() => finished = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(finished, false);
  gate.resolve();
  assertEquals((await finish).value, { type: "finish", reason: "tool-calls" });
});

Deno.test("routers inside routers each keep their own choice", async () => {
  const inner = choosing("coder", "poet");
  const outer = choosing("poet", "coder");
  const nested = new RouterWorkflow({
    model: inner,
    routes: [
      new Route("poet", caller("inner poet"), "Poems"),
      new Route("coder", caller("inner coder"), "Programs"),
    ],
  });
  const router = routerOf(outer, { poet: nested, coder: caller("outer coder") });
  const context = testContext();
  const request = testRequest({ tools: [WEATHER] });
  const asked = await answer(router, request, context);
  assertStringIncludes(
    (await answer(router, resumed(request, asked), context)).text,
    "inner coder:",
  );
  assertEquals([inner.requests.length, outer.requests.length], [1, 1]);
});

Deno.test("calls of a workflow that mints no ids stick to their route as well", async () => {
  const model = choosing("coder");
  const coder = new AgenticWorkflow((request) => {
    const [result] = Object.values(request.latestToolResults);
    if (result !== undefined) return `coder: ${result}`;
    const id = "__proto__";
    return request.run({
      async *run(): AsyncGenerator<RunEvent> {
        yield { type: "tool-call-start", id, name: "get_weather", kind: "function" };
        yield { type: "tool-call-end" };
        yield { type: "finish", reason: "tool-calls" };
        await Promise.resolve();
      },
    });
  });
  const router = routerOf(model, { coder });
  const context = testContext();
  const request = testRequest({ tools: [WEATHER] });
  const asked = await answer(router, request, context);
  assertEquals((await answer(router, resumed(request, asked), context)).text, "coder: Sunny");
});

Deno.test("a route's label is told where clients see progress, and only once for one answer", async () => {
  for (const reasoning of ["progress", "model", undefined] as const) {
    const result = await answer(
      routerOf(choosing("poet")),
      testRequest(),
      testContext({ reasoning }),
    );
    assertEquals(result.reasoning, reasoning === "progress" ? "Asking the poet" : "");
  }
  const unlabelled = await answer(
    routerOf(choosing("coder")),
    testRequest(),
    testContext({ reasoning: "progress" }),
  );
  assertEquals(unlabelled.reasoning, "");
  const router = routerOf(choosing("poet"), { poet: caller("poet") });
  const context = testContext({ reasoning: "progress" });
  const request = testRequest({ tools: [WEATHER] });
  const asked = await answer(router, request, context);
  assertEquals(asked.reasoning, "Asking the poet");
  assertEquals((await answer(router, resumed(request, asked), context)).reasoning, "");
});
