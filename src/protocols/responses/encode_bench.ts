/**
 * Speed of the Responses API: events per second, whole answers, requests.
 *
 * Each figure of a stream is for 100 text deltas.
 * @module
 */
import type { RunEvent } from "../../run/event.ts";
import { Fold } from "../../run/fold.ts";
import type { Exchange } from "../protocol.ts";
import { responses } from "./mod.ts";

const STEM = "0123456789abcdef0123456789abcdef";
const DELTAS = 100;
const TOOLS = 32;

const PARAMETERS = {
  type: "object",
  properties: { path: { type: "string" }, limit: { type: "integer", minimum: 1 } },
  required: ["path"],
};

const SMALL = {
  model: "alpha",
  instructions: "You are brief.",
  input: "What is the capital of France?",
  temperature: 0.2,
  stream: true,
};

const BIG = {
  ...SMALL,
  tools: Array.from({ length: TOOLS }, (_, index) => ({
    type: "function",
    name: `tool_${index}`,
    description: "Does one thing and says what it did.",
    parameters: PARAMETERS,
    strict: false,
  })),
  input: Array.from({ length: 50 }, (_, index) => [
    { role: "user", content: [{ type: "input_text", text: "Read the next file, please." }] },
    {
      type: "function_call",
      "call_id": `call_${index}`,
      name: "tool_1",
      arguments: '{"path":"a.ts"}',
    },
    { type: "function_call_output", "call_id": `call_${index}`, output: "export const a = 1;" },
    { role: "assistant", content: "It exports one constant." },
  ]).flat(),
};

const EVENTS: readonly RunEvent[] = [
  { type: "text-start" },
  ...Array.from({ length: DELTAS }, (): RunEvent => ({ type: "text-delta", text: " some text" })),
  { type: "text-end" },
  { type: "finish", reason: "stop" },
];

const ENVELOPE = { id: `resp_${STEM}`, createdAtS: 1_700_000_000 };

const EXCHANGE = responses.decode(SMALL);
const BIG_EXCHANGE = responses.decode(BIG);
const FOLD = new Fold();
for (const event of EVENTS) FOLD.add(event);
const RESULT = FOLD.result();

function encode(exchange: Exchange): void {
  let length = 0;
  const write = (frame: string) => {
    length += frame.length;
  };
  const encoder = exchange.streamEncoder(ENVELOPE);
  encoder.open(write);
  for (const event of EVENTS) encoder.event(event, write);
  if (length === 0) throw new Error("Nothing was written");
}

Deno.bench("encode a stream of 100 deltas", () => {
  encode(EXCHANGE);
});

Deno.bench("encode a stream of 100 deltas with 32 tools echoed", () => {
  encode(BIG_EXCHANGE);
});

Deno.bench("encode an unstreamed answer", () => {
  EXCHANGE.encodeResult(RESULT, ENVELOPE);
});

Deno.bench("decode 1 message", () => {
  responses.decode(SMALL);
});

Deno.bench("decode 200 items and 32 tools", () => {
  responses.decode(BIG);
});
