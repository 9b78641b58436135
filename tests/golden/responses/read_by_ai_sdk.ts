/**
 * Reads answers with the AI SDK in its default mode for OpenAI.
 * @module
 */
import { createOpenAI, type OpenAIProvider } from "npm:@ai-sdk/openai@^4";
import { generateText, jsonSchema, streamText, tool, type ToolSet } from "npm:ai@^7";
import { type Answering, BASE_URL, callable, type Reading } from "./reading.ts";

function providerOf(server: Answering): OpenAIProvider {
  return createOpenAI({ apiKey: "key", baseURL: BASE_URL, fetch: server });
}

function toolsOf(provider: OpenAIProvider, reading: Reading): ToolSet {
  return Object.fromEntries(
    callable(reading.tools).map(({ type, name, parameters }) => [
      name,
      type === "custom"
        ? provider.tools.customTool({})
        : tool({ inputSchema: jsonSchema(parameters ?? { type: "object", properties: {} }) }),
    ]),
  );
}

function settingsOf(server: Answering, reading: Reading) {
  const provider = providerOf(server);
  return {
    model: provider("alpha"),
    prompt: "Hello",
    tools: toolsOf(provider, reading),
    maxRetries: 0,
  };
}

/** What both forms of an answer must agree on. */
async function essence(answer: {
  readonly text: PromiseLike<string> | string;
  readonly reasoningText: PromiseLike<string | undefined> | string | undefined;
  readonly toolCalls: PromiseLike<readonly Call[]> | readonly Call[];
  readonly content: PromiseLike<readonly Part[]> | readonly Part[];
  readonly finishReason: PromiseLike<string> | string;
  readonly usage: PromiseLike<unknown> | unknown;
}): Promise<unknown> {
  const calls = await answer.toolCalls;
  const questions = (await answer.content).flatMap(({ type, approvalId, toolCall }) =>
    type === "tool-approval-request" ? [[approvalId, toolCall?.toolName, toolCall?.input]] : []
  );
  return {
    text: await answer.text,
    reasoning: await answer.reasoningText,
    // What it is asked it takes for calls, under ids that it makes up.
    calls: calls.flatMap(({ toolCallId, toolName, input, providerExecuted }) =>
      providerExecuted ? [] : [[toolCallId, toolName, input]]
    ),
    questions,
    finishReason: await answer.finishReason,
    usage: await answer.usage,
  };
}

interface Call {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
  readonly providerExecuted?: boolean;
}

interface Part {
  readonly type: string;
  readonly approvalId?: string;
  readonly toolCall?: Call;
}

/** Readings, by their names. */
export const readByAiSdk = {
  async "ai-sdk unstreamed"(server: Answering, reading: Reading): Promise<unknown> {
    return await essence(await generateText(settingsOf(server, reading)));
  },

  async "ai-sdk streamed"(server: Answering, reading: Reading): Promise<unknown> {
    const failures: unknown[] = [];
    const answer = streamText({
      ...settingsOf(server, reading),
      onError: ({ error }) => {
        failures.push(error);
      },
    });
    // It raises nothing by itself: failures are parts of the stream.
    for await (const part of answer.fullStream) {
      if (part.type === "error") failures.push(part.error);
    }
    if (failures.length > 0) throw failures[0];
    return await essence(answer);
  },
};
