import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { ModelEvent, ModelRequest } from "../models/model.ts";
import { HttpError, RequestError, RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { Message } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";
import { macrotask } from "../testing/macrotask.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import type { AgentHooks } from "./hooks.ts";
import { answerWith, type ModelAnswer } from "./model_answer.ts";
import { toolOutput } from "./output.ts";
import type { AgentOptions } from "./plan.ts";

const look = tool({ name: "look", execute: () => "seen" });

type Turns = readonly (ScriptedTurn | string)[];

function setUp(turns: Turns, options: Omit<AgentOptions, "model">) {
  const model = new ScriptedModel(turns);
  const agent = new Agent({ model, ...options });
  return {
    model,
    agent,
    events: () => Array.fromAsync(checkGrammar(agent.run(testRequest(), testContext()))),
    result: (): Promise<RunResult> => fold(checkGrammar(agent.run(testRequest(), testContext()))),
  };
}

function texts(messages: readonly Message[]): string[] {
  return messages.map((message) =>
    typeof message.content === "string"
      ? message.content
      : message.content.map((part) => part.type === "text" ? part.text : part.type).join("|")
  );
}

function deltas(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => event.type === "text-delta" ? [event.text] : []);
}

/** Refuses the first answers, as many as there are complaints. */
function refusing(...complaints: string[]): AgentHooks {
  return {
    afterModelRequest: () => {
      const complaint = complaints.shift();
      if (complaint !== undefined) throw new ModelRetry(complaint);
    },
  };
}

Deno.test("beforeModelRequest sees and changes all of the request, before each call", async () => {
  const seen: ModelRequest[] = [];
  const { model, result } = setUp([{ toolCalls: [{ name: "look" }] }, "Done."], {
    instructions: "Be kind.",
    tools: [look],
    hooks: [
      {
        beforeModelRequest: (ctx, request) => {
          seen.push(request);
          return Promise.resolve({ ...request, settings: { seed: ctx.step } });
        },
      },
      {
        beforeModelRequest: (_, request) => ({
          ...request,
          messages: [{ role: "system", content: "Be brief." }, ...request.messages],
          tools: request.tools.map((spec) => ({ ...spec, description: "Looks" })),
        }),
      },
      { beforeModelRequest: () => {} },
    ],
  });
  assertEquals((await result()).text, "Done.");
  assertEquals(texts(seen[0]!.messages), ["Be kind.", "Hello"]);
  assertEquals(texts(model.requests[0]!.messages), ["Be brief.", "Be kind.", "Hello"]);
  assertEquals(model.requests.map(({ settings }) => settings.seed), [1, 2]);
  assertEquals(model.requests[1]!.tools[0]!.description, "Looks");
});

Deno.test("a tool a hook leaves out of the request cannot be called either", async () => {
  let ran = false;
  const purge = tool({ name: "purge", execute: () => ran = true });
  const { model, result } = setUp([{ toolCalls: [{ name: "purge" }] }, "Done."], {
    tools: [look, purge],
    hooks: [{
      beforeModelRequest: (_, request) => ({
        ...request,
        tools: request.tools.filter(({ name }) => name !== "purge"),
      }),
    }],
  });
  await result();
  assert(!ran);
  assertStringIncludes(texts(model.requests[1]!.messages).at(-1)!, "Available tools: 'look'");
});

Deno.test("hooks can neither add nor rename tools", async () => {
  for (const name of ["new", "constructor"]) {
    const { result } = setUp(["Done."], {
      tools: [look],
      hooks: [{
        wrapModelRequest: (_, request, next) =>
          next({ ...request, tools: [{ name, kind: "function" }] }),
      }],
    });
    const error = await assertRejects(result, RunError);
    assertStringIncludes(error.message, `"${name}" was added`);
  }
});

