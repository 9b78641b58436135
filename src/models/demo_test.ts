import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Validator } from "@cfworker/json-schema";
import { Fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { InputPart, JsonSchema, Message, ToolSpec } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { transcript } from "../testing/transcript.ts";
import { DemoBackend } from "./demo.ts";
import type { ModelRequest } from "./model.ts";

const logger = { log() {} };
const live = () => ({ signal: new AbortController().signal, logger });
const user = (...content: (InputPart | string)[]): Message => ({
  role: "user",
  content: content.map((part) => typeof part === "string" ? { type: "text", text: part } : part),
});

function request(said: string, overrides: Partial<ModelRequest> = {}): ModelRequest {
  return {
    messages: [user(said)],
    tools: [],
    toolChoice: { type: "auto" },
    output: { type: "text" },
    settings: {},
    stream: true,
    ...overrides,
  };
}

async function ask(asked: ModelRequest): Promise<RunResult> {
  const fold = new Fold();
  for await (const event of checkGrammar(new DemoBackend().call(asked, live()))) fold.add(event);
  return fold.result();
}

const weather: ToolSpec = {
  name: "get_weather",
  kind: "function",
  description: "The current weather of a city",
  parameters: {
    type: "object",
    properties: {
      city: { type: "string" },
      unit: { enum: ["celsius", "fahrenheit"] },
      days: { type: "integer", minimum: 1, maximum: 7 },
    },
    required: ["city"],
  },
};
const search: ToolSpec = {
  name: "searchNews",
  kind: "function",
  parameters: { type: "object", properties: { query: { type: "string" } } },
};

/** A conversation in which tools have been called and have answered. */
function answered(said: string, ...results: readonly (readonly [string, string])[]): Message[] {
  return [
    user(said),
    {
      role: "assistant",
      content: "",
      toolCalls: results.map(([name], index) => ({
        id: `c${index}`,
        name,
        kind: "function",
        arguments: "{}",
      })),
    },
    ...results.map(([, text], index): Message => ({
      role: "tool",
      toolCallId: `c${index}`,
      content: [{ type: "text", text }],
    })),
  ];
}

const SAID: readonly (readonly [string, RegExp])[] = [
  ["Hello!", /^Hello! /],
  ["What are you?", /stand in for a model/],
  ["count to 5", /^1 2 3 4 5\n/],
  ["count to 1000000", /199 200 … and so on/],
  ["What is 6 * 7?", /^6 \* 7 = 42\./],
  ["Tell me a story", /^You said: "Tell me a story"/],
  ["", /nothing/],
];
for (const [said, expected] of SAID) {
  Deno.test(`DemoBackend answers ${JSON.stringify(said)} and says what it is`, async () => {
    const result = await ask(request(said));
    assertMatch(result.text, expected);
    assertStringIncludes(result.text, "not a language model");
    assertEquals(result.finishReason, "stop");
  });
}

Deno.test("DemoBackend says what it is once in a conversation", async () => {
  const messages: Message[] = [
    user("Hello"),
    { role: "assistant", content: "Hello!", toolCalls: [] },
    user("count to 3"),
  ];
  assertEquals((await ask(request("", { messages }))).text, "1 2 3");
});

Deno.test("DemoBackend streams word by word, and answers the same at once", async () => {
  const lines = (await transcript(new DemoBackend().call(request("count to 3"), live()))).split(
    "\n",
  );
  assertEquals(lines.slice(0, 4), [
    "text-start",
    'text-delta "1"',
    'text-delta " 2"',
    'text-delta " 3"',
  ]);
  const streamed = await ask(request("count to 3"));
  const whole = await ask(request("count to 3", { stream: false }));
  assertEquals(whole, streamed);
  assert(streamed.usage.inputTokens > 0 && streamed.usage.outputTokens > 3);
});

Deno.test("DemoBackend pauses before each word when told to, and heeds the signal meanwhile", async () => {
  const clock = new ManualClock();
  const backend = new DemoBackend({ wordDelayMs: 20, clock });
  const stop = new AbortController();
  const call = backend.call(request("count to 3"), { signal: stop.signal, logger });
  await call.next();
  const first = call.next();
  clock.advance(20);
  assertEquals((await first).value?.type, "text-delta");
  const second = call.next();
  stop.abort(new Error("gone"));
  await assertRejects(() => second, Error, "gone");
  assertEquals(clock.pending, 0);
});

Deno.test("DemoBackend stops at a stop sequence and at the most tokens", async () => {
  const stopped = await ask(request("count to 9", { settings: { stop: ["x", " 4"] } }));
  assertEquals([stopped.text, stopped.finishReason], ["1 2 3", "stop"]);
  const cut = await ask(request("count to 9", { settings: { maxTokens: 2 } }));
  assertEquals([cut.text, cut.finishReason, cut.usage.outputTokens], ["1 2", "length", 2]);
});

Deno.test("DemoBackend calls the tool the words are about, with arguments from them", async () => {
  const said = "What is the weather in New York, in fahrenheit, for 3 days?";
  const result = await ask(request(said, { tools: [search, weather] }));
  assertEquals(result.finishReason, "tool-calls");
  assertEquals(result.text, "");
  assertEquals(result.toolCalls.map(({ name, arguments: args }) => [name, JSON.parse(args)]), [
    ["get_weather", { city: "New York", unit: "fahrenheit", days: 3 }],
  ]);
});

Deno.test("DemoBackend calls several tools at once unless told not to", async () => {
  const said = "search the news for deno, and the weather";
  const both = await ask(request(said, { tools: [weather, search] }));
  assertEquals(both.toolCalls.map((call) => call.name).sort(), ["get_weather", "searchNews"]);
  const one = await ask(request(said, { tools: [weather, search], parallelToolCalls: false }));
  assertEquals(one.toolCalls.length, 1);
});

Deno.test("DemoBackend calls no tool the words are not about", async () => {
  const result = await ask(request("Hello", { tools: [weather, search] }));
  assertEquals(result.toolCalls, []);
});

Deno.test("DemoBackend heeds the tool choice", async () => {
  const call = async (said: string, toolChoice: ModelRequest["toolChoice"]) =>
    (await ask(request(said, { tools: [weather, search], toolChoice }))).toolCalls
      .map(({ name }) => name);
  assertEquals(await call("weather?", { type: "none" }), []);
  assertEquals(await call("Hello", { type: "required" }), ["get_weather"]);
  assertEquals(await call("weather?", { type: "tool", name: "searchNews" }), ["searchNews"]);
  assertEquals(
    await call("weather?", { type: "allowed", mode: "auto", names: ["searchNews"] }),
    [],
  );
  assertEquals(
    await call("weather?", { type: "allowed", mode: "required", names: ["searchNews"] }),
    ["searchNews"],
  );
});

Deno.test("DemoBackend tells what tools returned, without their names", async () => {
  const messages = answered("weather?", ["get_weather", '{"temperature":18,"sky":["clear"]}'], [
    "searchNews",
    "Nothing new",
  ]);
  const { text, toolCalls } = await ask(request("", { messages, tools: [weather, search] }));
  assertEquals(toolCalls, []);
  assertStringIncludes(text, "temperature: 18\nsky:\n  - clear\n\nNothing new");
  assertFalse(/get_weather|searchNews/.test(text));
});

Deno.test("DemoBackend keeps the details of a failed tool to itself", async () => {
  const messages = answered("weather?", ["get_weather", '{"error":"canary"}']);
  const { text } = await ask(request("", { messages, tools: [weather] }));
  assertFalse(text.includes("canary"));
});

Deno.test("DemoBackend tries a tool again that asks for it, but not for ever", async () => {
  const retry = "1 validation error(s)\n\nFix the errors and try again.";
  const once = answered("weather?", ["get_weather", retry]);
  assertEquals((await ask(request("", { messages: once, tools: [weather] }))).toolCalls.length, 1);
  const twice = [...once, ...answered("", ["get_weather", retry]).slice(1)];
  assertEquals((await ask(request("", { messages: twice, tools: [weather] }))).toolCalls, []);
});

Deno.test("DemoBackend hands in its answer by an output tool when it must call one", async () => {
  const output: ToolSpec = {
    name: "final_result",
    kind: "function",
    description: "The final response which ends this conversation",
    parameters: {
      type: "object",
      properties: { answer: { type: "string" } },
      required: ["answer"],
    },
  };
  const messages = answered("weather?", ["get_weather", '"18 degrees"']);
  const tools = [weather, output];
  const result = await ask(request("", { messages, tools, toolChoice: { type: "required" } }));
  const [call] = result.toolCalls;
  assertEquals(call?.name, "final_result");
  assertStringIncludes(call?.arguments ?? "", "18 degrees");
});

Deno.test("DemoBackend fills a JSON Schema with what was said", async () => {
  const schema: JsonSchema = {
    type: "object",
    properties: {
      name: { type: "string" },
      age: { type: "integer", minimum: 0 },
      mood: { enum: ["sad", "happy"] },
      tags: { type: "array", items: { type: "string" }, minItems: 2 },
    },
    required: ["name", "age", "mood", "tags"],
    additionalProperties: false,
  };
  const output = { type: "json-schema", name: "person", schema } as const;
  const { text } = await ask(request("Ada is 36 and happy", { output }));
  const value = JSON.parse(text);
  assert(new Validator({ ...schema }, "2020-12").validate(value).valid, text);
  assertEquals([value.age, value.mood], [36, "happy"]);
});

Deno.test("DemoBackend answers with a JSON object when asked for one", async () => {
  const { text } = await ask(request("What is 1 + 1?", { output: { type: "json-object" } }));
  assertEquals(JSON.parse(text), { answer: "1 + 1 = 2." });
});

Deno.test("DemoBackend acknowledges what it cannot look at", async () => {
  const messages = [user(
    "Look",
    { type: "image", url: "https://x.test/a.png" },
    { type: "image", fileId: "f" },
    { type: "file", data: "AAAA", filename: "report.pdf" },
    { type: "audio", data: "AAAA", format: "wav" },
  )];
  const { text } = await ask(request("", { messages }));
  assertStringIncludes(text, "2 images and 1 file (report.pdf) and 1 recording");
});

Deno.test("DemoBackend gives a custom tool the user's words", async () => {
  const shell: ToolSpec = { name: "shell", kind: "custom" };
  const { toolCalls } = await ask(request("use the shell", { tools: [shell] }));
  assertEquals(toolCalls.map(({ kind, arguments: args }) => [kind, args]), [
    ["custom", "use the shell"],
  ]);
});

Deno.test("DemoBackend survives hostile words and results", async () => {
  const words = ["(".repeat(50_000), "a@".repeat(50_000), '"'.repeat(50_000), "A ".repeat(50_000)];
  for (const said of words) {
    await ask(request(said, { tools: [weather, search], toolChoice: { type: "required" } }));
  }
  const deep = "[".repeat(3000) + "]".repeat(3000);
  await ask(request("", { messages: answered("weather?", ["get_weather", deep]) }));
});

Deno.test("DemoBackend ends with the signal's reason", async () => {
  const call = new DemoBackend().call(request("Hello"), {
    signal: AbortSignal.abort(new Error("gone")),
    logger,
  });
  await assertRejects(() => Array.fromAsync(call), Error, "gone");
});

const RUN_CODE: ToolSpec = {
  name: "run_code",
  kind: "function",
  description: `Runs TypeScript.

\`\`\`ts
/** Lists all orders */
declare function list_orders(args?: { month?: string }): Promise<any>;

/** Weather of a city */
declare function weather(args: { city: string }): Promise<any>;

declare function exchange_rates(args?: {}): Promise<any>;
\`\`\``,
  parameters: { type: "object", properties: { code: { type: "string" } }, required: ["code"] },
};

Deno.test("DemoBackend writes code for a tool that runs it, where it knows how", async () => {
  const codeFor = async (said: string) => {
    const { toolCalls } = await ask(request(said, { tools: [RUN_CODE] }));
    return toolCalls.map((call) => JSON.parse(call.arguments).code);
  };
  assertEquals(await codeFor("Which orders are there?"), ["await list_orders()"]);
  assertEquals(await codeFor("List the orders and the exchange rates"), [
    "({ list_orders: await list_orders(), exchange_rates: await exchange_rates() })",
  ]);
  // It needs arguments, which rules cannot find in all types.
  assertEquals(await codeFor("What is the weather in Rome?"), []);
  assertEquals(await codeFor("Hello"), []);
});
