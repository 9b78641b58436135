/**
 * Speed of both APIs side by side: frames of a stream of 100 text deltas.
 *
 * The Responses API is to reach 0.6 of the frames a second of chat completions. A stream of chat
 * completions has 103 frames here, one of responses 112. Frames are turned into bytes, as they are on
 * their way to a client: text that is only put together on paper costs nothing yet.
 * @module
 */
import { chat } from "../../src/protocols/chat/mod.ts";
import type { Envelope, Exchange } from "../../src/protocols/protocol.ts";
import { responses } from "../../src/protocols/responses/mod.ts";
import type { RunEvent } from "../../src/run/event.ts";

const utf8 = new TextEncoder();
const BYTES = new Uint8Array(64 * 1024);
const STEM = "0123456789abcdef0123456789abcdef";
const DELTAS = 100;

const EVENTS: readonly RunEvent[] = [
  { type: "text-start" },
  ...Array.from({ length: DELTAS }, (): RunEvent => ({ type: "text-delta", text: " some text" })),
  { type: "text-end" },
  { type: "finish", reason: "stop" },
];

const QUESTION = "What is the capital of France?";
const CHAT = chat.decode({
  model: "alpha",
  messages: [{ role: "system", content: "You are brief." }, { role: "user", content: QUESTION }],
  stream: true,
});
const RESPONSES = responses.decode({
  model: "alpha",
  instructions: "You are brief.",
  input: QUESTION,
  stream: true,
});

function encode(exchange: Exchange, envelope: Envelope): void {
  let length = 0;
  const write = (frame: string) => {
    length += utf8.encodeInto(frame, BYTES).written;
  };
  const encoder = exchange.streamEncoder(envelope);
  encoder.open(write);
  for (const event of EVENTS) encoder.event(event, write);
  if (length === 0) throw new Error("Nothing was written");
}

Deno.bench("103 frames of chat completions", { group: "stream", baseline: true }, () => {
  encode(CHAT, { id: `chatcmpl-${STEM}`, createdAtS: 1_700_000_000 });
});

Deno.bench("112 frames of responses", { group: "stream" }, () => {
  encode(RESPONSES, { id: `resp_${STEM}`, createdAtS: 1_700_000_000 });
});
