/**
 * Chat completions over a live LLM: streamed and not, client tools, structured output.
 * @module
 */
import { Agent } from "@x/fakellm";
import { assert, assertEquals, assertExists, assertMatch, assertStringIncludes } from "@std/assert";
import type { OpenAI } from "openai";
import { type LiveModels, SERVED, withServed } from "./live_model.ts";

const PONG: OpenAI.ChatCompletionMessageParam[] = [
  { role: "user", content: "Reply with the single word pong." },
];

/** Registers the tests. */
export function testChat({ main }: LiveModels): void {
  const agent = new Agent({ model: main, instructions: "Do exactly what you are asked, briefly." });

  Deno.test("live chat: an unstreamed answer has text, a finish reason and usage", () =>
    withServed(agent, async (openai) => {
      const { choices, usage } = await openai.chat.completions.create({
        model: SERVED,
        messages: PONG,
      });
      assertMatch(choices[0]?.message.content ?? "", /pong/i);
      assertEquals(choices[0]?.finish_reason, "stop");
      assert(usage && usage.prompt_tokens > 0 && usage.completion_tokens > 0, "No usage");
    }));

  Deno.test("live chat: a streamed answer comes in pieces and ends with usage", () =>
    withServed(agent, async (openai) => {
      const stream = await openai.chat.completions.create({
        model: SERVED,
        messages: [{ role: "user", content: "Count to 20, with digits." }],
        stream: true,
        "stream_options": { "include_usage": true },
      });
      const pieces: string[] = [];
      let finish: string | null | undefined;
      let tokens = 0;
      for await (const { choices, usage } of stream) {
        const content = choices[0]?.delta.content;
        if (content) pieces.push(content);
        finish = choices[0]?.finish_reason ?? finish;
        tokens += usage?.completion_tokens ?? 0;
      }
      assertMatch(pieces.join(""), /1\D+2\D+3\D.*20/s);
      assert(pieces.length > 1, "The whole answer came at once");
      assertEquals(finish, "stop");
      assert(tokens > 0, "No usage");
    }));

  Deno.test("live chat: a client tool is called, and its result is told", () =>
    withServed(agent, async (openai) => {
      const tools: OpenAI.ChatCompletionTool[] = [{
        type: "function",
        function: {
          name: "get_weather",
          description: "The weather in a city",
          parameters: {
            type: "object",
            properties: { city: { type: "string" } },
            required: ["city"],
          },
        },
      }];
      const messages: OpenAI.ChatCompletionMessageParam[] = [
        { role: "user", content: "What is the weather in Lisbon? Use your tool." },
      ];
      const asked = await openai.chat.completions.create({ model: SERVED, messages, tools });
      const message = asked.choices[0]?.message;
      const call = message?.tool_calls?.[0];
      assert(message && call?.type === "function", `No call: ${JSON.stringify(message)}`);
      assertEquals(asked.choices[0]?.finish_reason, "tool_calls");
      assertEquals(call.function.name, "get_weather");
      assertStringIncludes(JSON.parse(call.function.arguments).city, "Lisbon");

      const told = await openai.chat.completions.create({
        model: SERVED,
        messages: [...messages, message, {
          role: "tool",
          "tool_call_id": call.id,
          content: "17 degrees and fog",
        }],
        tools,
      });
      assertMatch(told.choices[0]?.message.content ?? "", /17/);
    }));

  Deno.test("live chat: a structured answer has the form of its schema", () =>
    withServed(agent, async (openai) => {
      const { choices } = await openai.chat.completions.create({
        model: SERVED,
        messages: [{ role: "user", content: "Is this happy or sad: We won the cup!" }],
        "response_format": {
          type: "json_schema",
          "json_schema": {
            name: "mood",
            strict: true,
            schema: {
              type: "object",
              properties: { mood: { type: "string", enum: ["happy", "sad"] } },
              required: ["mood"],
              additionalProperties: false,
            },
          },
        },
      });
      const { content } = choices[0]!.message;
      assertExists(content);
      assertEquals(JSON.parse(content), { mood: "happy" });
    }));
}