Deno.test("wrapModelRequest nests, streams, and may change events", async () => {
  const log: string[] = [];
  const wrap = (name: string): AgentHooks => ({
    wrapModelRequest: async function* (_, request, next) {
      log.push(`${name}>`);
      for await (const event of next(request)) {
        yield event.type === "text-delta" ? { ...event, text: `${event.text}${name}` } : event;
      }
      log.push(`<${name}`);
    },
  });
  const { events } = setUp([{ text: ["1", "2"] }], { hooks: [wrap("a"), wrap("b")] });
  assertEquals(deltas(await events()), ["1ba", "2ba"]);
  assertEquals(log, ["a>", "b>", "<b", "<a"]);
});

Deno.test("wrapModelRequest may answer without calling the model", async () => {
  const { model, agent } = setUp([], {
    tools: [look],
    hooks: [{
      wrapModelRequest: ({ step }) =>
        Promise.resolve(
          answerWith(
            step === 1
              ? { reasoning: "hm", toolCalls: [{ name: "look", arguments: "{}" }] }
              : { text: "From a hook." },
          ),
        ),
    }],
  });
  const result = await agent.generate("Hi");
  assertEquals(model.requests.length, 0);
  assertEquals([result.output, result.modelCalls, result.toolCalls], ["From a hook.", 2, 1]);
  assertEquals(result.usage.inputTokens, 0);
  const [, assistant, answer] = result.messages;
  assert(assistant?.role === "assistant" && assistant.toolCalls[0]!.id !== "");
  assertEquals(texts([answer!]), ["seen"]);
});

Deno.test("wrapModelRequest that always answers with calls comes to the limit of steps", async () => {
  const { agent } = setUp([], {
    tools: [look],
    limits: { maxSteps: 3 },
    hooks: [{
      wrapModelRequest: () => answerWith({ toolCalls: [{ name: "look", arguments: "" }] }),
    }],
  });
  await assertRejects(() => agent.generate("Hi"), RunError, "maxSteps");
});

Deno.test("wrapModelRequest may call the model again; parts are closed and tokens added up", async () => {
  const { events, model } = setUp([
    { reasoning: "first", text: "half", error: new Error("cut") },
    { reasoning: "second", text: "whole", usage: { inputTokens: 5 } },
  ], {
    hooks: [{
      wrapModelRequest: async function* (_, request, next) {
        try {
          // Breaks off in the middle of both its parts.
          for await (const event of next(request)) {
            if (event.type !== "text-end" && event.type !== "reasoning-end") yield event;
          }
        } catch {
          yield { type: "usage", usage: usage(3) };
          yield* next(request);
        }
      },
    }],
  });
  const seen = await events();
  assertEquals(model.requests.length, 2);
  assertEquals(deltas(seen), ["half", "whole"]);
  const usages = seen.flatMap((event) => event.type === "usage" ? [event.usage.inputTokens] : []);
  assertEquals(usages, [8]);
});

function usage(inputTokens: number) {
  return { inputTokens, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 };
}

Deno.test("events that make no sense fail the run", async () => {
  const { result } = setUp([], {
    hooks: [{
      wrapModelRequest: async function* (): AsyncGenerator<ModelEvent> {
        yield { type: "reasoning-delta", text: "out of nowhere" };
      },
    }],
  });
  assertEquals((await assertRejects(result, RunError)).code, "internal");
});

Deno.test("afterModelRequest sees the whole answer, hooks in reverse order", async () => {
  const seen: [string, ModelAnswer][] = [];
  const note = (name: string): AgentHooks => ({
    afterModelRequest: (_, answer) => void seen.push([name, answer]),
  });
  const { result } = setUp([
    { reasoning: "hm", text: "Wait.", toolCalls: [{ id: "c", name: "look" }], usage: usage(7) },
    { refusal: "No.", finishReason: "content-filter" },
  ], { tools: [look], hooks: [note("a"), note("b")] });
  await result();
  const call = { id: "c", name: "look", kind: "function", arguments: "{}" } as const;
  const first: ModelAnswer = {
    text: "Wait.",
    refusal: "",
    reasoning: "hm",
    toolCalls: [call],
    usage: usage(7),
    finishReason: "tool-calls",
  };
  const last = { ...first, text: "", refusal: "No.", reasoning: "", toolCalls: [] };
  const one = { ...usage(1), outputTokens: 1 };
  assertEquals(seen, [
    ["b", first],
    ["a", first],
    ["b", { ...last, usage: one, finishReason: "content-filter" }],
    ["a", { ...last, usage: one, finishReason: "content-filter" }],
  ]);
});

