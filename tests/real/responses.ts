/**
 * The Responses API over a live LLM: streamed, and a conversation the server keeps.
 * @module
 */
import { Agent } from "@x/fakellm";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { OpenAI } from "openai";
import { type LiveModels, SERVED, withServed } from "./live_model.ts";

const TOOLS: OpenAI.Responses.FunctionTool[] = [{
  type: "function",
  name: "get_weather",
  description: "The weather in a city",
  strict: null,
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
  },
}];

/** Registers the tests. */
export function testResponses({ main }: LiveModels): void {
  const agent = new Agent({ model: main, instructions: "Do exactly what you are asked, briefly." });

  Deno.test("live responses: a streamed answer comes in pieces and ends completed", () =>
    withServed(agent, async (openai) => {
      const stream = openai.responses.stream({
        model: SERVED,
        input: "Count to 20, with digits.",
      });
      let pieces = 0;
      stream.on("response.output_text.delta", () => pieces++);
      const response = await stream.finalResponse();
      assertMatch(response.output_text, /1\D+2\D+3\D.*20/s);
      assert(pieces > 1, "The whole answer came at once");
      assertEquals(response.status, "completed");
      assert(response.usage && response.usage.output_tokens > 0, "No usage");
    }));

  Deno.test("live responses: a client tool is called, and its result continues the response", () =>
    withServed(agent, async (openai) => {
      const asked = await openai.responses.create({
        model: SERVED,
        input: "What is the weather in Lisbon? Use your tool.",
        tools: TOOLS,
      });
      const call = asked.output.find((item) => item.type === "function_call");
      assert(call, `No call: ${JSON.stringify(asked.output)}`);
      assertEquals(call.name, "get_weather");
      assertStringIncludes(JSON.parse(call.arguments).city, "Lisbon");

      const told = await openai.responses.create({
        model: SERVED,
        "previous_response_id": asked.id,
        input: [{
          type: "function_call_output",
          "call_id": call.call_id,
          output: "17 degrees and fog",
        }],
        tools: TOOLS,
      });
      assertMatch(told.output_text, /17/);
    }));
}
