import { assert, assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import { NO_USAGE } from "../run/result.ts";
import { FunctionModel, ScriptedModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";

const look = tool({ name: "look", execute: () => "seen" });

async function collect(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  return await Array.fromAsync(checkGrammar(events));
}

Deno.test("run() passes text through delta by delta, as the model made it", async () => {
  const model = new ScriptedModel([{ text: ["He", "llo"] }]);
  const events = await collect(new Agent({ model }).run(testRequest(), testContext()));
  assertEquals(events, [
    { type: "trace", trace: { kind: "model-call", step: 1, model: "scripted" } },
    { type: "text-start" },
    { type: "text-delta", text: "He" },
    { type: "text-delta", text: "llo" },
    { type: "usage", usage: { ...NO_USAGE, inputTokens: 1, outputTokens: 1 } },
    { type: "text-end", phase: "final" },
    { type: "finish", reason: "stop" },
  ]);
});

Deno.test("run() yields the model's own delta objects", async () => {
  const delta: RunEvent = { type: "text-delta", text: "b" };
  const model = new ScriptedModel([]);
  model.call = async function* () {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "a" };
    yield delta as never;
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  };
  const events = await collect(new Agent({ model }).run(testRequest(), testContext()));
  assert(events.includes(delta));
});

Deno.test("run() marks text before hidden calls as interim and goes on", async () => {
  const model = new ScriptedModel([
    { text: "Let me look.", toolCalls: [{ name: "look" }] },
    "Done.",
  ]);
  const result = await fold(
    checkGrammar(new Agent({ model, tools: [look] }).run(testRequest(), testContext())),
  );
  assertEquals(result.parts, [
    { type: "text", text: "Let me look.", phase: "interim" },
    { type: "text", text: "Done.", phase: "final" },
  ]);
  assertEquals(result.text, "Let me look.\n\nDone.");
  assertEquals(result.modelCalls, 2);
  assertEquals(result.consumed.inputTokens, 2);
});

Deno.test("run() ends the interim text before its tools run", async () => {
  const started = Promise.withResolvers<void>();
  const model = new ScriptedModel([{ text: "Wait.", toolCalls: [{ name: "slow" }] }, "Done."]);
  const slow = tool({ name: "slow", execute: () => started.promise });
  const events = new Agent({ model, tools: [slow] }).run(testRequest(), testContext());
  for await (const event of events) {
    if (event.type === "text-end") break;
  }
  started.resolve();
});

Deno.test("run() forwards reasoning and gives it back to its own model only", async () => {
  const model = new ScriptedModel([
    { reasoning: "hm", toolCalls: [{ name: "look" }] },
    { reasoning: "ah", text: "Done." },
  ]);
  const foreign = { role: "assistant", content: "x", reasoning: "foreign", toolCalls: [] } as const;
  const request = testRequest();
  const result = await fold(
    new Agent({ model, tools: [look] }).run(
      { ...request, messages: [...request.messages, foreign, ...request.messages] },
      testContext(),
    ),
  );
  assertEquals(result.reasoning, "hm\n\nah");
  const sent = model.requests[1]!.messages.filter((message) => message.role === "assistant");
  assertEquals(sent.map((message) => message.reasoning), [undefined, "hm"]);
});

Deno.test("run() asks again after an answer without content", async () => {
  for (const empty of [{}, { text: "" }, { text: [" ", "\n"] }, { reasoning: "only thoughts" }]) {
    const model = new ScriptedModel([empty, "Hello."]);
    const result = await fold(
      checkGrammar(new Agent({ model }).run(testRequest(), testContext())),
    );
    assertEquals(result.text, "Hello.");
    assertEquals(model.requests[1]!.messages.at(-1), {
      role: "user",
      content: [
        { type: "text", text: "Hello" },
        {
          type: "text",
          text: "Validation feedback:\nPlease return text or call a tool.\n\n" +
            "Fix the errors and try again.",
        },
      ],
    });
  }
});

Deno.test("run() fails when the output budget is spent", async () => {
  const model = new ScriptedModel([{}, {}, "too late"]);
  const error = await assertRejects(
    () => fold(new Agent({ model }).run(testRequest(), testContext())),
    RunError,
    "Exceeded maximum output retries (1)",
  );
  assertEquals(error.code, "run-failed");
});

Deno.test("run() ends with length or content-filter where nothing usable came", async () => {
  for (const finishReason of ["length", "content-filter"] as const) {
    const model = new ScriptedModel([{ reasoning: "long thoughts", finishReason }]);
    const result = await fold(
      checkGrammar(new Agent({ model }).run(testRequest(), testContext())),
    );
    assertEquals([result.text, result.finishReason], ["", finishReason]);
  }
});

Deno.test("run() keeps cut text with its finish reason", async () => {
  const model = new ScriptedModel([{ text: "Once upon", finishReason: "length" }]);
  const result = await fold(new Agent({ model }).run(testRequest(), testContext()));
  assertEquals([result.text, result.finishReason], ["Once upon", "length"]);
});

Deno.test("run() passes a refusal on and ends", async () => {
  const model = new ScriptedModel([{ refusal: "I will not." }]);
  const result = await fold(checkGrammar(new Agent({ model }).run(testRequest(), testContext())));
  assertEquals([result.refusal, result.text, result.finishReason], ["I will not.", "", "stop"]);
});

Deno.test("run() reports usage once a call, also where the backend told none", async () => {
  const model = new ScriptedModel([]);
  model.call = async function* () {
    yield { type: "text-start" };
    yield { type: "text-delta", text: "x" };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  };
  const result = await fold(new Agent({ model }).run(testRequest(), testContext()));
  assertEquals([result.modelCalls, result.consumed], [1, NO_USAGE]);
});

Deno.test("run() passes the client's stream flag and settings to the model", async () => {
  const model = new ScriptedModel(["a"]);
  const agent = new Agent({
    model,
    settings: { temperature: 0.1, seed: 1, extraBody: { a: 1, b: 1 } },
  });
  const settings = { temperature: 0.9, seed: undefined, extraBody: { b: 2 } };
  await fold(agent.run(testRequest({ stream: true, settings }), testContext()));
  assertEquals(model.requests[0]!.stream, true);
  assertEquals(model.requests[0]!.settings, {
    temperature: 0.9,
    seed: 1,
    extraBody: { a: 1, b: 2 },
  });
});

Deno.test("run() evaluates settings that are a function at every step", async () => {
  const model = new ScriptedModel([{ toolCalls: [{ name: "look" }] }, "a"]);
  const agent = new Agent({ model, tools: [look], settings: (ctx) => ({ seed: ctx.step }) });
  await fold(agent.run(testRequest(), testContext()));
  assertEquals(model.requests.map((request) => request.settings.seed), [1, 2]);
});

Deno.test("run() keeps concurrent runs of one agent apart", async () => {
  const model = new FunctionModel((request) => {
    const texts = request.messages.flatMap((message) =>
      message.role === "tool" || message.role === "user"
        ? message.content.map((part) => part.type === "text" ? part.text : "")
        : []
    );
    return texts.length === 1
      ? { toolCalls: [{ id: "call_0", name: "whose" }] }
      : texts.join(" belongs to ");
  });
  const whose = tool({ name: "whose", execute: (_, ctx) => String(ctx.deps) });
  const agent = new Agent({ model, tools: [whose] });
  const results = await Promise.all(Array.from({ length: 50 }, async (_, index) => {
    const context = testContext({ deps: `user${index}` });
    return (await fold(agent.run(testRequest(`run${index}`), context))).text;
  }));
  assertEquals(results, results.map((_, index) => `run${index} belongs to user${index}`));
});

Deno.test("run() does nothing before the first next()", async () => {
  const controller = new AbortController();
  let reads = 0;
  const signal = new Proxy(controller.signal, {
    get(target, key) {
      reads += 1;
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const model = new ScriptedModel([]);
  const events = new Agent({ model }).run(testRequest(), testContext({ signal }));
  assertEquals([reads, model.requests.length], [0, 0]);
  await events.return(undefined);
});
