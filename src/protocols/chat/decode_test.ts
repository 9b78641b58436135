import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { RequestError } from "../../run/error.ts";
import { decodeChat } from "./decode.ts";

const MESSAGES = [{ role: "user", content: "hi" }];

Deno.test("decodeChat() reads the smallest request with its defaults", () => {
  const body = { model: "alpha", messages: MESSAGES };
  assertEquals(decodeChat(body), {
    request: {
      messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
      tools: [],
      toolChoice: { type: "auto" },
      parallelToolCalls: true,
      output: { type: "text" },
      settings: {},
      stream: false,
      parameters: body,
      extraParameters: {},
    },
    form: { model: "alpha", includeUsage: false, legacyFunctions: false },
  });
});

const NAMED_FIELDS = [
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "functions",
  "function_call",
  "response_format",
  "max_completion_tokens",
  "max_tokens",
  "stop",
  "temperature",
  "top_p",
  "presence_penalty",
  "frequency_penalty",
  "seed",
  "logit_bias",
  "n",
  "logprobs",
  "top_logprobs",
  "reasoning_effort",
  "verbosity",
  "modalities",
  "audio",
  "web_search_options",
  "metadata",
  "store",
  "user",
];

Deno.test("decodeChat() takes null as absent in every field", () => {
  const nulls = Object.fromEntries(NAMED_FIELDS.map((field) => [field, null]));
  const bare = decodeChat({ model: "alpha", messages: MESSAGES });
  const decoded = decodeChat({ model: "alpha", messages: MESSAGES, ...nulls });
  assertEquals({ ...decoded.request, parameters: {} }, { ...bare.request, parameters: {} });
  assertEquals(decoded.form, bare.form);
});

Deno.test("decodeChat() hands on what it gives no meaning to", () => {
  const extra = {
    user: "u",
    "safety_identifier": "s",
    metadata: { a: "b" },
    store: true,
    "service_tier": "flex",
    "prompt_cache_key": 5,
    prediction: [],
    "client_metadata": { any: "thing" },
  };
  const body = { model: "alpha", messages: MESSAGES, temperature: 1, ...extra };
  const { request } = decodeChat(body);
  assertEquals(request.extraParameters, extra);
  assertStrictEquals(request.parameters, body);
});

Deno.test("decodeChat() asks for a usage chunk only with stream and include_usage", () => {
  const usage = (fields: Record<string, unknown>) =>
    decodeChat({ model: "alpha", messages: MESSAGES, ...fields }).form.includeUsage;
  const options = { "include_usage": true, "include_obfuscation": true };
  assertEquals(usage({ stream: true, "stream_options": options }), true);
  assertEquals(usage({ stream: true, "stream_options": {} }), false);
  assertEquals(usage({ stream: true }), false);
  assertEquals(usage({ "stream_options": options }), false);
  assertEquals(usage({ stream: false, "stream_options": "whatever" }), false);
});

const REFUSED: readonly [string, unknown, string, string | null][] = [
  ["an array", [], "malformed-request", null],
  ["no model", { messages: MESSAGES }, "missing-parameter", "model"],
  ["a number as model", { model: 5, messages: MESSAGES }, "invalid-type", "model"],
  ["an empty model", { model: "", messages: MESSAGES }, "invalid-value", "model"],
  ["no messages", { model: "alpha" }, "missing-parameter", "messages"],
  ["null as messages", { model: "alpha", messages: null }, "missing-parameter", "messages"],
  ["a string as messages", { model: "alpha", messages: "hi" }, "invalid-type", "messages"],
  ["empty messages", { model: "alpha", messages: [] }, "empty-array", "messages"],
  [
    "a string as stream",
    { model: "alpha", messages: MESSAGES, stream: "yes" },
    "invalid-type",
    "stream",
  ],
  [
    "a string as stream_options",
    { model: "alpha", messages: MESSAGES, stream: true, "stream_options": "x" },
    "invalid-type",
    "stream_options",
  ],
  [
    "a number as include_usage",
    { model: "alpha", messages: MESSAGES, stream: true, "stream_options": { "include_usage": 1 } },
    "invalid-type",
    "stream_options.include_usage",
  ],
  [
    "a number in metadata",
    { model: "alpha", messages: MESSAGES, metadata: { a: 1 } },
    "invalid-type",
    "metadata",
  ],
];

for (const [what, body, code, param] of REFUSED) {
  Deno.test(`decodeChat() rejects ${what} with ${code} at ${param}`, () => {
    const error = assertThrows(() => decodeChat(body), RequestError);
    assertEquals([error.code, error.param], [code, param]);
  });
}

Deno.test("decodeChat() reads fields of the body, never of a __proto__ field", () => {
  const hidden = JSON.parse(
    '{"__proto__":{"model":"alpha","messages":[{"role":"user","content":"hi"}]}}',
  );
  assertEquals(assertThrows(() => decodeChat(hidden), RequestError).param, "model");
  const item = JSON.parse(
    '{"model":"alpha","messages":[{"__proto__":{"role":"user","content":"hi"}}]}',
  );
  assertEquals(assertThrows(() => decodeChat(item), RequestError).param, "messages[0].role");
});

Deno.test("decodeChat() reads 100,000 messages", () => {
  const turns = Array.from({ length: 25_000 }, (_, index) => [
    { role: "user", content: [{ type: "text", text: "go" }] },
    {
      role: "assistant",
      "tool_calls": [{ id: "call_0", type: "function", function: { name: "f", arguments: "" } }],
    },
    { role: "tool", "tool_call_id": "call_0", content: String(index) },
    { role: "assistant", content: "done" },
  ]);
  const { request } = decodeChat({ model: "alpha", messages: turns.flat() });
  assertEquals(request.messages.length, 100_000);
});

Deno.test("decodeChat() reads a message of 100,000 calls and their replies in reverse", () => {
  const ids = Array.from({ length: 100_000 }, (_, index) => `call_${index}`);
  const calls = ids.map((id) => ({
    id,
    type: "function",
    function: { name: "f", arguments: "{}" },
  }));
  const replies = ids.reverse().map((id) => ({ role: "tool", "tool_call_id": id, content: "" }));
  const messages = [{ role: "assistant", "tool_calls": calls }, ...replies];
  assertEquals(decodeChat({ model: "alpha", messages }).request.messages.length, 100_001);
});