Deno.test("afterModelRequest holds text back until it agrees; other agents stream", async () => {
  const turns = [{ text: ["He", "llo"] }];
  const streamed = setUp(turns, { hooks: [{ beforeModelRequest: () => {} }] });
  assertEquals(deltas(await streamed.events()), ["He", "llo"]);
  const held = setUp([{ reasoning: "hm", text: ["se", "cret"] }, ...turns], {
    hooks: [refusing("No secrets")],
  });
  const events = await held.events();
  assertEquals(deltas(events), ["Hello"]);
  assertEquals(events.filter(({ type }) => type === "reasoning-delta").length, 1);
});

Deno.test("an answer that is refused stays in the history, its calls do not run", async () => {
  let ran = 0;
  const count = tool({ name: "count", execute: () => ran += 1 });
  const calls = ["a", "b"].map((id) => ({ id, name: "count" }));
  const { model, agent } = setUp([{ text: "I will.", toolCalls: calls }, "Fine."], {
    tools: [count],
    hooks: [refusing("Ask first")],
  });
  const { messages, output } = await agent.generate("Hi");
  assertEquals([output, ran], ["Fine.", 0]);
  const told = "Tool not executed - the answer it is part of was refused.";
  assertEquals(texts(messages.slice(1)), [
    "I will.",
    told,
    told,
    "Validation feedback:\nAsk first\n\nFix the errors and try again.",
    "Fine.",
  ]);
  assertEquals(texts(model.requests[1]!.messages), texts(messages).slice(0, -1));
});

Deno.test("calls of a refused answer keep their ids apart from those of the next", async () => {
  const turn = { toolCalls: [{ id: "same", name: "look" }] };
  const { model, agent } = setUp([turn, turn, "Done."], {
    tools: [look],
    hooks: [refusing("Again")],
  });
  await agent.generate("Hi");
  const ids = model.requests[2]!.messages.flatMap((message) =>
    message.role === "tool" ? [message.toolCallId] : []
  );
  assertEquals([ids.length, new Set(ids).size], [2, 2]);
});

Deno.test("ModelRetry of model hooks spends the output budget of the run", async () => {
  const spent = setUp(["a", "b", "c"], { hooks: [refusing("1", "2")] });
  await assertRejects(spent.result, RunError, "Exceeded maximum output retries (1)");
  assertEquals(spent.model.requests.length, 2);
  const patient = setUp(["a", "b", "c"], { hooks: [refusing("1", "2")], outputRetries: 2 });
  assertEquals((await patient.result()).text, "c");
});

Deno.test("afterModelRequest may change the answer, its calls included", async () => {
  const { model, agent, events } = setUp([
    { text: "Let me look.", toolCalls: [{ id: "c", name: "lok" }] },
    "My card is 1234.",
    { toolCalls: [] },
    "My card is 1234.",
  ], {
    tools: [look],
    hooks: [{
      afterModelRequest: (_, answer) => ({
        ...answer,
        text: answer.text.replaceAll(/\d/g, "*"),
        toolCalls: answer.toolCalls.map((call) => ({ ...call, name: "look" })),
      }),
    }],
  });
  const { output, toolCalls } = await agent.generate("Hi");
  assertEquals([output, toolCalls], ["My card is ****.", 1]);
  const [, assistant, answer] = model.requests[1]!.messages;
  assert(assistant?.role === "assistant" && assistant.toolCalls[0]!.name === "look");
  assertEquals(texts([answer!]), ["seen"]);
  assertEquals(deltas(await events()), ["My card is ****."]);
});

