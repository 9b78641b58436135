/**
 * Vercel's AI SDK over the Responses API, as it speaks to OpenAI unless told otherwise: what it keeps
 * on the server, and what it shows of reasoning. The rest is in the tests of all its providers.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createOpenAI, type OpenAILanguageModelResponsesOptions } from "npm:@ai-sdk/openai@^4";
import {
  APICallError,
  generateText,
  isStepCount,
  type ModelMessage,
  streamText,
  tool,
} from "npm:ai@^7";
import { z } from "zod";
import { tool as hiddenTool } from "../../mod.ts";
import { servedAgent, type ServedApp } from "./served.ts";

interface WireItem {
  readonly type?: string;
  readonly id?: string;
  readonly role?: string;
}

type WireBody = Readonly<Record<string, unknown>> & { readonly input: readonly WireItem[] };

/** The SDK bound to an app, and what it sends. */
function bound({ live }: ServedApp) {
  const bodies: WireBody[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    bodies.push(JSON.parse(init?.body as string));
    return live.fetch(input, init);
  };
  const provider = createOpenAI({ baseURL: live.baseURL, apiKey: "no-key", fetch });
  return { model: provider("agent"), provider, bodies };
}

function openai(options: OpenAILanguageModelResponsesOptions) {
  return { openai: options };
}

const SEEN = { mode: "agent" } as const;

