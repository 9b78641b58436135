/**
 * Vercel's AI SDK reads what the app writes: text, streams, tools over several steps, objects.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  generateText,
  isStepCount,
  NoObjectGeneratedError,
  Output,
  streamText,
  tool,
} from "npm:ai@^7";
import { z } from "zod";
import { tool as hiddenTool } from "../../mod.ts";
import { PROVIDERS } from "./ai_sdk.ts";
import { collect, servedAgent } from "./served.ts";

const USED = { inputTokens: 20, cachedInputTokens: 5, outputTokens: 9, reasoningTokens: 4 };

for (const [provider, bind] of Object.entries(PROVIDERS)) {
  Deno.test(`${provider} generateText() reads text and usage`, async () => {
    await using app = await servedAgent([{ text: ["Hel", "lo"], usage: USED }]);
    const result = await generateText({ model: bind(app.live), prompt: "Hi", maxRetries: 0 });
    assertEquals(result.text, "Hello");
    assertEquals(result.finishReason, "stop");
    assertEquals(result.usage.inputTokens, 20);
    assertEquals(result.usage.outputTokens, 9);
    assertEquals(result.usage.totalTokens, 29);
    assertEquals(result.usage.inputTokenDetails.cacheReadTokens, 5);
    assertEquals(result.usage.outputTokenDetails.reasoningTokens, 4);
    assertEquals(result.warnings ?? [], []);
    assertEquals(result.response.modelId, "agent");
  });

  Deno.test(`${provider} streamText() reads deltas, finish and usage`, async () => {
    await using app = await servedAgent([{ text: ["Hel", "lo ", "✓"], usage: USED }]);
    const result = streamText({ model: bind(app.live), prompt: "Hi", maxRetries: 0 });
    assertEquals(await collect(result.textStream), ["Hel", "lo ", "✓"]);
    assertEquals(await result.finishReason, "stop");
    const usage = await result.usage;
    assertEquals([usage.inputTokens, usage.outputTokens, usage.totalTokens], [20, 9, 29]);
  });

  Deno.test(`${provider} reads an answer that was cut`, async () => {
    await using app = await servedAgent([
      { text: "Once", finishReason: "length" },
      { text: "Once", finishReason: "content-filter" },
    ]);
    for (const reason of ["length", "content-filter"]) {
      const result = await generateText({ model: bind(app.live), prompt: "Hi", maxRetries: 0 });
      assertEquals(result.finishReason, reason);
      assertEquals(result.text, "Once");
    }
  });

  for (const stream of [false, true]) {
    const label = stream ? ", streamed" : "";
    Deno.test(`${provider} runs its tools over several steps, beside hidden ones${label}`, async () => {
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
      const options = {
        model: bind(app.live),
        prompt: "Weather?",
        maxRetries: 0,
        stopWhen: isStepCount(5),
        tools: {
          weather: tool({
            description: "The weather of a city",
            inputSchema: z.object({ city: z.string() }),
            execute: ({ city }) => {
              asked.push(city);
              return { sky: "sunny" };
            },
          }),
        },
      };
      const result = stream ? streamText(options) : await generateText(options);
      if ("consumeStream" in result) await result.consumeStream();
      const steps = await result.steps;
      assertEquals(asked, ["Rome", "Oslo", "Bern"]);
      assertEquals(hidden, 2);
      assertEquals(steps.map((step) => step.toolCalls.length), [2, 1, 0]);
      assertEquals(steps.map((step) => step.finishReason), ["tool-calls", "tool-calls", "stop"]);
      assertEquals(await result.text, "Sunny everywhere.");
      assertEquals(steps.map(({ text }) => text), [
        "Let me see.",
        "And one more.",
        "Sunny everywhere.",
      ]);
      assert(!JSON.stringify(steps.map(({ content }) => content)).includes("look"));
      const last = JSON.stringify(app.model.requests.at(-1)!.messages);
      assertEquals(last.match(/secret \d/g), ["secret 1", "secret 2"]);
    });

    Deno.test(`${provider} gets an object of its schema${label}`, async () => {
      const schema = z.object({ name: z.string(), guests: z.array(z.string()) });
      const party = { name: "Party", guests: ["Ann", "Bob"] };
      const json = JSON.stringify(party);
      await using app = await servedAgent(["no JSON", { text: [json.slice(0, 9), json.slice(9)] }]);
      const options = {
        model: bind(app.live),
        prompt: "Who comes?",
        maxRetries: 0,
        output: Output.object({ schema }),
      };
      const output = stream
        ? await streamText(options).output
        : (await generateText(options)).output;
      assertEquals(output, party);
      const asked = app.model.requests[0]!.output;
      assert(asked.type === "json-schema");
      assertEquals(asked.schema.required, ["name", "guests"]);
    });
  }

  Deno.test(`${provider} calls a tool without arguments, and one it is told to`, async () => {
    await using app = await servedAgent([
      { toolCalls: [{ name: "ping", arguments: "" }] },
      "Not yet",
      { toolCalls: [{ name: "ping" }] },
    ]);
    const options = {
      model: bind(app.live),
      prompt: "Hi",
      maxRetries: 0,
      tools: { ping: tool({ inputSchema: z.object({}) }) },
    };
    const first = await generateText(options);
    assertEquals(first.toolCalls.map(({ toolName, input }) => ({ toolName, input })), [
      { toolName: "ping", input: {} },
    ]);
    const second = await generateText({ ...options, toolChoice: "required" });
    assertEquals(second.toolCalls.length, 1);
    assertEquals(app.model.requests[2]?.toolChoice, { type: "required" });
  });

  Deno.test(`${provider} sends images and files`, async () => {
    await using app = await servedAgent(["Seen."]);
    await generateText({
      model: bind(app.live),
      maxRetries: 0,
      messages: [{
        role: "user",
        content: [
          { type: "text", text: "See" },
          { type: "file", data: Uint8Array.of(0x89, 0x50, 0x4e, 0x47), mediaType: "image/png" },
          {
            type: "file",
            data: Uint8Array.of(0x25, 0x50, 0x44, 0x46),
            mediaType: "application/pdf",
            filename: "a.pdf",
          },
        ],
      }],
    });
    const [message] = app.model.requests[0]!.messages;
    assert(message?.role === "user");
    assertEquals(message.content.map((part) => JSON.parse(JSON.stringify(part))), [
      { type: "text", text: "See" },
      { type: "image", url: "data:image/png;base64,iVBORw==" },
      { type: "file", data: "JVBERg==", mediaType: "application/pdf", filename: "a.pdf" },
    ]);
  });

  Deno.test(`${provider} is refused an object the model never makes`, async () => {
    await using app = await servedAgent([{ refusal: "I will not." }]);
    await assertRejects(
      async () =>
        (await generateText({
          model: bind(app.live),
          prompt: "Hi",
          maxRetries: 0,
          output: Output.object({ schema: z.object({ a: z.string() }) }),
        })).output,
      NoObjectGeneratedError,
    );
  });
}

const openaiCompatible = PROVIDERS["@ai-sdk/openai-compatible"]!;

Deno.test("@ai-sdk/openai-compatible reads reasoning, once, where the entrypoint sends it", async () => {
  const turn = { reasoning: "Because", text: "Answer" };
  await using open = await servedAgent([turn, turn], { responsesReasoning: { mode: "agent" } });
  const model = openaiCompatible(open.live);
  const whole = await generateText({ model, prompt: "Why?", maxRetries: 0 });
  assertEquals([whole.reasoningText, whole.text], ["Because", "Answer"]);
  const streamed = streamText({ model, prompt: "Why?", maxRetries: 0 });
  assertEquals([await streamed.reasoningText, await streamed.text], ["Because", "Answer"]);
  await using closed = await servedAgent([turn]);
  const silent = await generateText({
    model: openaiCompatible(closed.live),
    prompt: "Why?",
    maxRetries: 0,
  });
  assertEquals([silent.reasoningText, silent.text], [undefined, "Answer"]);
});

Deno.test("@ai-sdk/openai-compatible replays reasoning in its history without harm", async () => {
  await using app = await servedAgent([
    { reasoning: "Because", text: "See.", toolCalls: [{ name: "ping" }] },
    "Done.",
  ], { responsesReasoning: { mode: "agent" } });
  const result = await generateText({
    model: openaiCompatible(app.live),
    prompt: "Why?",
    maxRetries: 0,
    stopWhen: isStepCount(2),
    tools: { ping: tool({ inputSchema: z.object({}), execute: () => "pong" }) },
  });
  assertEquals(result.text, "Done.");
  assertEquals(app.model.requests.length, 2);
});