Deno.test("ModelRetry of a wrap ends the text that has gone out and asks again", async () => {
  let attempts = 0;
  const { model, result } = setUp([{ text: ["bad", " words"] }, "good"], {
    hooks: [{
      wrapModelRequest: async function* (_, request, next) {
        attempts += 1;
        for await (const event of next(request)) {
          if (event.type === "text-delta" && event.text === " words") {
            throw new ModelRetry("Mind your words");
          }
          yield event;
        }
      },
    }],
  });
  const { parts } = await result();
  assertEquals(parts, [
    { type: "text", text: "bad", phase: "interim" },
    { type: "text", text: "good", phase: "final" },
  ]);
  assertEquals(attempts, 2);
  const [, assistant, feedback] = texts(model.requests[1]!.messages);
  assertEquals(assistant, "bad");
  assertStringIncludes(feedback!, "Mind your words");
});

Deno.test("ModelRetry before anything was said leaves no empty message", async () => {
  for (const point of ["beforeModelRequest", "wrapModelRequest"] as const) {
    let first = true;
    const { agent, model } = setUp(["good"], {
      hooks: [{
        [point]: (_: unknown, request: ModelRequest, next?: (request: ModelRequest) => unknown) => {
          if (!first) return next?.(request);
          first = false;
          throw new ModelRetry("Not yet");
        },
      }],
    });
    const { messages } = await agent.generate("Hi");
    assertEquals(messages.map(({ role }) => role), ["user", "user", "assistant"]);
    assertEquals(model.requests.length, 1);
  }
});

Deno.test("onModelRequestError answers in the place of a call that failed", async () => {
  const failing = { error: new Error("down") };
  const { result } = setUp([failing], {
    hooks: [{ onModelRequestError: () => ({ text: "Sorry." }) }],
  });
  assertEquals((await result()).text, "Sorry.");
  const { result: calling } = setUp([failing, "Done."], {
    tools: [look],
    hooks: [{
      onModelRequestError: () => ({ toolCalls: [{ name: "look", arguments: "{}" }] }),
    }],
  });
  assertEquals((await calling()).text, "Done.");
});

Deno.test("onModelRequestError: what has gone out stays, calls and held text of the failed do not", async () => {
  let ran = false;
  const purge = tool({ name: "purge", execute: () => ran = true });
  const broken: ScriptedTurn = {
    reasoning: "hm",
    text: "Half an ans",
    toolCalls: [{ name: "purge" }],
    error: new Error("down"),
  };
  const sorry: AgentHooks = { onModelRequestError: () => ({ text: "Sorry." }) };
  const streaming = setUp([broken], { tools: [purge], hooks: [sorry] });
  const streamed = await streaming.result();
  assertEquals([streamed.reasoning, streamed.text], ["hm", "Half an ans\n\nSorry."]);
  const holding = setUp([broken], { tools: [purge], hooks: [sorry, refusing()] });
  const held = await holding.result();
  assertEquals([held.reasoning, held.text, ran], ["hm", "Sorry.", false]);
});

Deno.test("onModelRequestError ends reasoning that broke off, and drops half a call", async () => {
  let calls = 0;
  const model = new ScriptedModel([]);
  model.call = async function* (): AsyncGenerator<ModelEvent> {
    yield { type: "text-start" };
    yield { type: "text-delta", text: " \n" };
    yield { type: "text-end" };
    if (++calls === 1) {
      yield { type: "reasoning-start", source: "model" };
      yield { type: "reasoning-delta", text: "hm" };
    } else {
      yield { type: "tool-call-start", id: "c", name: "look", kind: "function" };
    }
    throw new Error("down");
  };
  const hooks: AgentHooks[] = [{ onModelRequestError: () => ({ text: "Sorry." }) }];
  const agent = new Agent({ model, tools: [look], hooks });
  for (const _ of [1, 2]) {
    const result = await fold(checkGrammar(agent.run(testRequest(), testContext())));
    assertEquals(result.text, "Sorry.");
  }
  assertEquals((await agent.generate("x")).output, "Sorry.");
});

