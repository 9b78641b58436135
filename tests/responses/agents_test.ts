/**
 * OpenAI's agents framework: its own loop, its own tools, its own way to continue.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  Agent,
  OpenAIResponsesModel,
  run,
  setTracingDisabled,
  tool,
} from "npm:@openai/agents@^0.20";
import { z } from "zod";
import { servedAgent } from "../oracle/served.ts";

setTracingDisabled(true);

const TURNS = [
  { text: "I look.", toolCalls: [{ name: "weather", arguments: { city: "Paris" } }] },
  "It is warm.",
  "Rome as well.",
];

for (const stream of [false, true]) {
  Deno.test(`run() calls a tool and goes on in a second turn, ${stream ? "" : "un"}streamed`, async () => {
    await using app = await servedAgent(TURNS);
    const cities: string[] = [];
    const agent = new Agent({
      name: "outer",
      instructions: "Be kind",
      model: new OpenAIResponsesModel(app.openai as never, "agent"),
      tools: [
        tool({
          name: "weather",
          description: "Weather of a city",
          parameters: z.object({ city: z.string() }),
          execute({ city }) {
            cities.push(city);
            return "18 degrees";
          },
        }),
      ],
    });
    const ask = async (input: string, previousResponseId?: string) => {
      if (!stream) return await run(agent, input, { previousResponseId });
      const answer = await run(agent, input, { previousResponseId, stream: true });
      await answer.completed;
      return answer;
    };
    const first = await ask("Weather in Paris?");
    assertEquals([first.finalOutput, cities], ["It is warm.", ["Paris"]]);
    assert(first.lastResponseId);
    const second = await ask("And Rome?", first.lastResponseId);
    assertEquals(second.finalOutput, "Rome as well.");
    assertEquals(app.model.requests.at(-1)!.messages.map(({ role }) => role), [
      "system",
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
  });
}
