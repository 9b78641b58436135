/**
 * One server under load, chosen by name; prints its port and serves until stdin closes.
 *
 * `bare` answers with the bytes the app answers with, after the same JSON parse: the ceiling of the
 * runtime. `relay` is the shortest program over `npm:openai` that does an agent's job.
 *
 * @module
 */
import OpenAI from "openai";
import { Agent, AgenticWorkflow, createApp, Guest, OpenAICompatibleBackend } from "../mod.ts";

/** Number of text deltas in every streamed answer. */
const DELTAS = 100;
const WORDS = Array.from({ length: DELTAS }, (_, index) => `word${index} `);
const TEXT = WORDS.join("");
const MODEL = "bench";
const encoder = new TextEncoder();
const SSE = { "content-type": "text/event-stream" };

type Handler = (request: Request) => Promise<Response>;

function workflow(): Handler {
  const app = createApp(
    new AgenticWorkflow((request) => request.context.parameter("stream") === true ? words() : TEXT),
    { modelName: MODEL },
  );
  return app.fetch;
}

async function* words(): AsyncGenerator<string> {
  yield* WORDS;
}

/** Replays what the app itself answers, byte for byte; the text is ready, bytes are made per write. */
async function bare(): Promise<Handler> {
  const app = workflow();
  const ask = (stream: boolean) =>
    app(
      new Request("http://127.0.0.1/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: MODEL, stream, messages: [{ role: "user", content: "Hi" }] }),
      }),
    );
  const body = await (await ask(false)).text();
  const frames = (await (await ask(true)).text()).split("\n\n").filter(Boolean)
    .map((frame) => `${frame}\n\n`);
  return async (request) => {
    const { stream } = await request.json();
    if (!stream) return new Response(body, { headers: { "content-type": "application/json" } });
    let next = 0;
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (next < frames.length) controller.enqueue(encoder.encode(frames[next++]));
          else controller.close();
        },
      }),
      { headers: SSE },
    );
  };
}

function agent(backendPort: number): Handler {
  const model = new OpenAICompatibleBackend({
    baseURL: `http://127.0.0.1:${backendPort}/v1`,
    apiKey: "bench",
    model: MODEL,
  });
  return createApp(new Agent({ model }), { modelName: MODEL }).fetch;
}

function relay(backendPort: number): Handler {
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${backendPort}/v1`, apiKey: "bench" });
  return async (request) => {
    const body = await request.json();
    if (!body.stream) return Response.json(await client.chat.completions.create(body));
    const params: OpenAI.ChatCompletionCreateParamsStreaming = { ...body, stream: true };
    const stream = await client.chat.completions.create(params);
    const frames = (async function* () {
      for await (const chunk of stream) {
        yield encoder.encode(`data: ${JSON.stringify(chunk)}\n\n`);
      }
      yield encoder.encode("data: [DONE]\n\n");
    })();
    return new Response(ReadableStream.from(frames), { headers: SSE });
  };
}

/** A model that says its words at once, in this process or in one of its own. */
async function words100(guest: boolean): Promise<Handler> {
  const { agent } = await import("./guest_model.ts");
  const url = new URL("./guest_model.ts", import.meta.url).href;
  const app = createApp(guest ? new Guest(url) : agent, { modelName: MODEL });
  await app.start();
  return app.fetch;
}

const [kind = "", backendPort] = Deno.args;
const HANDLERS: Readonly<Record<string, () => Handler | Promise<Handler>>> = {
  "bare": bare,
  "workflow": workflow,
  "agent": () => agent(Number(backendPort)),
  "relay": () => relay(Number(backendPort)),
  "in-process": () => words100(false),
  "guest": () => words100(true),
};
const handler = await HANDLERS[kind]!();
const server = Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => Deno.stdout.writeSync(encoder.encode(`${port}\n`)),
}, handler);
await Deno.stdin.readable.pipeTo(new WritableStream());
await server.shutdown();
Deno.exit(0);
