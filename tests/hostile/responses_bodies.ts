/**
 * Good requests for the Responses API.
 * @module
 */

const GOOD: Readonly<Record<string, unknown>> = { model: "agent", input: "Hello" };

const PIXEL = "data:image/png;base64,iVBORw0KGgo=";
const PARAMETERS = {
  type: "object",
  properties: { city: { type: "string", enum: ["Rome", "Oslo"] }, days: { type: "integer" } },
  required: ["city"],
  additionalProperties: false,
};
const WEATHER = {
  type: "function",
  name: "weather",
  description: "The weather",
  parameters: PARAMETERS,
  strict: true,
};
const GRAMMAR = { type: "grammar", syntax: "lark", definition: "start: WORD" };
const SCHEMA = {
  type: "object",
  properties: { n: { type: "integer", minimum: 1 }, list: { type: "array", items: {} } },
  required: ["n"],
};
const CALL = {
  type: "function_call",
  id: "fc_1",
  "call_id": "call_1",
  name: "weather",
  arguments: '{"city":"Rome"}',
  status: "completed",
};

/** Bodies that are good, that together use every field; the first is the least. */
export const RESPONSES_GOOD_BODIES: readonly Readonly<Record<string, unknown>>[] = [
  GOOD,
  { ...GOOD, stream: true, "stream_options": { "include_obfuscation": false } },
  {
    ...GOOD,
    instructions: "Be brief",
    store: false,
    temperature: 1,
    "top_p": 0.5,
    "max_output_tokens": 100,
    "max_tool_calls": 3,
    "presence_penalty": 0.1,
    "frequency_penalty": 0.1,
    "top_logprobs": 0,
    truncation: "auto",
    include: ["reasoning.encrypted_content"],
    reasoning: { effort: "low", summary: "auto" },
    text: { verbosity: "low", format: { type: "text" } },
    metadata: { k: "v" },
    user: "u",
    "prompt_cache_key": "k",
    "safety_identifier": "s",
    "service_tier": "auto",
    "client_metadata": { x: 1 },
  },
  { ...GOOD, tools: [WEATHER], "tool_choice": "auto", "parallel_tool_calls": false },
  { ...GOOD, stream: true, tools: [WEATHER], "tool_choice": "required" },
  { ...GOOD, tools: [WEATHER], "tool_choice": { type: "function", name: "weather" } },
  {
    ...GOOD,
    stream: true,
    tools: [
      WEATHER,
      { type: "custom", name: "free", description: "Text", format: GRAMMAR },
      { type: "namespace", name: "files", tools: [{ type: "function", name: "open" }] },
      { type: "web_search", "external_web_access": true },
    ],
    "tool_choice": {
      type: "allowed_tools",
      mode: "auto",
      tools: [{ type: "function", name: "weather" }],
    },
  },
  { ...GOOD, stream: true, text: { format: { type: "json_object" } } },
  {
    ...GOOD,
    text: {
      format: {
        type: "json_schema",
        name: "n",
        schema: SCHEMA,
        strict: true,
        description: "A number",
      },
    },
  },
  {
    model: "agent",
    stream: true,
    instructions: "Be kind",
    input: [
      { role: "system", content: "Be brief" },
      { type: "message", role: "developer", content: [{ type: "input_text", text: "Be kind" }] },
      {
        role: "user",
        content: [
          { type: "input_text", text: "See" },
          { type: "input_image", "image_url": PIXEL, detail: "low" },
          { type: "input_file", filename: "a.txt", "file_data": "aGVsbG8=" },
          { type: "input_file", "file_id": "file-1" },
        ],
      },
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm" }] },
      { type: "item_reference", id: "rs_2" },
      CALL,
      {
        type: "function_call_output",
        "call_id": "call_1",
        output: [{ type: "input_text", text: "sunny" }],
      },
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        phase: "final_answer",
        content: [{ type: "output_text", text: "Sunny", annotations: [] }],
      },
      { type: "custom_tool_call", "call_id": "call_2", name: "free", input: "x" },
      { type: "custom_tool_call_output", "call_id": "call_2", output: "y" },
      { type: "web_search_call", id: "ws_1", status: "completed" },
      { role: "user", content: "And now?" },
    ],
    tools: [WEATHER],
  },
];
