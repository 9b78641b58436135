/**
 * Speed of chat completions: chunks per second, whole answers, requests.
 *
 * Each figure of a stream is for 100 text deltas.
 * @module
 */
import type { RunEvent } from "../../run/event.ts";
import { Fold } from "../../run/fold.ts";
import { chat } from "./mod.ts";

const ENVELOPE = { id: "chatcmpl-0123456789abcdef0123456789abcdef", createdAtS: 1_700_000_000 };
const DELTAS = 100;
const UTF8 = new TextEncoder();

const SMALL = {
  model: "alpha",
  messages: [
    { role: "system", content: "You are brief." },
    { role: "user", content: "What is the capital of France?" },
  ],
  temperature: 0.2,
  stream: true,
};

const TOOLS = Array.from({ length: 32 }, (_, index) => ({
  type: "function",
  function: {
    name: `tool_${index}`,
    description: "Does one thing and says what it did.",
    parameters: {
      type: "object",
      properties: { path: { type: "string" }, limit: { type: "integer", minimum: 1 } },
      required: ["path"],
    },
  },
}));

const TURN = (index: number) => [
  { role: "user", content: [{ type: "text", text: "Read the next file, please." }] },
  {
    role: "assistant",
    content: null,
    tool_calls: [{
      id: `call_${index}`,
      type: "function",
      function: { name: "tool_1", arguments: '{"path":"a.ts"}' },
    }],
  },
  { role: "tool", tool_call_id: `call_${index}`, content: "export const a = 1;" },
  { role: "assistant", content: "It exports one constant." },
];

const BIG = {
  ...SMALL,
  tools: TOOLS,
  messages: Array.from({ length: 50 }, (_, index) => TURN(index)).flat(),
};

const IMAGE = {
  ...SMALL,
  messages: [{
    role: "user",
    content: [{
      type: "image_url",
      image_url: { url: `data:image/png;base64,${"iVBORw0K".repeat(1 << 17)}` },
    }],
  }],
};

const EVENTS: readonly RunEvent[] = [
  { type: "text-start" },
  ...Array.from({ length: DELTAS }, (): RunEvent => ({ type: "text-delta", text: " some text" })),
  { type: "text-end" },
  { type: "finish", reason: "stop" },
];

const exchange = chat.decode(SMALL);
const fold = new Fold();
for (const event of EVENTS) fold.add(event);
const result = fold.result();

Deno.bench("encode a stream of 100 deltas", () => {
  let length = 0;
  const write = (frame: string) => {
    length += frame.length;
  };
  const encoder = exchange.streamEncoder(ENVELOPE);
  encoder.open(write);
  for (const event of EVENTS) encoder.event(event, write);
  if (length === 0) throw new Error("Nothing was written");
});

Deno.bench("encode a stream of 100 deltas to bytes", () => {
  const write = (frame: string) => {
    UTF8.encode(frame);
  };
  const encoder = exchange.streamEncoder(ENVELOPE);
  encoder.open(write);
  for (const event of EVENTS) encoder.event(event, write);
});

Deno.bench("encode an unstreamed answer", () => {
  exchange.encodeResult(result, ENVELOPE);
});

Deno.bench("decode 2 messages", () => {
  chat.decode(SMALL);
});

Deno.bench("decode 200 messages and 32 tools", () => {
  chat.decode(BIG);
});

Deno.bench("decode 1 MiB of image data", () => {
  chat.decode(IMAGE);
});
