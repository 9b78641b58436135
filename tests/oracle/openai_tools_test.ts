/**
 * OpenAI's own client runs its tools against the app: calls, results, helpers, mixed turns.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { zodFunction } from "openai/helpers/zod";
import { z } from "zod";
import { Agent, tool } from "../../mod.ts";
import { FunctionModel } from "../../src/testing/mod.ts";
import { collect, MESSAGES, served, servedAgent } from "./served.ts";

const WEATHER: OpenAI.ChatCompletionTool = {
  type: "function",
  function: {
    name: "weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const BOTH = {
  toolCalls: [
    { id: "call_0", name: "weather", arguments: { city: "Rome" } },
    { id: "call_1", name: "weather", arguments: { city: "Oslo" } },
  ],
};

function weather(args: string): string {
  return `${JSON.parse(args).city}: sunny`;
}

Deno.test("openai gets a call, runs it, and gets the answer", async () => {
  await using app = await servedAgent([
    { text: "Let me see.", toolCalls: [{ name: "weather", arguments: { city: "Rome" } }] },
    "It is sunny.",
  ]);
  const ask = { model: "agent", tools: [WEATHER] };
  const first = await app.openai.chat.completions.create({ ...ask, messages: MESSAGES });
  const [choice] = first.choices;
  assertEquals(choice?.finish_reason, "tool_calls");
  assertEquals(choice?.message.content, "Let me see.");
  const [call] = choice!.message.tool_calls!;
  assert(call?.type === "function");
  assertEquals(call.function, { name: "weather", arguments: '{"city":"Rome"}' });
  assert(/^call_[0-9a-f]{32}$/.test(call.id), call.id);
  const second = await app.openai.chat.completions.create({
    ...ask,
    messages: [
      ...MESSAGES,
      choice!.message,
      { role: "tool", "tool_call_id": call.id, content: weather(call.function.arguments) },
    ],
  });
  assertEquals(second.choices[0]?.message.content, "It is sunny.");
  assertEquals(second.choices[0]?.message.tool_calls, undefined);
  assertEquals(app.model.requests[1]?.messages.at(-1), {
    role: "tool",
    toolCallId: "call_0_0",
    content: [{ type: "text", text: "Rome: sunny" }],
  });
});

Deno.test("openai puts parallel calls of a stream together, each under its index", async () => {
  await using app = await servedAgent([BOTH]);
  const stream = app.openai.chat.completions.stream({
    model: "agent",
    messages: MESSAGES,
    tools: [WEATHER],
  });
  const done: string[] = [];
  stream.on("tool_calls.function.arguments.done", ({ index, name, arguments: args }) => {
    done.push(`${index} ${name} ${args}`);
  });
  const final = await stream.finalChatCompletion();
  assertEquals(done, ['0 weather {"city":"Rome"}', '1 weather {"city":"Oslo"}']);
  assertEquals(final.choices[0]?.finish_reason, "tool_calls");
  const calls = final.choices[0]!.message.tool_calls!;
  assertEquals(new Set(calls.map(({ id }) => id)).size, 2);
  assertEquals(final.choices[0]?.message.content ?? "", "");
});

Deno.test("openai is given one call at a time when it takes no parallel ones", async () => {
  await using app = await servedAgent([BOTH]);
  const answer = await app.openai.chat.completions.create({
    model: "agent",
    messages: MESSAGES,
    tools: [WEATHER],
    "parallel_tool_calls": false,
  });
  assertEquals(answer.choices[0]?.message.tool_calls?.length, 1);
});

for (const stream of [false, true]) {
  Deno.test(`openai runTools() goes round until the answer${stream ? ", streamed" : ""}`, async () => {
    await using app = await servedAgent([BOTH, { toolCalls: [BOTH.toolCalls[0]!] }, {
      text: ["Sunny ", "everywhere."],
    }]);
    const asked: string[] = [];
    const tools = [zodFunction({
      name: "weather",
      description: "The weather of a city",
      parameters: z.object({ city: z.string() }),
      function: ({ city }) => {
        asked.push(city);
        return `${city}: sunny`;
      },
    })];
    const params = { model: "agent", messages: MESSAGES, tools };
    const runner = stream
      ? app.openai.chat.completions.runTools({ ...params, stream: true })
      : app.openai.chat.completions.runTools(params);
    assertEquals(await runner.finalContent(), "Sunny everywhere.");
    assertEquals(asked, ["Rome", "Oslo", "Rome"]);
    assertEquals(app.model.requests.length, 3);
    assertEquals(
      app.model.requests[2]!.messages.map(({ role }) => role),
      ["user", "assistant", "tool", "tool", "assistant", "tool"],
    );
  });
}

for (const stream of [false, true]) {
  const label = stream ? ", streamed" : "";
  Deno.test(`openai never notices hidden calls beside its own, over several rounds${label}`, async () => {
    const hidden: string[] = [];
    const look = tool({
      name: "look",
      parameters: z.object({ where: z.string() }),
      execute: ({ where }) => {
        hidden.push(where);
        return `found in ${where}`;
      },
    });
    const rounds = 3;
    const model = new FunctionModel(({ messages }) => {
      const round = messages.filter(({ role }) => role === "assistant").length;
      if (round === rounds * 2) return { text: "Done." };
      // By turns: hidden alone, and hidden between two of the client's.
      const own = { id: "call_1", name: "look", arguments: { where: `room ${round}` } };
      if (round % 2 === 0) return { toolCalls: [own] };
      const theirs = (city: string) => ({ name: "weather", arguments: { city } });
      return { toolCalls: [theirs(`A${round}`), own, theirs(`B${round}`)] };
    });
    await using app = await served(new Agent({ model, tools: [look] }));
    const asked: string[] = [];
    const params = {
      model: "agent",
      messages: MESSAGES,
      tools: [zodFunction({
        name: "weather",
        parameters: z.object({ city: z.string() }),
        function: ({ city }) => {
          asked.push(city);
          return "sunny";
        },
      })],
    };
    const runner = stream
      ? app.openai.chat.completions.runTools({ ...params, stream: true })
      : app.openai.chat.completions.runTools(params);
    assertEquals(await runner.finalContent(), "Done.");
    assertEquals(asked, ["A1", "B1", "A3", "B3", "A5", "B5"]);
    assertEquals(hidden, [0, 1, 2, 3, 4, 5].map((round) => `room ${round}`));
    assert(!JSON.stringify(runner.messages).includes("look"));
    const last = model.requests.at(-1)!.messages;
    const found = JSON.stringify(last).match(/found in room \d/g);
    assertEquals(found, hidden.map((where) => `found in ${where}`));
  });
}

Deno.test("openai's tool of a hidden tool's name stays the client's", async () => {
  let hidden = 0;
  const own = tool({ name: "weather", execute: () => `inside ${++hidden}` });
  const model = new FunctionModel(({ messages, tools }) => {
    const round = messages.filter(({ role }) => role === "assistant").length;
    if (round === 2) return { text: "Done." };
    const names = tools.map(({ name }) => name);
    return { toolCalls: [{ name: names[round]!, arguments: {} }] };
  });
  await using app = await served(new Agent({ model, tools: [own] }));
  const answer = await app.openai.chat.completions.create({
    model: "agent",
    messages: MESSAGES,
    tools: [WEATHER],
  });
  const [call] = answer.choices[0]!.message.tool_calls!;
  assert(call?.type === "function");
  assertEquals(call.function.name, "weather");
  assertEquals(hidden, 1);
});

Deno.test("openai's tool_choice holds: none, required, named, allowed", async () => {
  await using app = await servedAgent([
    "No call.",
    "Not yet",
    BOTH,
    { toolCalls: [{ name: "other" }] },
    "Only other.",
  ]);
  const other: OpenAI.ChatCompletionTool = { type: "function", function: { name: "other" } };
  const create = (choice: OpenAI.ChatCompletionToolChoiceOption) =>
    app.openai.chat.completions.create({
      model: "agent",
      messages: MESSAGES,
      tools: [WEATHER, other],
      "tool_choice": choice,
    });
  assertEquals((await create("none")).choices[0]?.message.content, "No call.");
  assertEquals(app.model.requests[0]?.tools, []);
  // The first answer has no call, and is asked for again.
  assertEquals((await create("required")).choices[0]?.message.tool_calls?.length, 2);
  assertEquals(app.model.requests[2]?.toolChoice, { type: "required" });
  await create({ type: "function", function: { name: "other" } });
  assertEquals(app.model.requests[3]?.toolChoice, { type: "tool", name: "other" });
  await create({
    type: "allowed_tools",
    "allowed_tools": { mode: "auto", tools: [{ type: "function", function: { name: "other" } }] },
  });
  assertEquals(app.model.requests[4]?.tools.map(({ name }) => name), ["other"]);
});

for (const stream of [false, true]) {
  Deno.test(`openai reads calls of custom tools${stream ? " from a stream" : ""}`, async () => {
    await using app = await servedAgent([
      { toolCalls: [{ name: "shell", arguments: { input: 'ls "a b"' } }] },
      "Listed.",
    ]);
    const tools: OpenAI.ChatCompletionTool[] = [{ type: "custom", custom: { name: "shell" } }];
    const ask = { model: "agent", tools };
    let id: string | undefined;
    let input: string | undefined;
    if (stream) {
      const chunks = await collect(
        await app.openai.chat.completions.create({ ...ask, messages: MESSAGES, stream: true }),
      );
      const deltas = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []) as {
        id?: string;
        custom?: { input?: string };
      }[];
      id = deltas[0]?.id;
      input = deltas.map((delta) => delta.custom?.input ?? "").join("");
    } else {
      const answer = await app.openai.chat.completions.create({ ...ask, messages: MESSAGES });
      const [call] = answer.choices[0]!.message.tool_calls!;
      assert(call?.type === "custom");
      ({ id, custom: { input } } = call);
    }
    assertEquals(input, 'ls "a b"');
    const answer = await app.openai.chat.completions.create({
      ...ask,
      messages: [
        ...MESSAGES,
        {
          role: "assistant",
          "tool_calls": [{ id: id!, type: "custom", custom: { name: "shell", input: input! } }],
        },
        { role: "tool", "tool_call_id": id!, content: "a b" },
      ],
    });
    assertEquals(answer.choices[0]?.message.content, "Listed.");
  });
}

for (const stream of [false, true]) {
  Deno.test(`openai's legacy functions get legacy answers${stream ? ", streamed" : ""}`, async () => {
    await using app = await servedAgent([BOTH, "Sunny."]);
    const ask = {
      model: "agent",
      functions: [{ name: "weather", parameters: { type: "object", properties: {} } }],
    };
    const first = stream
      ? await app.openai.chat.completions.stream({ ...ask, messages: MESSAGES })
        .finalChatCompletion()
      : await app.openai.chat.completions.create({ ...ask, messages: MESSAGES });
    assertEquals(first.choices[0]?.finish_reason, "function_call");
    const called = first.choices[0]!.message.function_call!;
    assertEquals(called, { name: "weather", arguments: '{"city":"Rome"}' });
    const second = await app.openai.chat.completions.create({
      ...ask,
      messages: [
        ...MESSAGES,
        { role: "assistant", content: null, "function_call": called },
        { role: "function", name: "weather", content: "sunny" },
      ],
    });
    assertEquals(second.choices[0]?.message.content, "Sunny.");
  });
}

Deno.test("openai is refused results without calls and calls without results", async () => {
  await using app = await servedAgent([]);
  const create = (messages: OpenAI.ChatCompletionMessageParam[]) =>
    app.openai.chat.completions.create({ model: "agent", messages, tools: [WEATHER] });
  const call = {
    id: "call_a",
    type: "function" as const,
    function: { name: "weather", arguments: "{}" },
  };
  const orphan = await assertRejects(
    () => create([...MESSAGES, { role: "tool", "tool_call_id": "call_a", content: "x" }]),
    OpenAI.BadRequestError,
  );
  assert(orphan.param?.startsWith("messages[1]"));
  const open = await assertRejects(
    () => create([...MESSAGES, { role: "assistant", "tool_calls": [call] }, ...MESSAGES]),
    OpenAI.BadRequestError,
  );
  assert(open.param?.startsWith("messages["));
  assertEquals(app.model.requests.length, 0);
});
