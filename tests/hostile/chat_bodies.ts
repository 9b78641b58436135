/**
 * Good requests for chat completions.
 * @module
 */

const GOOD: Readonly<Record<string, unknown>> = {
  model: "agent",
  messages: [{ role: "user", content: "Hello" }],
};

const PIXEL = "data:image/png;base64,iVBORw0KGgo=";
const WEATHER = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather",
    parameters: {
      type: "object",
      properties: { city: { type: "string", enum: ["Rome", "Oslo"] }, days: { type: "integer" } },
      required: ["city"],
      additionalProperties: false,
    },
    strict: true,
  },
};
const CALL = {
  id: "call_1",
  type: "function",
  function: { name: "weather", arguments: '{"city":"Rome"}' },
};
const SCHEMA = {
  type: "object",
  properties: { n: { type: "integer", minimum: 1 }, list: { type: "array", items: {} } },
  required: ["n"],
};

/** Bodies that are good, that together use every field; the first is the least. */
export const CHAT_GOOD_BODIES: readonly Readonly<Record<string, unknown>>[] = [
  GOOD,
  { ...GOOD, stream: true, "stream_options": { "include_usage": true } },
  {
    ...GOOD,
    temperature: 1,
    "top_p": 0.5,
    stop: ["a", "b"],
    seed: 3,
    "max_completion_tokens": 100,
    "max_tokens": 100,
    "presence_penalty": 0.1,
    "frequency_penalty": 0.1,
    "logit_bias": { "1": 2 },
    n: 1,
    logprobs: false,
    "top_logprobs": 0,
    "reasoning_effort": "low",
    verbosity: "low",
    metadata: { k: "v" },
    modalities: ["text"],
    user: "u",
    store: true,
    "service_tier": "auto",
    prediction: { type: "content", content: "x" },
  },
  { ...GOOD, tools: [WEATHER], "tool_choice": "auto", "parallel_tool_calls": false },
  { ...GOOD, stream: true, tools: [WEATHER], "tool_choice": "required" },
  { ...GOOD, tools: [WEATHER], "tool_choice": { type: "function", function: { name: "weather" } } },
  {
    ...GOOD,
    tools: [WEATHER, { type: "custom", custom: { name: "free", format: { type: "text" } } }],
    "tool_choice": {
      type: "allowed_tools",
      "allowed_tools": {
        mode: "auto",
        tools: [{ type: "function", function: { name: "weather" } }],
      },
    },
  },
  { ...GOOD, functions: [WEATHER.function], "function_call": { name: "weather" } },
  { ...GOOD, stream: true, "response_format": { type: "json_object" } },
  {
    ...GOOD,
    "response_format": {
      type: "json_schema",
      "json_schema": { name: "n", schema: SCHEMA, strict: true, description: "A number" },
    },
  },
  {
    model: "agent",
    stream: true,
    messages: [
      { role: "system", content: "Be brief" },
      { role: "developer", content: [{ type: "text", text: "Be kind" }] },
      {
        role: "user",
        name: "ann",
        content: [
          { type: "text", text: "See" },
          { type: "image_url", "image_url": { url: PIXEL, detail: "low" } },
          { type: "file", file: { filename: "a.txt", "file_data": "aGVsbG8=" } },
          { type: "file", file: { "file_id": "file-1" } },
        ],
      },
      { role: "assistant", content: null, refusal: null, "tool_calls": [CALL] },
      { role: "tool", "tool_call_id": "call_1", content: "sunny" },
      { role: "assistant", content: [{ type: "text", text: "Sunny" }], "reasoning_content": "x" },
      { role: "assistant", content: null, "function_call": CALL.function },
      { role: "function", name: "weather", content: "rain" },
      { role: "user", content: "And now?" },
    ],
    tools: [WEATHER],
  },
];
