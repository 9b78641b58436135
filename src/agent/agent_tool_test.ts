import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { HttpError, RequestError, RunError, SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { Message, RunRequest } from "../run/request.ts";
import { NO_USAGE, type RunResult, type Usage } from "../run/result.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { macrotask } from "../testing/macrotask.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import { agentTool, type AgentToolOptions } from "./agent_tool.ts";
import { nativeOutput, toolOutput } from "./output.ts";
import type { AgentOptions } from "./plan.ts";

const SPEC = { name: "research", description: "Finds things out" };
const CALL: ScriptedTurn = {
  toolCalls: [{ name: "research", arguments: { prompt: "Find the answer" } }],
};

/** A Runner that gives `events` and remembers what it was asked. */
class Told implements Runner {
  readonly requests: RunRequest[] = [];
  readonly contexts: RunContext[] = [];
  readonly #events: readonly RunEvent[];

  constructor(...events: readonly RunEvent[]) {
    this.#events = events;
  }

  async *run(request: RunRequest, context: RunContext): AsyncGenerator<RunEvent> {
    this.requests.push(request);
    this.contexts.push(context);
    yield* this.#events;
    await Promise.resolve();
  }
}

function says(text: string): RunEvent[] {
  return [
    { type: "text-start" },
    { type: "text-delta", text },
    { type: "text-end" },
    { type: "finish", reason: "stop" },
  ];
}

function used(inputTokens: number, outputTokens: number): Usage {
  return { ...NO_USAGE, inputTokens, outputTokens };
}

/** Has an agent call `runner` once, then answer; and what its model was told. */
async function calling(
  runner: Runner,
  { call = CALL, options = {}, agent = {}, context = testContext<RunContext>() }: {
    readonly call?: ScriptedTurn;
    readonly options?: Partial<AgentToolOptions<never, never>>;
    readonly agent?: Partial<AgentOptions>;
    readonly context?: RunContext;
  } = {},
): Promise<RunResult & { readonly told: string; readonly events: readonly RunEvent[] }> {
  const model = new ScriptedModel([call, "Done."]);
  const outer = new Agent({
    ...agent,
    model,
    tools: [agentTool(runner, { ...SPEC, ...options } as AgentToolOptions<unknown, unknown>)],
  });
  const events: RunEvent[] = [];
  const all = async function* () {
    for await (const event of checkGrammar(outer.run(testRequest(), context))) {
      events.push(event);
      yield event;
    }
  };
  const result = await fold(all());
  const last = model.requests[1]!.messages.at(-1)!;
  const part = typeof last.content === "string" ? undefined : last.content[0];
  assert(part?.type === "text");
  return { ...result, told: part.text, events };
}

Deno.test("agentTool() asks with one text by default, and its answer is the call's result", async () => {
  const model = new ScriptedModel(["42"]);
  const outer = new ScriptedModel([CALL, "It is 42."]);
  const agent = new Agent({ model: outer, tools: [agentTool(new Agent({ model }), SPEC)] });
  assertEquals((await fold(agent.run(testRequest(), testContext()))).text, "It is 42.");
  assertEquals(model.requests[0]!.messages, testRequest("Find the answer").messages);
  assertEquals(outer.requests[1]!.messages.at(-1), {
    role: "tool",
    toolCallId: "call_0_0",
    content: [{ type: "text", text: "42" }],
  });
  const [offered] = outer.requests[0]!.tools;
  assertEquals(offered, {
    name: "research",
    kind: "function",
    description: "Finds things out",
    parameters: {
      type: "object",
      properties: {
        prompt: { type: "string", description: "What to do, with all it takes to do it" },
      },
      required: ["prompt"],
      additionalProperties: false,
    },
    strict: undefined,
  });
});

Deno.test("agentTool() refuses a name that is not legal when it is made", () => {
  const made = () => agentTool(new Told(), { name: "ask him", description: "x" });
  assertThrows(made, SetupError, 'Tool name "ask him" is not legal');
});

Deno.test("agentTool() holds calls to its schema, before anything is asked", async () => {
  for (const bad of [{}, { prompt: 7 }, { prompt: "x", more: 1 }, []]) {
    const runner = new Told(...says("never"));
    const call = { toolCalls: [{ name: "research", arguments: bad }] };
    const { told } = await calling(runner, { call });
    assert(told.endsWith("Fix the errors and try again."), told);
    assertEquals(runner.requests, []);
  }
});

Deno.test("agentTool() asks with the arguments as JSON where there are others than a prompt", async () => {
  const cases: readonly (readonly [z.ZodType, unknown, string])[] = [
    [z.object({ city: z.string() }), { city: "Paris" }, '{"city":"Paris"}'],
    [z.object({ prompt: z.string() }), { prompt: "Go" }, "Go"],
    [z.object({ prompt: z.string().default("Stay") }), {}, "Stay"],
    [
      z.object({ prompt: z.string(), depth: z.number() }),
      { prompt: "Go", depth: 2 },
      '{"prompt":"Go","depth":2}',
    ],
    [z.object({ prompt: z.number() }), { prompt: 7 }, '{"prompt":7}'],
    [z.object({}), {}, "{}"],
  ];
  for (const [parameters, args, prompt] of cases) {
    const runner = new Told(...says("ok"));
    const call = { toolCalls: [{ name: "research", arguments: args }] };
    const { told } = await calling(runner, { call, options: { parameters: parameters as never } });
    assertEquals(told, "ok");
    assertEquals(runner.requests[0]!.messages, testRequest(prompt).messages);
  }
});

Deno.test("agentTool() asks what its function makes of the arguments and the run", async () => {
  const runner = new Told(...says("ok"));
  const options: AgentToolOptions<{ city: string }, { user: string }> = {
    ...SPEC,
    parameters: z.object({ city: z.string() }),
    prompt: ({ city }, ctx) => `${ctx.deps.user} asks: ${ctx.prompt} (${city}, ${ctx.toolName})`,
  };
  const call = { toolCalls: [{ name: "research", arguments: { city: "Paris" } }] };
  const context = testContext({ deps: { user: "ann" } });
  await calling(runner, { call, options: options as never, context });
  assertEquals(
    runner.requests[0]!.messages,
    testRequest("ann asks: Hello (Paris, research)").messages,
  );
  const messages: Message[] = [
    { role: "system", content: "Judge" },
    { role: "user", content: [{ type: "text", text: "This" }] },
  ];
  await calling(runner, { options: { prompt: () => messages } });
  assertEquals(runner.requests[1]!.messages, messages);
  await calling(runner, { options: { prompt: () => "" } });
  assertEquals(runner.requests[2]!.messages, testRequest("").messages);
});

Deno.test("agentTool() asks without anything of the client's: no tools, format, settings, wishes", async () => {
  const runner = new Told(...says("ok"));
  const model = new ScriptedModel([CALL, '{"a":1}']);
  const agent = new Agent({ model, tools: [agentTool(runner, SPEC)] });
  const request = testRequest({
    tools: [{ name: "ask", kind: "function" }],
    toolChoice: { type: "auto" },
    output: { type: "json-object" },
    settings: { temperature: 1 },
    stream: true,
    maxToolCalls: 7,
    approvals: [],
    parameters: { user: "u" },
    extraParameters: { mine: 1 },
  });
  await fold(agent.run(request, testContext()));
  assertEquals(runner.requests, [{
    messages: testRequest("Find the answer").messages,
    tools: [],
    toolChoice: { type: "auto" },
    parallelToolCalls: true,
    output: { type: "text" },
    settings: {},
    stream: false,
    parameters: {},
    extraParameters: {},
  }]);
});

Deno.test("agentTool() hands its run's context on, deps included unless it makes others", async () => {
  const runner = new Told(...says("ok"));
  const deps = { user: "ann" };
  const context = testContext({
    deps,
    reasoning: "progress",
    principal: { name: "k", tenant: "t" },
    headers: new Headers({ a: "b" }),
  });
  await calling(runner, { context });
  await calling(runner, { context, options: { deps: () => ({ other: 1 }) } });
  await calling(runner, { context, options: { deps: () => undefined } });
  const [first, second, third] = runner.contexts;
  assertStrictEquals(first!.deps, deps);
  assertEquals(second!.deps, { other: 1 });
  assertEquals(third!.deps, undefined);
  for (const key of ["clock", "ids", "logger", "turns", "headers", "principal", "runId"] as const) {
    assertStrictEquals(first![key], context[key], key);
  }
  assertEquals(first!.modelId, context.modelId);
  assertEquals(first!.reasoning, undefined);
});

Deno.test("agentTool() tells the model of an answer that is none, and no retry is spent", async () => {
  const finish = (reason: "length" | "content-filter" | "stop"): RunEvent => ({
    type: "finish",
    reason,
  });
  const text: RunEvent[] = says("Half").slice(0, 3);
  const cases: readonly (readonly [RunEvent[], string])[] = [
    [
      [
        { type: "refusal-start" },
        { type: "refusal-delta", text: "I will not." },
        { type: "refusal-end" },
        finish("stop"),
      ],
      '{"error":"I will not."}',
    ],
    [[finish("length")], '{"error":"No answer came."}'],
    [[finish("content-filter")], '{"error":"No answer came."}'],
    [[finish("stop")], ""],
    [[...text, finish("length")], "Half"],
    [says('{"a": 1}'), '{"a": 1}'],
  ];
  for (const [events, told] of cases) {
    const result = await calling(new Told(...events), { agent: { retries: 0 } });
    assertEquals(result.told, told);
  }
});

Deno.test("agentTool() answers with a structured output as it is", async () => {
  const inner = new Agent({
    model: new ScriptedModel([{ toolCalls: [{ name: "final_result", arguments: { n: 7 } }] }]),
    output: toolOutput(z.object({ n: z.number() })),
  });
  assertEquals((await calling(inner)).told, '{"n":7}');
});

Deno.test("agentTool() shows nothing of the run inside but its answer", async () => {
  const secret = tool({
    name: "secret_tool",
    label: "Secret label",
    execute: () => "secret result",
  });
  const inner = new Agent({
    name: "secret_agent",
    model: new ScriptedModel([
      { reasoning: "secret thought", text: "secret words", toolCalls: [{ name: "secret_tool" }] },
      { reasoning: "secret thought", text: "42" },
    ]),
    tools: [secret],
  });
  for (const reasoning of ["progress", "model", undefined] as const) {
    const context = testContext({ reasoning });
    const events: RunEvent[] = [];
    const outer = new Agent({
      model: new ScriptedModel([CALL, "Done."]),
      tools: [agentTool(inner, { ...SPEC, label: "Researching" })],
    });
    const once = new Agent({
      model: new ScriptedModel([CALL, "Done."]),
      tools: [agentTool(new Told(...says("42")), { ...SPEC, label: "Researching" })],
    });
    if (reasoning === "progress") {
      for await (const event of outer.run(testRequest(), context)) events.push(event);
      assert(!JSON.stringify(events).includes("ecret"));
    }
    const labels = await fold(once.run(testRequest(), context));
    assertEquals(labels.reasoning, reasoning === "progress" ? "Researching" : "");
  }
});

Deno.test("an error of the run inside ends the run, and tells the client nothing", async () => {
  const failing = (error: unknown): Runner => ({
    // deno-lint-ignore require-yield -- fails before it has anything to say
    async *run() {
      await Promise.resolve();
      throw error;
    },
  });
  const secret = "secret_inner detail";
  for (
    const [error, code] of [
      [new RequestError("unsupported-value", secret, { param: "messages[0]" }), "run-failed"],
      [new HttpError(400, secret), "internal"],
      [new Error(secret), "internal"],
      [secret, "internal"],
      [new RunError("backend-down", secret), "backend-down"],
      [new RunError("run-failed", secret), "run-failed"],
    ] as const
  ) {
    const thrown = await assertRejects(() => calling(failing(error)), RunError);
    assertEquals(thrown.code, code);
    assertEquals(thrown.message, 'Tool "research" failed');
  }
  const limited = new RunError("rate-limit-exceeded", secret, { retryAfterMs: 1500 });
  const thrown = await assertRejects(() => calling(failing(limited)), RunError);
  assertEquals([thrown.code, thrown.retryAfterMs, thrown.retryable], [
    "rate-limit-exceeded",
    1500,
    true,
  ]);
  const setup = new SetupError("Install it");
  assertStrictEquals(await assertRejects(() => calling(failing(setup))), setup);
});

Deno.test("the tokens of runs inside count in the usage, their prompts not in what the client is told", async () => {
  const inner = new Agent({
    model: new ScriptedModel([
      { usage: used(100, 10), toolCalls: [{ name: "look" }] },
      { usage: used(200, 20), text: "42" },
    ]),
    tools: [tool({ name: "look", execute: () => "seen" })],
  });
  const outer = new Agent({
    model: new ScriptedModel([{ ...CALL, usage: used(1, 2) }, {
      text: "Done.",
      usage: used(3, 4),
    }]),
    tools: [agentTool(inner, SPEC)],
  });
  const result = await fold(checkGrammar(outer.run(testRequest(), testContext())));
  assertEquals(result.consumed, used(304, 36));
  assertEquals(result.usage, used(3, 36));
});

Deno.test("generate() counts what runs inside use, in its result and for whoever asks on the way", async () => {
  const inner = new Agent({ model: new ScriptedModel([{ usage: used(100, 10), text: "42" }]) });
  const seen: Usage[] = [];
  const outer = new Agent({
    model: new ScriptedModel([{ ...CALL, usage: used(1, 2) }, {
      text: "Done.",
      usage: used(3, 4),
    }]),
    tools: [agentTool(inner, SPEC)],
    instructions: ({ usage }) => {
      seen.push(usage);
      return "";
    },
  });
  const { usage, modelCalls, toolCalls } = await outer.generate("Go");
  assertEquals(usage, used(104, 16));
  assertEquals([modelCalls, toolCalls], [2, 1]);
  assertEquals(seen, [NO_USAGE, used(101, 12)]);
});

Deno.test("a Runner that is no agent and knows no budget is counted all the same", async () => {
  const runner = new Told(
    { type: "usage", usage: used(5, 6) },
    { type: "usage", usage: used(7, 8) },
    ...says("42"),
  );
  assertEquals((await calling(runner)).consumed, used(5 + 7 + 2, 6 + 8 + 2));
  const error = await assertRejects(
    () => calling(runner, { agent: { limits: { maxInputTokens: 12 } } }),
    RunError,
  );
  assertEquals(error.code, "run-failed");
  // What failed has been used as well.
  const broken: Runner = {
    async *run() {
      yield { type: "usage", usage: used(5, 6) };
      await Promise.resolve();
      throw new Error("broken");
    },
  };
  const outer = new Agent({
    model: new ScriptedModel([CALL]),
    tools: [agentTool(broken, SPEC)],
  });
  let inputTokens = 0;
  await assertRejects(async () => {
    for await (const event of outer.run(testRequest(), testContext())) {
      if (event.type === "usage") inputTokens += event.usage.inputTokens;
    }
  }, RunError);
  assertEquals(inputTokens, 6);
});

Deno.test("tokens used inside are told even by a run that fails, and by one that ends at once", async () => {
  const spending = () =>
    new Agent({ model: new ScriptedModel([{ usage: used(5, 6), text: "x" }]) });
  const consumed = async (agent: Agent<unknown, unknown>): Promise<number> => {
    let inputTokens = 0;
    try {
      for await (const event of agent.run(testRequest(), testContext())) {
        if (event.type === "usage") inputTokens += event.usage.inputTokens;
      }
    } catch (error) {
      assert(error instanceof Error && error.message === "broken", String(error));
    }
    return inputTokens;
  };
  // A validator asks another agent, and fails or lets the answer pass; so it is beside calls as well.
  const failing = new Agent({
    model: new ScriptedModel(["Well"]),
    outputValidators: [async (ctx) => {
      await spending().generate("Judge", { context: ctx.run });
      throw new Error("broken");
    }],
  });
  assertEquals(await consumed(failing), 6);
  const early = new Agent({
    model: new ScriptedModel([{ text: '{"n":7}', toolCalls: [{ name: "look" }] }]),
    tools: [tool({ name: "look", execute: () => "" })],
    output: nativeOutput(z.object({ n: z.number() })),
    endStrategy: "early",
    outputValidators: [async (ctx, value) => {
      await spending().generate("Judge", { context: ctx.run });
      return value;
    }],
  });
  assertEquals(await consumed(early), 6);
});

Deno.test("nothing told beside the answer is lost on a reader that is slow", async () => {
  const inner = () => new Agent({ model: new ScriptedModel([{ usage: used(5, 6), text: "x" }]) });
  const last = {
    output: { name: "final_result", arguments: { n: 7 } },
    client: { name: "ask" },
  };
  for (const call of Object.values(last)) {
    const outer = new Agent({
      model: new ScriptedModel([{ toolCalls: [{ name: "one" }, { name: "two" }, call] }]),
      tools: ["one", "two"].map((name) =>
        tool({ name, execute: (_, ctx) => inner().generate("x", { context: ctx.run }) })
      ),
      output: toolOutput(z.object({ n: z.number() })),
    });
    const request = testRequest({ tools: [{ name: "ask", kind: "function" }] });
    const seen: string[] = [];
    for await (const event of outer.run(request, testContext())) {
      seen.push(event.type === "trace" ? event.trace.kind : event.type);
      await macrotask();
    }
    assertEquals(seen.filter((type) => type === "usage").length, 3);
    assertEquals(seen.filter((type) => type === "tool-result").length, 2);
    assertEquals(seen.at(-1), "finish");
  }
});
