/**
 * OpenAI's agents framework runs on the app: tools, streams, several turns, objects, failures.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Agent as ForeignAgent,
  type AgentInputItem,
  OpenAIProvider,
  Runner,
  tool,
} from "npm:@openai/agents@^0.20";
import { z } from "zod";
import { RunError, tool as hiddenTool } from "../../mod.ts";
import { servedAgent, type ServedApp } from "./served.ts";

/** The framework bound to an app, by one of the two APIs. */
function runnerOf({ openai }: ServedApp, useResponses: boolean): Runner {
  return new Runner({
    // Its own copy of the client's types differs in private parts alone.
    modelProvider: new OpenAIProvider({ openAIClient: openai as never, useResponses }),
    tracingDisabled: true,
  });
}

interface Ran {
  readonly output: unknown;
  readonly history: AgentInputItem[];
  readonly lastResponseId: string | undefined;
  /** Text as it came; the whole of it where it was not streamed. */
  readonly text: string;
}

interface Asked {
  readonly stream: boolean;
  readonly previousResponseId?: string;
}

async function run(
  runner: Runner,
  agent: ForeignAgent<unknown, "text">,
  { input, stream, previousResponseId }: Asked & { readonly input: string | AgentInputItem[] },
): Promise<Ran> {
  if (!stream) {
    const { finalOutput, history, lastResponseId } = await runner.run(agent, input, {
      previousResponseId,
    });
    return { output: finalOutput, history, lastResponseId, text: String(finalOutput) };
  }
  const streamed = await runner.run(agent, input, { stream: true, previousResponseId });
  let text = "";
  for await (const event of streamed) {
    if (event.type === "raw_model_stream_event" && event.data.type === "output_text_delta") {
      text += event.data.delta;
    }
  }
  await streamed.completed;
  const { finalOutput, history, lastResponseId } = streamed;
  return { output: finalOutput, history, lastResponseId, text };
}

const TURN = { usage: { inputTokens: 20, outputTokens: 9 } };

for (const useResponses of [true, false]) {
  for (const stream of [false, true]) {
    const label = `over ${useResponses ? "responses" : "chat"}${stream ? ", streamed" : ""}`;

    Deno.test(`@openai/agents says and hears text ${label}`, async () => {
      await using app = await servedAgent([{ ...TURN, text: ["Hel", "lo ", "✓"] }, "Ann"]);
      const runner = runnerOf(app, useResponses);
      const agent = new ForeignAgent({ name: "Foreign", model: "agent", instructions: "Be kind" });
      const first = await run(runner, agent, { input: "I am Ann", stream });
      assertEquals([first.output, first.text], ["Hello ✓", "Hello ✓"]);
      const input = [...first.history, { role: "user" as const, content: "Who am I?" }];
      assertEquals((await run(runner, agent, { input, stream })).output, "Ann");
      assertEquals(app.model.requests[1]!.messages.map(({ role }) => role), [
        "system",
        "user",
        "assistant",
        "user",
      ]);
    });

    Deno.test(`@openai/agents runs its tools, beside hidden ones, ${label}`, async () => {
      let hidden = 0;
      const look = hiddenTool({ name: "look", execute: () => `secret ${++hidden}` });
      const city = (name: string) => ({ name: "weather", arguments: { city: name } });
      await using app = await servedAgent([
        { text: "Let me see.", toolCalls: [{ name: "look" }] },
        { toolCalls: [city("Rome"), { name: "look" }, city("Oslo")] },
        { text: "And one more.", toolCalls: [city("Bern")] },
        { text: ["Sunny ", "everywhere."] },
      ], { agent: { tools: [look] } });
      const asked: string[] = [];
      const weather = tool({
        name: "weather",
        description: "The weather of a city",
        parameters: z.object({ city: z.string() }),
        execute: ({ city }) => {
          asked.push(city);
          return "sunny";
        },
      });
      const agent = new ForeignAgent({ name: "Foreign", model: "agent", tools: [weather] });
      const { output, history } = await run(runnerOf(app, useResponses), agent, {
        input: "Weather?",
        stream,
      });
      assertEquals(output, "Sunny everywhere.");
      assertEquals([asked.toSorted(), hidden], [["Bern", "Oslo", "Rome"], 2]);
      assert(!JSON.stringify(history).includes("look"));
      const last = JSON.stringify(app.model.requests.at(-1)!.messages);
      assertEquals(last.match(/secret \d/g), ["secret 1", "secret 2"]);
    });

    Deno.test(`@openai/agents raises what goes wrong ${label}`, async () => {
      const failures = [
        new RunError("run-failed", "secret detail"),
        new RunError("backend-down", "secret detail"),
        new RunError("rate-limit-exceeded", "secret detail"),
      ];
      for (const error of failures) {
        for (const text of [undefined, ["So ", "far"]]) {
          await using app = await servedAgent([{ text, error }]);
          const agent = new ForeignAgent({ name: "Foreign", model: "agent" });
          const runner = runnerOf(app, useResponses);
          const raised = await assertRejects(
            () => run(runner, agent, { input: "Hi", stream }),
            Error,
          );
          assert(!raised.message.includes("secret"), raised.message);
        }
      }
    });

    Deno.test(`@openai/agents gets an object of its schema ${label}`, async () => {
      const party = { name: "Party", guests: ["Ann", "Bob"] };
      await using app = await servedAgent(["no JSON", JSON.stringify(party)]);
      const agent = new ForeignAgent({
        name: "Foreign",
        model: "agent",
        outputType: z.object({ name: z.string(), guests: z.array(z.string()) }),
      });
      const { output } = await run(runnerOf(app, useResponses), agent as never, {
        input: "Who comes?",
        stream,
      });
      assertEquals(output, party);
    });
  }
}

for (const stream of [false, true]) {
  Deno.test(`@openai/agents goes on from a response${stream ? ", streamed" : ""}`, async () => {
    await using app = await servedAgent(["Hello", { toolCalls: [{ name: "ping" }] }, "Ann"]);
    const ping = tool({
      name: "ping",
      description: "Answers pong",
      parameters: z.object({}),
      execute: () => "pong",
    });
    const runner = runnerOf(app, true);
    const agent = new ForeignAgent({ name: "Foreign", model: "agent", tools: [ping] });
    const first = await run(runner, agent, { input: "I am Ann", stream });
    assert(first.lastResponseId?.startsWith("resp_"));
    const second = await run(runner, agent, {
      input: "Who am I?",
      stream,
      previousResponseId: first.lastResponseId,
    });
    assertEquals(second.output, "Ann");
    assertEquals(app.model.requests[2]!.messages.map(({ role }) => role), [
      "user",
      "assistant",
      "user",
      "assistant",
      "tool",
    ]);
  });
}