for (const stream of [false, true]) {
  const label = stream ? ", streamed" : "";
  /** One answer, in either form. */
  const ask = async (options: Parameters<typeof generateText>[0]) => {
    const answer = stream
      ? streamText(options as Parameters<typeof streamText>[0])
      : await generateText(options);
    const messages = (await answer.steps).flatMap((step) => step.response.messages);
    const said = { text: await answer.text, reasoning: await answer.reasoningText };
    return { ...said, messages, metadata: await answer.providerMetadata };
  };

  Deno.test(`@ai-sdk/openai refers to what it was told before, over many turns${label}`, async () => {
    await using app = await servedAgent([
      { reasoning: "She greets", text: "Hello" },
      { reasoning: "She asks", text: "Ann" },
      "Bye",
    ], { responsesReasoning: SEEN });
    const { model, bodies } = bound(app);
    const messages: ModelMessage[] = [];
    for (const said of ["I am Ann", "Who am I?", "Bye"]) {
      messages.push({ role: "user", content: said });
      messages.push(...(await ask({ model, messages, maxRetries: 0 })).messages);
    }
    assertEquals(bodies.map(({ input }) => input.map(({ type, role }) => type ?? role)), [
      ["user"],
      ["user", "item_reference", "item_reference", "user"],
      [
        "user",
        "item_reference",
        "item_reference",
        "user",
        "item_reference",
        "item_reference",
        "user",
      ],
    ]);
    assertEquals(
      app.model.requests[2]!.messages.map((message) =>
        message.role === "assistant" ? message.content : message.role
      ),
      ["user", "Hello", "user", "Ann", "user"],
    );
  });

  Deno.test(`@ai-sdk/openai goes on with calls by reference, and hidden results are there${label}`, async () => {
    const look = hiddenTool({ name: "look", execute: () => "hidden result" });
    await using app = await servedAgent([
      { text: "Let me see.", toolCalls: [{ name: "look" }, { name: "ping" }] },
      { toolCalls: [{ name: "ping" }] },
      "Done.",
      "Still there.",
    ], { agent: { tools: [look] } });
    const { model, bodies } = bound(app);
    const tools = { ping: tool({ inputSchema: z.object({}), execute: () => "pong" }) };
    const messages: ModelMessage[] = [{ role: "user", content: "Do it" }];
    const first = await ask({ model, messages, tools, maxRetries: 0, stopWhen: isStepCount(5) });
    assertEquals(first.text, "Done.");
    messages.push(...first.messages, { role: "user", content: "And?" });
    const second = await ask({ model, messages, tools, maxRetries: 0 });
    assertEquals(second.text, "Still there.");
    assert(bodies[3]!.input.some(({ type }) => type === "item_reference"));
    const read = JSON.stringify(app.model.requests[3]!.messages);
    assertEquals(read.match(/hidden result/g)?.length, 1);
    assertEquals(read.match(/pong/g)?.length, 2);
  });

  Deno.test(`@ai-sdk/openai continues by previousResponseId${label}`, async () => {
    await using app = await servedAgent(["Hello", "Ann"]);
    const { model } = bound(app);
    const { metadata } = await ask({ model, prompt: "I am Ann", maxRetries: 0 });
    const previousResponseId = String(metadata?.openai?.responseId);
    const second = await ask({
      model,
      prompt: "Who am I?",
      maxRetries: 0,
      providerOptions: openai({ previousResponseId }),
    });
    assertEquals(second.text, "Ann");
    assertEquals(app.model.requests[1]!.messages.map(({ role }) => role), [
      "user",
      "assistant",
      "user",
    ]);
  });

  Deno.test(`@ai-sdk/openai with store: false says everything itself${label}`, async () => {
    await using app = await servedAgent(["Hello", "Ann"]);
    const { model, bodies } = bound(app);
    const providerOptions = openai({ store: false, include: ["reasoning.encrypted_content"] });
    const messages: ModelMessage[] = [{ role: "user", content: "I am Ann" }];
    const first = await ask({ model, messages, maxRetries: 0, providerOptions });
    messages.push(...first.messages, { role: "user", content: "Who am I?" });
    const second = await ask({ model, messages, maxRetries: 0, providerOptions });
    assertEquals(second.text, "Ann");
    assert(!bodies[1]!.input.some(({ type }) => type === "item_reference"));
  });

  Deno.test(`@ai-sdk/openai shows reasoning where the entrypoint sends it${label}`, async () => {
    const turn = { reasoning: "Because", text: "Answer" };
    await using open = await servedAgent([turn], { responsesReasoning: SEEN });
    const providerOptions = openai({
      reasoningSummary: "auto",
      reasoningEffort: "low",
      // Else it sends neither for names it does not know.
      forceReasoning: true,
    });
    const options = { prompt: "Why?", maxRetries: 0, providerOptions };
    const shown = await ask({ ...options, model: bound(open).model });
    assertEquals([shown.reasoning, shown.text], ["Because", "Answer"]);
    await using closed = await servedAgent([turn]);
    const silent = await ask({ ...options, model: bound(closed).model });
    assertEquals([silent.reasoning, silent.text], [undefined, "Answer"]);
  });

  Deno.test(`@ai-sdk/openai calls a custom tool with text${label}`, async () => {
    await using app = await servedAgent([
      { toolCalls: [{ name: "shell", arguments: { input: 'ls "a b"' } }] },
      "Listed.",
    ]);
    const { model, provider } = bound(app);
    const inputs: unknown[] = [];
    const { text } = await ask({
      model,
      prompt: "List",
      maxRetries: 0,
      stopWhen: isStepCount(2),
      tools: {
        shell: {
          ...provider.tools.customTool({}),
          execute: (input: unknown) => {
            inputs.push(input);
            return "a b";
          },
        },
      },
    });
    assertEquals(inputs, ['ls "a b"']);
    assertEquals(text, "Listed.");
  });
}

Deno.test("@ai-sdk/openai is told of what is not there, once", async () => {
  await using app = await servedAgent([]);
  const { model, bodies } = bound(app);
  const lost = await assertRejects(
    () =>
      generateText({
        model,
        prompt: "Hi",
        maxRetries: 2,
        providerOptions: openai({ previousResponseId: "resp_lost" }),
      }),
    APICallError,
  );
  assertEquals([lost.statusCode, lost.isRetryable], [400, false]);
  assertEquals(JSON.parse(lost.responseBody!).error.code, "previous_response_not_found");
  assertEquals(bodies.length, 1);
});