Deno.test("onModelRequestError is not asked about the abort of a run", async () => {
  const controller = new AbortController();
  const gone = new Error("client left");
  let asked = false;
  const model = new ScriptedModel([{ before: () => controller.abort(gone) }]);
  const agent = new Agent({
    model,
    hooks: [{
      onModelRequestError: () => {
        asked = true;
      },
    }],
  });
  const context = testContext({ signal: controller.signal });
  assertEquals(await assertRejects(() => fold(agent.run(testRequest(), context))), gone);
  assert(!asked);
});

Deno.test("a changed text has none of the log probabilities of the one it replaces", async () => {
  const logprobs = [{ token: "x" }];
  const answer = async (text: string) => {
    const model = new ScriptedModel([]);
    model.call = async function* (): AsyncGenerator<ModelEvent> {
      yield { type: "text-start" };
      yield { type: "text-delta", text: "x", logprobs };
      yield { type: "text-end" };
    };
    const hooks: AgentHooks[] = [{ afterModelRequest: (_, was) => ({ ...was, text }) }];
    const result = await fold(new Agent({ model, hooks }).run(testRequest(), testContext()));
    const [part] = result.parts;
    return part?.type === "text" ? part.logprobs : undefined;
  };
  assertEquals(await answer("x"), logprobs);
  assertEquals(await answer("y"), undefined);
});

Deno.test("onModelRequestError: inner hooks first, throws transform, nothing leaves the error", async () => {
  const down = new RunError("backend-down", "down");
  const seen: unknown[] = [];
  const failing = [{ error: down }];
  const { result } = setUp(failing, {
    hooks: [
      { onModelRequestError: (_, _request, error) => void seen.push(error) },
      {
        onModelRequestError: () => {
          throw new RunError("model-unavailable", "transformed");
        },
      },
      { onModelRequestError: (_, _request, error) => void seen.push(error) },
    ],
  });
  const error = await assertRejects(result, RunError);
  assertEquals([seen.length, seen[0]], [2, down]);
  assertEquals([error, error.code], [seen[1], "model-unavailable"]);
  const retrying = setUp([...failing, "good"], {
    hooks: [{
      onModelRequestError: () => {
        throw new ModelRetry("Again");
      },
    }],
  });
  assertEquals((await retrying.result()).text, "good");
});

Deno.test("a model may refuse the client's request, but a hook may not say so, nor of its own", async () => {
  const refusal = new RequestError("context-length-exceeded", "Too long", { param: "messages" });
  const own = setUp([{ error: refusal }], { hooks: [{ onModelRequestError: () => {} }] });
  assertEquals(await assertRejects(own.result), refusal);
  const changed = setUp([{ error: refusal }], {
    hooks: [{ beforeModelRequest: (_, request) => ({ ...request }) }],
  });
  assertEquals((await assertRejects(changed.result, RunError)).code, "internal");
  for (
    const point of [
      "beforeModelRequest",
      "wrapModelRequest",
      "afterModelRequest",
      "onModelRequestError",
    ] as const
  ) {
    for (
      const secret of [new RequestError("invalid-value", "secret"), new HttpError(418, "secret")]
    ) {
      const hook: AgentHooks = {
        [point]: () => {
          throw secret;
        },
      };
      const turn = point === "onModelRequestError" ? { error: new Error("down") } : "text";
      const error = await assertRejects(setUp([turn], { hooks: [hook] }).result, RunError);
      assertEquals([error.code, error.cause], ["internal", secret]);
    }
  }
});

