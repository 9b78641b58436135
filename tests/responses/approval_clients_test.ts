/**
 * Clients in wide use are asked for consent and give it, each in its own way.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createOpenAI } from "npm:@ai-sdk/openai@^4";
import { generateText, type ModelMessage, streamText } from "npm:ai@^7";
import {
  Agent as OuterAgent,
  hostedMcpTool,
  OpenAIResponsesModel,
  run,
  setTracingDisabled,
} from "npm:@openai/agents@^0.20";
import OpenAI from "openai";
import { liveClient } from "../../mod.ts";
import { bank, QUESTION, resultsIn, SECRETS, serve, transferring, verdicts } from "./asking.ts";

setTracingDisabled(true);

const FORMS = [{ stream: false, form: "unstreamed" }, { stream: true, form: "streamed" }] as const;

/** Serves an agent that asks twice at once, and writes down what is sent to it. */
function bankOfTwo() {
  const made = bank({
    answer: (request) => {
      const results = resultsIn(request);
      return results.length === 0
        ? { ...transferring(1, 2), text: "One moment." }
        : verdicts(results);
    },
  });
  const app = serve(made.agent);
  const live = liveClient(app);
  const seen: string[] = [];
  const fetching: typeof fetch = async (url, init) => {
    const response = await live.fetch(url, init);
    const [text, body] = response.body!.tee();
    seen.push(await new Response(text).text());
    return new Response(body, response);
  };
  return {
    ...made,
    baseURL: live.baseURL,
    fetch: fetching,
    /** Nothing hidden was ever sent. */
    assertQuiet: () => {
      for (const secret of SECRETS) assert(!seen.join().includes(secret), secret);
    },
    [Symbol.asyncDispose]: () => app.stop(),
  };
}

