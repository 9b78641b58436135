/**
 * Reading a stream of 100 deltas: ours beside the iterator of the OpenAI package, over the same bytes
 * in the same writes, without a network.
 * @module
 */
import OpenAI from "openai";
import type { ModelRequest } from "./model.ts";
import { OpenAICompatibleBackend } from "./openai_compatible.ts";

const DELTAS = 100;

const chunk = (delta: unknown, finish: string | null = null) =>
  `data: ${
    JSON.stringify({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: "bench",
      choices: [{ index: 0, delta, logprobs: null, "finish_reason": finish }],
    })
  }\n\n`;

const events = [
  chunk({ role: "assistant", content: "" }),
  ...Array.from({ length: DELTAS }, (_, index) => chunk({ content: `word${index} ` })),
  chunk({}, "stop"),
  "data: [DONE]\n\n",
].map((event) => new TextEncoder().encode(event));

const batched = [new Uint8Array(await new Blob(events).arrayBuffer())];

/** Answers with a body of the given writes. */
function answering(writes: readonly Uint8Array[]): () => Promise<Response> {
  return () => {
    let next = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const write = writes[next++];
        if (write) controller.enqueue(write);
        else controller.close();
      },
    }, { highWaterMark: 0 });
    return Promise.resolve(
      new Response(body, { headers: { "content-type": "text/event-stream" } }),
    );
  };
}

const request: ModelRequest = {
  messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
  tools: [],
  toolChoice: { type: "auto" },
  output: { type: "text" },
  settings: {},
  stream: true,
};

for (
  const [group, writes] of [["one write each", events], ["one write for all", batched]] as const
) {
  const fetch = answering(writes);
  const backend = new OpenAICompatibleBackend({
    baseURL: "http://127.0.0.1:9/v1",
    apiKey: "bench",
    model: "bench",
    fetch,
  });
  const client = new OpenAI({ baseURL: "http://127.0.0.1:9/v1", apiKey: "bench", fetch });

  Deno.bench(`OpenAI package, ${group}`, { group, baseline: true }, async () => {
    let length = 0;
    const stream = await client.chat.completions.create({
      model: "bench",
      messages: [{ role: "user", content: "Hello" }],
      stream: true,
    });
    for await (const { choices } of stream) length += choices[0]?.delta.content?.length ?? 0;
    if (length === 0) throw new Error("Nothing was read");
  });

  Deno.bench(`OpenAICompatibleBackend, ${group}`, { group }, async () => {
    let length = 0;
    const call = backend.call(request, {
      signal: new AbortController().signal,
      logger: { log() {} },
    });
    for await (const event of call) if (event.type === "text-delta") length += event.text.length;
    if (length === 0) throw new Error("Nothing was read");
  });
}