Deno.test("an abort ends the wait for hooks of model calls, and the model is not called after it", async () => {
  const gone = new Error("client left");
  const hang = () => new Promise<never>(() => {});
  const waiting = (late: Promise<void>): readonly [AgentHooks, ScriptedTurn | string][] => [
    [{ beforeModelRequest: hang }, "x"],
    [{ wrapModelRequest: hang }, "x"],
    [{
      wrapModelRequest: async function* () {
        yield await hang();
      },
    }, "x"],
    [{
      wrapModelRequest: async function* (_, request, next) {
        await late;
        yield* next(request);
      },
    }, "x"],
    [{ afterModelRequest: hang }, "x"],
    [{ onModelRequestError: hang }, { error: new Error("down") }],
  ];
  for (const index of waiting(Promise.resolve()).keys()) {
    const late = Promise.withResolvers<void>();
    const [hooks, turn] = waiting(late.promise)[index]!;
    const controller = new AbortController();
    const model = new ScriptedModel([turn]);
    const context = testContext({ signal: controller.signal });
    const failure = assertRejects(() =>
      fold(new Agent({ model, hooks: [hooks] }).run(testRequest(), context))
    );
    await macrotask();
    controller.abort(gone);
    assertEquals(await failure, gone);
    late.resolve();
    await macrotask();
    assertEquals(model.requests.length, index < 4 ? 0 : 1);
  }
});

Deno.test("a wrap that was stuck at the abort comes to its end once it is not", async () => {
  const controller = new AbortController();
  const stuck = Promise.withResolvers<void>();
  const log: string[] = [];
  const agent = new Agent({
    model: new ScriptedModel([]),
    hooks: [{
      wrapModelRequest: async function* () {
        try {
          await stuck.promise;
          yield { type: "finish", reason: "stop" };
          log.push("went on");
        } finally {
          log.push("left");
        }
      },
    }],
  });
  const context = testContext({ signal: controller.signal });
  const failure = assertRejects(() => fold(agent.run(testRequest(), context)));
  await macrotask();
  controller.abort();
  await failure;
  assertEquals(log, []);
  stuck.resolve();
  await macrotask();
  assertEquals(log, ["left"]);
});

Deno.test("a wrap is asked for no more events after the abort", async () => {
  const controller = new AbortController();
  let asked = 0;
  const agent = new Agent({
    model: new ScriptedModel([]),
    hooks: [{
      wrapModelRequest: async function* () {
        yield { type: "text-start" };
        for (;;) yield { type: "text-delta", text: `${++asked}` };
      },
    }],
  });
  const context = testContext({ signal: controller.signal });
  await assertRejects(async () => {
    for await (const event of agent.run(testRequest(), context)) {
      if (event.type === "text-delta") controller.abort();
    }
  });
  assertEquals(asked, 1);
});

Deno.test("return() runs what a wrap leaves to the end, and stops the model", async () => {
  let closed = 0;
  const model = new ScriptedModel([]);
  model.call = async function* (): AsyncGenerator<ModelEvent> {
    try {
      yield { type: "text-start" };
      for (;;) yield { type: "text-delta", text: "on and on " };
    } finally {
      closed += 1;
    }
  };
  const wrap: AgentHooks = {
    wrapModelRequest: async function* (_, request, next) {
      try {
        yield* next(request);
      } finally {
        closed += 1;
      }
    },
  };
  const agent = new Agent({ model, hooks: [wrap] });
  for await (const event of agent.run(testRequest(), testContext())) {
    if (event.type === "text-delta") break;
  }
  assertEquals(closed, 2);
});

Deno.test("hooks of model calls see output tools and the client's, and what they change holds", async () => {
  const seen: string[][] = [];
  const model = new ScriptedModel([
    { toolCalls: [{ name: "final_result", arguments: { a: 1 } }] },
    { toolCalls: [{ name: "final_result", arguments: { a: 2 } }] },
  ]);
  const agent = new Agent<unknown, unknown>({
    model,
    output: toolOutput({ type: "object" }),
    hooks: [{
      beforeModelRequest: (_, { tools }) => void seen.push(tools.map(({ name }) => name)),
    }, refusing("Not 1")],
  });
  const request = testRequest({ tools: [{ name: "ask", kind: "function" }] });
  const result = await fold(checkGrammar(agent.run(request, testContext())));
  assertEquals(result.text, '{"a":2}');
  assertEquals(seen, [["final_result", "ask"], ["final_result", "ask"]]);
});
