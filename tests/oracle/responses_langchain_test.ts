/**
 * LangChain's ChatOpenAI reads both APIs: text, streams, tools over several turns, objects, failures.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type AIMessageChunk,
  type BaseMessageLike,
  HumanMessage,
} from "npm:@langchain/core@^1/messages";
import { ChatOpenAI } from "npm:@langchain/openai@^1";
import { z } from "zod";
import { RunError, tool as hiddenTool } from "../../mod.ts";
import { servedAgent, type ServedApp } from "./served.ts";

function chatOpenAI({ live }: ServedApp, useResponsesApi: boolean): ChatOpenAI {
  return new ChatOpenAI({
    model: "agent",
    apiKey: "no-key",
    maxRetries: 0,
    useResponsesApi,
    configuration: { baseURL: live.baseURL, fetch: live.fetch },
  });
}

const WEATHER = {
  name: "weather",
  description: "The weather of a city",
  schema: z.object({ city: z.string() }),
};

const USAGE = { inputTokens: 20, cachedInputTokens: 5, outputTokens: 9, reasoningTokens: 4 };

type Model = Pick<ChatOpenAI, "invoke" | "stream">;

/** An answer, whole or put together from its pieces. */
async function ask(
  model: Model,
  { input, stream }: { readonly input: BaseMessageLike[]; readonly stream: boolean },
): Promise<AIMessageChunk> {
  if (!stream) return await model.invoke(input);
  let whole: AIMessageChunk | undefined;
  for await (const chunk of await model.stream(input)) whole = whole?.concat(chunk) ?? chunk;
  assert(whole, "nothing came");
  return whole;
}

const HELLO = new HumanMessage("Hello");

for (const useResponsesApi of [true, false]) {
  for (const stream of [false, true]) {
    const label = `over ${useResponsesApi ? "responses" : "chat"}${stream ? ", streamed" : ""}`;

    Deno.test(`@langchain/openai reads text and usage ${label}`, async () => {
      await using app = await servedAgent([{ text: ["Hel", "lo ", "✓"], usage: USAGE }, "Ann"]);
      const model = chatOpenAI(app, useResponsesApi);
      const first = await ask(model, { input: [HELLO], stream });
      assertEquals(first.text, "Hello ✓");
      const { input_tokens: input, output_tokens: output, total_tokens: total } = first
        .usage_metadata!;
      assertEquals([input, output, total], [20, 9, 29]);
      const second = await ask(model, { input: [HELLO, first, HELLO], stream });
      assertEquals(second.text, "Ann");
      assertEquals(app.model.requests[1]!.messages.map(({ role }) => role), [
        "user",
        "assistant",
        "user",
      ]);
    });

    Deno.test(`@langchain/openai calls tools, beside hidden ones, ${label}`, async () => {
      const look = hiddenTool({ name: "look", execute: () => "secret" });
      const city = (name: string) => ({ name: "weather", arguments: { city: name } });
      await using app = await servedAgent([
        { toolCalls: [city("Rome"), { name: "look" }, city("Oslo")] },
        { text: "And one more.", toolCalls: [city("Bern")] },
        { text: ["Sunny ", "everywhere."] },
      ], { agent: { tools: [look] } });
      const model = chatOpenAI(app, useResponsesApi).bindTools([WEATHER]) as unknown as Model;
      const input: BaseMessageLike[] = [HELLO];
      const asked: unknown[] = [];
      for (;;) {
        const answer = await ask(model, { input, stream });
        assert(!JSON.stringify(answer).includes("look"));
        const { tool_calls: calls = [] } = answer;
        if (calls.length === 0) {
          assertEquals(answer.text, "Sunny everywhere.");
          break;
        }
        asked.push(...calls.map(({ args }) => args.city));
        const results = calls.map(({ id }) => ({
          role: "tool",
          "tool_call_id": id!,
          content: "sunny",
        }));
        input.push(answer, ...results);
      }
      assertEquals(asked, ["Rome", "Oslo", "Bern"]);
      assertEquals(JSON.stringify(app.model.requests[2]!.messages).match(/secret/g)?.length, 1);
    });

    Deno.test(`@langchain/openai raises what goes wrong ${label}`, async () => {
      for (const text of [undefined, ["So ", "far"]]) {
        const error = new RunError("backend-down", "secret detail");
        await using app = await servedAgent([{ text, error }]);
        const model = chatOpenAI(app, useResponsesApi);
        const raised = await assertRejects(() => ask(model, { input: [HELLO], stream }), Error);
        assert(!raised.message.includes("secret"), raised.message);
      }
    });
  }

  const label = `over ${useResponsesApi ? "responses" : "chat"}`;

  Deno.test(`@langchain/openai gets an object of its schema ${label}`, async () => {
    const party = { name: "Party", guests: ["Ann", "Bob"] };
    await using app = await servedAgent(["no JSON", JSON.stringify(party)]);
    const schema = z.object({ name: z.string(), guests: z.array(z.string()) });
    const model = chatOpenAI(app, useResponsesApi).withStructuredOutput(schema, {
      method: "jsonSchema",
    });
    assertEquals(await model.invoke("Who comes?"), party);
    assertEquals(app.model.requests[0]!.output.type, "json-schema");
  });
}

Deno.test("@langchain/openai goes on from a response", async () => {
  await using app = await servedAgent(["Hello", "Ann"]);
  const model = chatOpenAI(app, true);
  const first = await model.invoke("I am Ann");
  const second = await model.invoke("Who am I?", {
    "previous_response_id": String(first.response_metadata.id),
  });
  assertEquals(second.text, "Ann");
  assertEquals(app.model.requests[1]!.messages.length, 3);
});
