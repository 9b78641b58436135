import { assert, assertEquals, assertRejects } from "@std/assert";
import type { RunLimits } from "../run/budget.ts";
import { RunError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import { FunctionModel, ScriptedModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";

const endless = () => new FunctionModel(() => ({ toolCalls: [{ name: "look" }] }));
const look = tool({ name: "look", execute: () => "seen" });

async function failing(model: FunctionModel, limits: RunLimits, tools = [look]): Promise<string> {
  const agent = new Agent({ model, tools, limits });
  const error = await assertRejects(() => fold(agent.run(testRequest(), testContext())), RunError);
  assertEquals(error.code, "run-failed");
  return error.message;
}

Deno.test("maxSteps is a wall before the next model call, 50 where nobody says", async () => {
  const three = endless();
  assertEquals(
    await failing(three, { maxSteps: 3 }),
    "Run exceeded its limit: maxSteps is 3, wanted 4",
  );
  assertEquals(three.requests.length, 3);
  const unlimited = endless();
  await failing(unlimited, {});
  assertEquals(unlimited.requests.length, 50);
});

Deno.test("maxToolCalls counts a whole batch before any of it runs", async () => {
  let runs = 0;
  const counted = tool({ name: "look", execute: () => ++runs });
  const two = { toolCalls: [{ id: "a", name: "look" }, { id: "b", name: "look" }] };
  const model = new ScriptedModel([two, two]);
  assertEquals(
    await failing(model, { maxToolCalls: 3 }, [counted]),
    "Run exceeded its limit: maxToolCalls is 3, wanted 4",
  );
  assertEquals(runs, 2);
});

Deno.test("a client's most tool calls bound what runs, and the model is asked for an answer", async () => {
  let runs = 0;
  const counted = tool({ name: "look", execute: () => ++runs });
  const two = { toolCalls: [{ id: "a", name: "look" }, { id: "b", name: "look" }] };
  const model = new ScriptedModel([two, "Enough"]);
  const agent = new Agent({ model, tools: [counted], limits: { maxToolCalls: 1 } });
  const result = await fold(agent.run(testRequest({ maxToolCalls: 1 }), testContext()));
  assertEquals([result.text, runs], ["Enough", 1]);
  const told = model.requests[1]!.messages.at(-1)!;
  assert(told.role === "tool" && told.toolCallId === "b");
  assertEquals(told.content, [
    { type: "text", text: "Tool call limit reached: answer with what you have." },
  ]);
  // A model that does not listen fails instead of being asked for ever.
  const deaf = endless();
  const stubborn = new Agent({ model: deaf, tools: [counted] });
  await assertRejects(
    () => fold(stubborn.run(testRequest({ maxToolCalls: 0 }), testContext())),
    RunError,
    "max retries",
  );
  assertEquals([runs, deaf.requests.length], [1, 2]);
});

Deno.test("client calls do not count as tool calls", async () => {
  const model = new ScriptedModel([{ toolCalls: [{ name: "ask" }] }]);
  const agent = new Agent({ model, limits: { maxToolCalls: 0 } });
  const request = testRequest({ tools: [{ name: "ask", kind: "function" }] });
  assertEquals((await fold(agent.run(request, testContext()))).toolCalls.length, 1);
});

Deno.test("token limits hold for the sum of all model calls", async () => {
  const usage = { inputTokens: 10, outputTokens: 5 };
  const spending = () => new FunctionModel(() => ({ usage, toolCalls: [{ name: "look" }] }));
  const cases: [RunLimits, string, number][] = [
    [{ maxInputTokens: 25 }, "maxInputTokens is 25, wanted 30", 3],
    [{ maxOutputTokens: 9 }, "maxOutputTokens is 9, wanted 10", 2],
    [{ maxTokens: 14 }, "maxTokens is 14, wanted 15", 1],
  ];
  for (const [limits, message, calls] of cases) {
    const model = spending();
    assertEquals(await failing(model, limits), `Run exceeded its limit: ${message}`);
    assertEquals(model.requests.length, calls);
  }
});

Deno.test("maxSeconds ends a run whatever it waits for, and leaves no timer", async () => {
  for (const where of ["model", "tool"] as const) {
    const context = testContext();
    let signal: AbortSignal | undefined;
    const hang = (given: AbortSignal) => {
      signal = given;
      queueMicrotask(() => context.clock.advance(2000));
      return new Promise<never>((_, reject) =>
        given.addEventListener("abort", () => reject(given.reason))
      );
    };
    const model = where === "model"
      ? new ScriptedModel([{ before: hang }])
      : new ScriptedModel([{ toolCalls: [{ name: "hang" }] }]);
    const tools = [tool({ name: "hang", execute: (_, ctx) => hang(ctx.signal) })];
    const agent = new Agent({ model, tools, limits: { maxSeconds: 2 } });
    const error = await assertRejects(() => fold(agent.run(testRequest(), context)), RunError);
    assertEquals(error.message, "Run exceeded its limit: maxSeconds is 2");
    assert(signal?.aborted);
    assertEquals(context.clock.pending, 0);
  }
  const context = testContext();
  const quick = new Agent({ model: new ScriptedModel(["a"]), limits: { maxSeconds: 2 } });
  await fold(quick.run(testRequest(), context));
  assertEquals(context.clock.pending, 0);
});