for (const { stream, form } of FORMS) {
  Deno.test(`OpenAI's own client is asked and answers, ${form}`, async () => {
    await using app = bankOfTwo();
    const openai = new OpenAI({
      apiKey: "k",
      baseURL: app.baseURL,
      fetch: app.fetch,
      maxRetries: 0,
    });
    const ask = (
      body: {
        readonly input: string | OpenAI.Responses.ResponseInput;
        readonly "previous_response_id"?: string;
        readonly store?: boolean;
      },
    ) =>
      stream
        ? openai.responses.stream({ ...body, model: "agent" }).finalResponse()
        : openai.responses.create({ ...body, model: "agent" });
    const first = await ask({ input: "Pay the bills" });
    const questions = first.output.flatMap((item) =>
      item.type === "mcp_approval_request" ? [item] : []
    );
    assertEquals(first.output_text, "One moment.");
    assertEquals(questions.map(({ name, server_label: label }) => [name, label]), [
      [QUESTION.label, "agent"],
      [QUESTION.label, "agent"],
    ]);
    assertEquals(JSON.parse(questions[0]!.arguments), { text: QUESTION.text });
    const [one, two] = questions.map(({ id }) => id);
    const answers = [
      { type: "mcp_approval_response", "approval_request_id": one!, approve: true },
      {
        type: "mcp_approval_response",
        "approval_request_id": two!,
        approve: false,
        reason: "Too dear",
      },
    ] as const;
    const second = await ask({ "previous_response_id": first.id, input: [...answers] });
    assertEquals(second.output_text, "moved, denied");
    // As one does who keeps nothing at the server: everything that came is sent back.
    const input = [
      { role: "user", content: "Pay the bills" },
      ...first.output,
      ...answers,
    ] as OpenAI.Responses.ResponseInput;
    assertEquals((await ask({ input, store: false })).output_text, "moved, denied");
    assertEquals(app.transfers, ['{"amount":1,"account":"savings"}']);
    const late = { ...answers[0], "approval_request_id": `mcpr_${"0".repeat(32)}` };
    const error = await assertRejects(
      () => ask({ "previous_response_id": first.id, input: [late] }),
      OpenAI.BadRequestError,
    );
    assertEquals(error.param, "input");
    app.assertQuiet();
  });

  for (const store of [true, false]) {
    Deno.test(`the AI SDK is asked and answers, ${form}, ${store ? "" : "not "}stored`, async () => {
      await using app = bankOfTwo();
      const provider = createOpenAI({ apiKey: "k", baseURL: app.baseURL, fetch: app.fetch });
      const messages: ModelMessage[] = [{ role: "user", content: "Pay the bills" }];
      const ask = async () => {
        const settings = {
          model: provider("agent"),
          messages,
          maxRetries: 0,
          providerOptions: { openai: { store } },
        };
        if (!stream) {
          const answer = await generateText(settings);
          messages.push(...answer.responseMessages);
          return { text: answer.text, content: answer.content };
        }
        const answer = streamText({
          ...settings,
          onError: ({ error }) => {
            throw error;
          },
        });
        await answer.consumeStream();
        messages.push(...await answer.responseMessages);
        return { text: await answer.text, content: await answer.content };
      };
      const { text, content } = await ask();
      assertEquals(text, "One moment.");
      const questions = content.flatMap((part) =>
        part.type === "tool-approval-request" ? [part] : []
      );
      assertEquals(questions.map(({ toolCall }) => [toolCall.toolName, toolCall.input]), [
        [`mcp.${QUESTION.label}`, { text: QUESTION.text }],
        [`mcp.${QUESTION.label}`, { text: QUESTION.text }],
      ]);
      messages.push({
        role: "tool",
        content: questions.map(({ approvalId }, index) => ({
          type: "tool-approval-response",
          approvalId,
          approved: index === 0,
          providerExecuted: true,
        })),
      });
      assertEquals((await ask()).text, "moved, denied");
      messages.push({ role: "user", content: "Sure?" });
      assertEquals((await ask()).text, "moved, denied");
      assertEquals(app.transfers.length, 1);
      app.assertQuiet();
    });
  }

  Deno.test(`OpenAI's agents framework is interrupted and goes on, ${form}`, async () => {
    await using app = bankOfTwo();
    const openai = new OpenAI({
      apiKey: "k",
      baseURL: app.baseURL,
      fetch: app.fetch,
      maxRetries: 0,
    });
    const outer = new OuterAgent({
      name: "outer",
      model: new OpenAIResponsesModel(openai as never, "agent"),
      // The framework hands on questions of servers it knows; the model's name stands for one.
      tools: [hostedMcpTool({ serverLabel: "agent", requireApproval: "always" } as never)],
    });
    const go = async (input: Parameters<typeof run>[1]) => {
      if (!stream) return await run(outer, input as string);
      const result = await run(outer, input as string, { stream: true });
      await result.completed;
      return result;
    };
    const first = await go("Pay the bills");
    assertEquals(first.interruptions.map(({ name }) => name), [QUESTION.label, QUESTION.label]);
    first.state.approve(first.interruptions[0]!);
    first.state.reject(first.interruptions[1]!);
    const second = await go(first.state as never);
    assertEquals([second.finalOutput, second.interruptions], ["moved, denied", []]);
    assertEquals(app.transfers.length, 1);
    app.assertQuiet();
  });
}

Deno.test("OpenAI's agents framework answers by itself where its user has said how", async () => {
  await using app = bankOfTwo();
  const openai = new OpenAI({ apiKey: "k", baseURL: app.baseURL, fetch: app.fetch, maxRetries: 0 });
  const asked: string[] = [];
  const outer = new OuterAgent({
    name: "outer",
    model: new OpenAIResponsesModel(openai as never, "agent"),
    tools: [
      hostedMcpTool({
        serverLabel: "agent",
        requireApproval: "always",
        onApproval: (_context: unknown, { name }: { readonly name: string }) => {
          asked.push(name);
          return Promise.resolve({ approve: asked.length === 2, reason: "Only the second" });
        },
      } as never),
    ],
  });
  const { finalOutput } = await run(outer, "Pay the bills");
  assertEquals([finalOutput, asked.length], ["denied, moved", 2]);
  assertEquals(app.transfers, ['{"amount":2,"account":"savings"}']);
});
