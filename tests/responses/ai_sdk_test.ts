/**
 * Vercel's AI SDK in its default mode, which refers to kept items instead of sending them again.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createOpenAI } from "npm:@ai-sdk/openai@^4";
import {
  generateText,
  isStepCount,
  jsonSchema,
  type ModelMessage,
  Output,
  streamText,
  tool,
} from "npm:ai@^7";
import { createApp, liveClient } from "../../mod.ts";
import { settle, TestRunner, textEvents } from "../../src/hosting/fixture_test.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { servedAgent } from "../oracle/served.ts";

const TOOLS = {
  weather: tool({
    inputSchema: jsonSchema({
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    }),
    execute: () => "18 degrees",
  }),
};

const TURNS = [
  {
    reasoning: "I need the weather.",
    text: "I look.",
    toolCalls: [{ name: "weather", arguments: { city: "Paris" } }],
  },
  "It is warm.",
  "Rome as well.",
  "You are welcome.",
];

for (const streamed of [false, true]) {
  Deno.test(`three turns with a tool by item references, ${streamed ? "" : "un"}streamed`, async () => {
    await using app = await servedAgent(TURNS, {
      agent: { instructions: "Be kind" },
      responsesReasoning: { mode: "agent" },
    });
    const bodies: string[] = [];
    const model = createOpenAI({
      baseURL: app.live.baseURL,
      apiKey: "no-key",
      fetch: (url, init) => {
        bodies.push(String(init?.body));
        return app.live.fetch(url, init);
      },
    })("agent");
    const messages: ModelMessage[] = [];
    const turn = async (content: string) => {
      messages.push({ role: "user", content });
      const settings = { model, messages, tools: TOOLS, stopWhen: isStepCount(5), maxRetries: 0 };
      if (streamed) {
        const answer = streamText({
          ...settings,
          onError: ({ error }) => {
            throw error;
          },
        });
        await answer.consumeStream();
        messages.push(...await answer.responseMessages);
        return await answer.text;
      }
      const answer = await generateText(settings);
      messages.push(...answer.responseMessages);
      return answer.text;
    };
    assertEquals(await turn("Weather in Paris?"), "It is warm.");
    assertEquals(await turn("And Rome?"), "Rome as well.");
    assertEquals(await turn("Thanks"), "You are welcome.");
    assert(bodies.at(-1)!.includes("item_reference"));
    const { messages: seen } = app.model.requests.at(-1)!;
    assertEquals(seen.map(({ role }) => role), [
      "system",
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
      "assistant",
      "user",
    ]);
    const call = seen[2]!;
    assert(call.role === "assistant" && call.content === "I look.");
    assertEquals(call.toolCalls.map(({ name }) => name), ["weather"]);
  });
}

Deno.test("a conversation goes on after its user stopped an answer in the middle", async () => {
  const requests: RunRequest[] = [];
  const runner = new TestRunner(async function* (request, { signal }) {
    requests.push(request);
    if (requests.length > 1) return yield* textEvents("Sure");
    yield { type: "text-start" };
    yield { type: "text-delta", text: "Once upon" };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw signal.reason;
  });
  await using live = liveClient(createApp(runner, { modelName: "agent", logger: { log() {} } }));
  const model = createOpenAI({ ...live, apiKey: "no-key" })("agent");
  const controller = new AbortController();
  const answer = streamText({
    model,
    prompt: "A story",
    abortSignal: controller.signal,
    onError() {},
  });
  let itemId: unknown;
  for await (const part of answer.fullStream) {
    if (part.type === "text-start") itemId = part.providerMetadata?.openai?.itemId;
    if (part.type === "text-delta") controller.abort();
  }
  await settle();
  const { text } = await generateText({
    model,
    messages: [
      { role: "user", content: "A story" },
      {
        role: "assistant",
        content: [{
          type: "text",
          text: "Once upon",
          providerOptions: { openai: { itemId: String(itemId) } },
        }],
      },
      { role: "user", content: "Go on" },
    ],
  });
  assertEquals(text, "Sure");
  const [, half] = requests[1]!.messages;
  assert(half?.role === "assistant" && half.content === "Once upon");
});

Deno.test("generateText() reads structured output", async () => {
  await using app = await servedAgent(['{"city":"Paris"}']);
  const { output } = await generateText({
    model: createOpenAI({ ...app.live, apiKey: "no-key" })("agent"),
    output: Output.object({
      schema: jsonSchema<{ city: string }>({
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
        additionalProperties: false,
      }),
    }),
    prompt: "Where?",
  });
  assertEquals(output, { city: "Paris" });
});
