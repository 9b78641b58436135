import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { noTurns } from "../context/system.ts";
import { RunError, SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { TestModel } from "../testing/test_model.ts";
import { Route } from "./route.ts";
import { type RouterOptions, RouterWorkflow } from "./router.ts";
import {
  answer,
  choice,
  choosing,
  lines,
  routerOf,
  saying,
  WEATHER,
} from "./router_fixture_test.ts";
import { AgenticWorkflow } from "./workflow.ts";

Deno.test("RouterWorkflow answers by the route its model names", async () => {
  for (const id of ["poet", "coder"]) {
    assertEquals((await answer(routerOf(choosing(id)))).text, id);
  }
});

Deno.test("RouterWorkflow hands the request on as it is, and the context but for signal and turns", async () => {
  let seen: { readonly request: RunRequest; readonly context: RunContext } | undefined;
  const coder: Runner = {
    async *run(request, context) {
      seen = { request, context };
      yield* saying("{}").run(request, context);
    },
  };
  const request = testRequest({ tools: [WEATHER], output: { type: "json-object" }, stream: true });
  const context = testContext({ deps: { a: 1 }, reasoning: "model" });
  assertEquals((await answer(routerOf(choosing("coder"), { coder }), request, context)).text, "{}");
  assert(seen?.request === request);
  const { signal, turns } = seen.context;
  assertEquals(seen.context, { ...context, signal, turns });
});

Deno.test("RouterWorkflow gives the choice's usage and span before the route's own events", async () => {
  const coder: Runner = {
    async *run(): AsyncGenerator<RunEvent> {
      yield { type: "trace", trace: { kind: "tool-call", id: "t", name: "hidden" } };
      yield { type: "reasoning-start", source: "model" };
      yield { type: "reasoning-delta", text: "Hm" };
      yield { type: "reasoning-end" };
      yield { type: "text-start" };
      yield { type: "text-delta", text: "a" };
      yield { type: "text-delta", text: "b" };
      yield { type: "text-end" };
      yield { type: "finish", reason: "length" };
      await Promise.resolve();
    },
  };
  const model = new ScriptedModel([choice("coder", { inputTokens: 30, outputTokens: 4 })]);
  const context = testContext();
  assertEquals(await lines(routerOf(model, { coder }), testRequest(), context), [
    "usage in=30 cached=0 out=4 reasoning=0",
    'trace span "route coder"',
    "trace tool-call hidden t",
    "reasoning-start model",
    'reasoning-delta "Hm"',
    "reasoning-end",
    "text-start",
    'text-delta "a"',
    'text-delta "b"',
    "text-end final",
    "finish length",
  ]);
  assertEquals(
    context.logger.entries.map(({ level, message, fields }) => [level, message, fields]),
    [
      ["debug", "route chosen", {
        requestId: context.runId,
        route: "coder",
        by: "model",
        durationMs: 0,
      }],
    ],
  );
});

Deno.test("RouterWorkflow passes events on as they come", async () => {
  const gate = Promise.withResolvers<void>();
  const coder = new AgenticWorkflow(async function* () {
    yield "early";
    await gate.promise;
    yield "late";
  });
  const events = routerOf(choosing("coder"), { coder }).run(
    testRequest({ stream: true }),
    testContext(),
  );
  const seen: RunEvent[] = [];
  while (seen.at(-1)?.type !== "text-delta") seen.push((await events.next()).value!);
  assertEquals(seen.at(-1), { type: "text-delta", text: "early" });
  gate.resolve();
  assertEquals((await events.next()).value, { type: "text-delta", text: "late" });
});

Deno.test("the model is shown the conversation and the routes, and neither tools nor settings", async () => {
  const model = choosing("poet");
  const router = routerOf(model, { instructions: "Prefer prose.", settings: { maxTokens: 50 } });
  await answer(router, {
    ...testRequest("Write a sonnet"),
    tools: [WEATHER],
    toolChoice: { type: "auto" },
    settings: { temperature: 2, logprobs: false },
    stream: true,
  });
  const [request] = model.requests;
  const told = JSON.stringify(request).replaceAll('\\"', '"');
  for (const part of ["User: Write a sonnet", '"poet": Poems', '"coder": Programs']) {
    assertStringIncludes(told, part);
  }
  assertStringIncludes(told, "Prefer prose.");
  assert(!told.includes("weather") && !told.includes("client's own"));
  assertEquals(request!.tools, []);
  assertEquals(request!.settings, { maxTokens: 50 });
  assertEquals(request!.stream, false);
  assert(request!.output.type === "json-schema");
  assertEquals(request!.output.schema, {
    type: "object",
    properties: { route: { type: "string", enum: ["poet", "coder"] } },
    required: ["route"],
    additionalProperties: false,
  });
});

Deno.test("a model without JSON Schema is asked in words, one without JSON by a tool", async () => {
  const worded = new ScriptedModel([choice("coder")], {
    profile: { structuredOutput: "json-object" },
  });
  assertEquals((await answer(routerOf(worded))).text, "coder");
  assertEquals(worded.requests[0]!.output, { type: "json-object" });
  assertEquals(worded.requests[0]!.tools, []);
  const called = new TestModel({ profile: { structuredOutput: "none" } });
  const request = testRequest({ tools: [WEATHER], maxToolCalls: 0 });
  assertEquals((await answer(routerOf(called), request)).text, "poet");
  assertEquals(called.requests[0]!.tools.map((tool) => tool.name), ["final_result"]);
  assertEquals(called.requests[0]!.toolChoice, { type: "required" });
});

Deno.test("images are shown to the model only where the author says that it sees", async () => {
  const image = { type: "image", url: "https://example.com/a.png" } as const;
  const request = testRequest({ messages: [{ role: "user", content: [image] }] });
  for (const images of [false, true]) {
    const model = choosing("poet");
    await answer(routerOf(model, { images }), request);
    const last = model.requests[0]!.messages.at(-1)!;
    assert(last.role === "user");
    assertEquals(last.content.slice(1), images ? [image] : []);
  }
});

Deno.test("a choice beside the routes is asked for again, as often as the author says", async () => {
  const wrong = [choice("prose"), "I will answer myself", choice("__proto__")];
  const model = new ScriptedModel([...wrong, choice("coder")]);
  const result = await answer(routerOf(model, { retries: 3 }));
  assertEquals([result.text, result.modelCalls], ["coder", 4]);
  const strict = new ScriptedModel(wrong);
  const events = await lines(routerOf(strict, { retries: 1 }));
  assertEquals(events, [
    "usage in=1 cached=0 out=1 reasoning=0",
    "usage in=1 cached=0 out=1 reasoning=0",
    "throw RunError run-failed: Router's model named no route: Exceeded maximum output retries (1)",
  ]);
});

Deno.test("the fallback answers where the model names no route, refuses, is cut off or fails", async () => {
  const turns: ScriptedTurn[] = [
    choice("prose"),
    { refusal: "No" },
    { text: '{"rou', finishReason: "length" },
    { error: new RunError("backend-down", "No route to host") },
    { error: new TypeError("broken") },
  ];
  for (const turn of turns) {
    const context = testContext();
    const router = routerOf(new ScriptedModel([turn]), { fallback: "coder", retries: 0 });
    assertEquals((await answer(router, testRequest(), context)).text, "coder");
    const [warning, chosen] = context.logger.entries;
    assertEquals([warning!.level, warning!.fields.route], ["warn", "coder"]);
    assertEquals(chosen!.fields.by, "fallback");
  }
});

Deno.test("without a fallback the model's failure is the run's", async () => {
  const down = new RunError("backend-down", "No route to host");
  const router = routerOf(new ScriptedModel([{ error: down }]));
  assert(await assertRejects(() => answer(router)) === down);
  for (const turn of [{ refusal: "No" }, { text: '{"rou', finishReason: "length" }] as const) {
    const error = await assertRejects(
      () => answer(routerOf(new ScriptedModel([turn]))),
      RunError,
      "named no route",
    );
    assertEquals(error.code, "run-failed");
  }
});

Deno.test("a router with one route calls no model", async () => {
  const model = choosing();
  const routes = [new Route("only", saying("only"), "Everything")];
  const context = testContext();
  assertEquals(
    (await answer(new RouterWorkflow({ model, routes }), testRequest(), context)).text,
    "only",
  );
  assertEquals(model.requests, []);
  assertEquals(context.logger.entries[0]!.fields.by, "only");
});

Deno.test("a router with one route keeps nothing, and lets it see all turns", async () => {
  let kept = 0;
  const turns = { ...noTurns, park: () => Promise.resolve(void kept++) };
  let seen: RunContext["turns"] | undefined;
  const only: Runner = {
    async *run(_, context): AsyncGenerator<RunEvent> {
      seen = context.turns;
      yield { type: "tool-call-start", id: "c", name: "get_weather", kind: "function" };
      yield { type: "tool-call-end" };
      yield { type: "finish", reason: "tool-calls" };
      await Promise.resolve();
    },
  };
  const routes = [new Route("only", only, "Everything")];
  await answer(
    new RouterWorkflow({ model: choosing(), routes }),
    testRequest(),
    testContext({ turns }),
  );
  assertEquals([kept, seen === turns], [0, true]);
});

Deno.test("RouterWorkflow says what is wrong with its routes", () => {
  const model = choosing();
  const make = (options: Partial<RouterOptions>) => () => routerOf(model, options);
  assertThrows(make({ routes: [] }), SetupError, "at least one route");
  const twice = [new Route("a", saying(""), "A"), new Route("a", saying(""), "B")];
  assertThrows(make({ routes: twice }), SetupError, 'two routes named "a"');
  assertThrows(
    make({ fallback: "constructor" }),
    SetupError,
    'Router cannot fall back to "constructor": its routes are "poet", "coder"',
  );
  for (const retries of [-1, 0.5, NaN]) {
    assertThrows(make({ retries }), SetupError, "retries must be");
  }
});
