/**
 * Lets clients hold conversations of several turns: what they send back is what was sent to them,
 * whole, by reference or by the response before.
 * @module
 */
import { assertEquals, assertExists } from "@std/assert";
import { createOpenAI } from "npm:@ai-sdk/openai@^4";
import { generateText, jsonSchema, type ModelMessage, streamText, tool } from "npm:ai@^7";
import OpenAI from "openai";
import type { RunEvent } from "../../src/run/event.ts";
import { Fold } from "../../src/run/fold.ts";
import type { Message, RunRequest } from "../../src/run/request.ts";
import type { ResponseSnapshot, StoredItem } from "../../src/protocols/stateful.ts";
import { responses } from "../../src/protocols/responses/mod.ts";
import { BASE_URL } from "./responses/reading.ts";

const WEATHER = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
} as const;

const TURNS: readonly (readonly RunEvent[])[] = [
  [
    { type: "reasoning-start", source: "model" },
    { type: "reasoning-delta", text: "I need the weather." },
    { type: "reasoning-end" },
    { type: "text-start" },
    { type: "text-delta", text: "I look." },
    { type: "text-end", phase: "interim" },
    { type: "tool-call-start", id: "call_1", name: "weather", kind: "function" },
    { type: "tool-call-delta", arguments: '{"city":"Paris"}' },
    { type: "tool-call-end" },
    { type: "finish", reason: "tool-calls" },
  ],
  [
    { type: "text-start" },
    { type: "text-delta", text: "It is warm." },
    { type: "text-end" },
    { type: "finish", reason: "stop" },
  ],
  [
    { type: "text-start" },
    { type: "text-delta", text: "Rome as well." },
    { type: "text-end" },
    { type: "finish", reason: "stop" },
  ],
];

/** A server with a store and no run: turn after turn it answers what the script says. */
class Server {
  readonly requests: RunRequest[] = [];
  readonly #items = new Map<string, StoredItem>();
  readonly #conversations = new Map<string, readonly StoredItem[]>();

  readonly fetch: typeof fetch = (_url, init) => {
    const body: unknown = JSON.parse(String(init?.body));
    const { previousResponseId, itemIds } = responses.references(body);
    const items = new Map(itemIds.flatMap((id) => {
      const item = this.#items.get(id);
      return item ? [[id, item]] : [];
    }));
    const previous = this.#conversations.get(previousResponseId ?? "");
    const exchange = responses.decode(body, { previous, items });
    const turn = this.requests.push(exchange.request);
    const envelope = { id: `resp_${String(turn).padStart(32, "0")}`, createdAtS: 1_700_000_000 };
    const frames: string[] = [];
    const encoder = exchange.streamEncoder(envelope);
    const fold = new Fold();
    encoder.open((frame) => frames.push(frame));
    for (const event of TURNS[turn - 1]!) {
      encoder.event(event, (frame) => frames.push(frame));
      fold.add(event);
    }
    const answer = exchange.answer(fold.result(), envelope);
    if (exchange.store) this.#keep(answer, exchange.inputItems(envelope));
    const { stream } = exchange.request;
    return Promise.resolve(
      new Response(stream ? frames.join("") : answer.json, {
        headers: { "content-type": stream ? "text/event-stream" : "application/json" },
      }),
    );
  };

  #keep(answer: ResponseSnapshot, input: readonly StoredItem[]): void {
    for (const item of answer.items) this.#items.set(item.id, item);
    this.#conversations.set(answer.id, [...input, ...answer.items]);
  }
}

const said = (text: string): Message => ({ role: "user", content: [{ type: "text", text }] });
const answered = (content: string): Message => ({ role: "assistant", content, toolCalls: [] });

/** What the model must see in the third turn, however a client sends it. */
const CONVERSATION: readonly Message[] = [
  said("Weather in Paris?"),
  {
    role: "assistant",
    content: "I look.",
    reasoning: "I need the weather.",
    toolCalls: [{ id: "call_1", name: "weather", kind: "function", arguments: '{"city":"Paris"}' }],
  },
  { role: "tool", toolCallId: "call_1", content: [{ type: "text", text: "18 degrees" }] },
  answered("It is warm."),
  said("And Rome?"),
];

for (const streamed of [false, true]) {
  Deno.test(`AI SDK holds three turns by item references, ${streamed ? "" : "un"}streamed`, async () => {
    const server = new Server();
    const model = createOpenAI({ apiKey: "key", baseURL: BASE_URL, fetch: server.fetch })("alpha");
    const tools = { weather: tool({ inputSchema: jsonSchema(WEATHER) }) };
    const messages: ModelMessage[] = [{ role: "user", content: "Weather in Paris?" }];
    const turn = async () => {
      const settings = { model, tools, messages, maxRetries: 0 };
      if (!streamed) return (await generateText(settings)).response.messages;
      const answer = streamText(settings);
      await answer.consumeStream();
      return (await answer.response).messages;
    };
    messages.push(...await turn(), {
      role: "tool",
      content: [{
        type: "tool-result",
        toolCallId: "call_1",
        toolName: "weather",
        output: { type: "text", value: "18 degrees" },
      }],
    });
    messages.push(...await turn(), { role: "user", content: "And Rome?" });
    await turn();
    assertEquals(server.requests[2]!.messages, CONVERSATION);
  });
}

function clientOf(server: Server): OpenAI {
  return new OpenAI({ apiKey: "key", baseURL: BASE_URL, fetch: server.fetch, maxRetries: 0 });
}

const TOOLS: OpenAI.Responses.FunctionTool[] = [
  { type: "function", name: "weather", parameters: WEATHER, strict: true },
];
const OUTPUT = {
  type: "function_call_output",
  "call_id": "call_1",
  output: "18 degrees",
} as const;

Deno.test("openai holds three turns by sending back what it got, nothing kept", async () => {
  const server = new Server();
  const client = clientOf(server);
  const input: OpenAI.Responses.ResponseInputItem[] = [
    { role: "user", content: "Weather in Paris?" },
  ];
  const turn = () => client.responses.create({ model: "alpha", input, tools: TOOLS, store: false });
  input.push(...(await turn()).output as OpenAI.Responses.ResponseInputItem[], OUTPUT);
  input.push(...(await turn()).output as OpenAI.Responses.ResponseInputItem[]);
  input.push({ role: "user", content: "And Rome?" });
  await turn();
  assertEquals(server.requests[2]!.messages, CONVERSATION);
});

Deno.test("openai holds three turns by the response before, each with its own instructions", async () => {
  const server = new Server();
  const client = clientOf(server);
  const turn = async (
    input: OpenAI.Responses.ResponseInput,
    previous: string | undefined,
  ): Promise<string> => {
    const stream = client.responses.stream({
      model: "alpha",
      input,
      tools: TOOLS,
      instructions: `Continue ${previous}`,
      "previous_response_id": previous,
    });
    return (await stream.finalResponse()).id;
  };
  const first = await turn([{ role: "user", content: "Weather in Paris?" }], undefined);
  const second = await turn([OUTPUT], first);
  await turn([{ role: "user", content: "And Rome?" }], second);
  const last = server.requests.at(-1);
  assertExists(last);
  assertEquals(last.messages, [
    { role: "system", content: `Continue ${second}` },
    ...CONVERSATION,
  ]);
});
