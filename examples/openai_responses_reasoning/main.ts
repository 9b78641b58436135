/**
 * A workflow that thinks aloud on the Responses API. Its client offers a tool to read files; the
 * workflow calls it, gets the file with the next request, and tells as reasoning what it is about
 * while two agents it hides read the file one after the other.
 */
import {
  Agent,
  AgenticWorkflow,
  type App,
  createApp,
  liveClient,
  type Model,
  type OpenAIClient,
  WorkflowResponse,
  WorkflowToolCall,
} from "@x/fakellm";
import type { OpenAI } from "openai";
import { modelFromEnv } from "../model_from_env.ts";

/** The app; without mode `custom` clients would get the same answers and no reasoning. */
export function createReviewerApp(model: Model): App {
  return createApp(createReviewer(model), {
    modelName: "reviewer",
    responsesReasoning: { mode: "custom" },
  });
}

function createReviewer(model: Model): AgenticWorkflow {
  const critic = new Agent({ model, instructions: "Name the worst mistake in the text, briefly." });
  const friend = new Agent({ model, instructions: "Name what the text does best, briefly." });

  return new AgenticWorkflow(async (request) => {
    const [file] = Object.values(request.latestToolResults);
    if (file === undefined) {
      const path = /\S+\.\w+/.exec(request.latestUserText())?.[0];
      const canRead = request.clientTools.some(({ name }) => name === "read_file");
      if (path === undefined || !canRead) return "Name a file, and bring a tool read_file for it.";
      request.emitProgress(`I have to see ${path} first.`);
      const call = new WorkflowToolCall({ name: "read_file", arguments: { path } });
      return new WorkflowResponse({ toolCalls: [call] });
    }

    const text = String(file);
    // What is told piece by piece reaches the client piece by piece.
    request.reasoning?.emit("It begins: ");
    for (const word of text.split(/\s+/, 4)) request.reasoning?.emit(`${word} `);
    const ask = async (agent: Agent, label: string) => {
      // The client sees the label; how long it took is in the log.
      await using _span = request.span(label);
      return (await request.run(agent, text)).text;
    };
    const mistake = await ask(critic, "Looking for mistakes.");
    const strength = await ask(friend, "Looking for what is good.");
    return `To mend: ${mistake}\n\nTo keep: ${strength}`;
  });
}

/** The tool of the client; the workflow relies on its name and its one argument. */
const READ_FILE: OpenAI.Responses.FunctionTool = {
  type: "function",
  name: "read_file",
  description: "The text of a file on the user's machine",
  parameters: {
    type: "object",
    properties: { path: { type: "string" } },
    required: ["path"],
    additionalProperties: false,
  },
  strict: true,
};

/** What a client does with an answer on its way. */
export interface ReviewOptions {
  /** Reads the file the workflow asks for. */
  readonly readFile: (path: string) => string | Promise<string>;
  /** Takes reasoning as it comes. Absent: the answers are not streamed. */
  readonly onReasoning?: (delta: string) => void;
}

/** A client: asks for a review and runs the tool until there is an answer. */
export async function review(
  openai: OpenAIClient,
  path: string,
  { readFile, onReasoning }: ReviewOptions,
): Promise<OpenAI.Responses.Response> {
  const input: OpenAI.Responses.ResponseInputItem[] = [
    { role: "user", content: `Please review ${path}` },
  ];
  for (;;) {
    const request = { model: "reviewer", input, tools: [READ_FILE] };
    const response: OpenAI.Responses.Response = onReasoning
      ? await openai.responses.stream(request)
        .on("response.reasoning_summary_text.delta", ({ delta }) => onReasoning(delta))
        .finalResponse()
      : await openai.responses.create(request);
    const calls = response.output.filter((item) => item.type === "function_call");
    if (calls.length === 0) return response;
    for (const call of calls) {
      const output = await readFile(JSON.parse(call.arguments).path);
      input.push(call, { type: "function_call_output", call_id: call.call_id, output });
    }
  }
}

if (import.meta.main) {
  await using client = liveClient(createReviewerApp(modelFromEnv()));
  const encoder = new TextEncoder();
  const response = await review(await client.openai(), "notes.txt", {
    readFile: (path) => `${path}: Their are to mistakes in this file.`,
    onReasoning: (delta) => Deno.stdout.writeSync(encoder.encode(delta)),
  });
  // deno-lint-ignore no-console -- this program's answer
  console.log(`\n\n${response.output_text}`);
}
