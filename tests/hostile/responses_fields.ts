/**
 * Every field of the Responses API.
 * @module
 */
import type { FieldTable, Kind, Put } from "./wrong_values.ts";

const TOOL = { type: "function", name: "f" };
const CUSTOM = { type: "custom", name: "c" };
const NAMESPACE = { type: "namespace", name: "n", tools: [TOOL] };
const USER = { role: "user", content: "Hi" };
const CALL = { type: "function_call", "call_id": "call_1", name: "f", arguments: "{}" };
const OUTPUT = { type: "function_call_output", "call_id": "call_1", output: "ok" };
const CUSTOM_CALL = { type: "custom_tool_call", "call_id": "call_1", name: "c", input: "x" };
const CUSTOM_OUTPUT = { type: "custom_tool_call_output", "call_id": "call_1", output: "ok" };
const REASONING = { type: "reasoning", id: `rs_${"0".repeat(33)}` };
const LINK = "https://example.com/a.png";

type Fields = (value: unknown) => unknown;

const item = (fields: Fields): Put => (value) => ({ input: [USER, fields(value)] });
const part = (fields: Fields): Put => (value) => ({
  input: [{ role: "user", content: [fields(value)] }],
});
const said = (fields: Fields): Put => (value) => ({
  input: [USER, { role: "assistant", content: [fields(value)] }],
});
const call = (fields: Fields): Put => (value) => ({ input: [USER, fields(value), OUTPUT] });
const output = (fields: Fields): Put => (value) => ({ input: [CALL, fields(value)] });
const tool = (fields: Fields): Put => (value) => ({ tools: [fields(value)] });
const format = (fields: Fields): Put => (value) => ({
  text: { format: { type: "json_schema", ...fields(value) as object } },
});
const choice = (fields: Fields): Put => (value) => ({
  tools: [TOOL],
  "tool_choice": fields(value),
});

/** Where values are put, with the kinds of JSON that may be there. */
const TABLE: Readonly<Record<string, readonly [put: Put, ...kinds: Kind[]]>> = {
  "model": [(value) => ({ model: value }), "string"],
  "input": [(value) => ({ input: value }), "string", "array"],
  "input[1]": [item((value) => value), "object"],
  "input[1].type": [item((value) => ({ ...USER, type: value })), "string"],
  "input[1].role": [item((value) => ({ ...USER, role: value })), "string"],
  "input[1].content": [item((value) => ({ ...USER, content: value })), "string", "array"],
  "input[1].call_id": [
    (value) => ({ input: [USER, { ...CALL, "call_id": value }, { ...OUTPUT, "call_id": value }] }),
    "string",
  ],
  "input[1].name": [call((value) => ({ ...CALL, name: value })), "string"],
  "input[1].namespace": [call((value) => ({ ...CALL, namespace: value })), "string"],
  "input[1].arguments": [call((value) => ({ ...CALL, arguments: value })), "string"],
  "input[1].output": [
    output((value) => ({ ...OUTPUT, output: value })),
    ...["boolean", "number", "string", "array", "object"] as const,
  ],
  "input[1].input": [
    (value) => ({ input: [USER, { ...CUSTOM_CALL, input: value }, CUSTOM_OUTPUT] }),
    "string",
  ],
  "input[1].id": [item((value) => ({ type: "item_reference", id: value }))],
  "input[1].summary": [item((value) => ({ ...REASONING, summary: value })), "array"],
  "input[1].summary[0]": [item((value) => ({ ...REASONING, summary: [value] })), "object"],
  "input[1].summary[0].text": [
    item((value) => ({ ...REASONING, summary: [{ type: "summary_text", text: value }] })),
    "string",
  ],
  "input[1].content[0]": [said((value) => value), "object"],
  "input[1].content[0].text": [said((value) => ({ type: "output_text", text: value })), "string"],
  "input[1].content[0].refusal": [
    said((value) => ({ type: "refusal", refusal: value })),
    "string",
  ],
  "input[0].content[0]": [part((value) => value), "object"],
  "input[0].content[0].type": [part((value) => ({ type: value, text: "x" })), "string"],
  "input[0].content[0].text": [part((value) => ({ type: "input_text", text: value })), "string"],
  "input[0].content[0].image_url": [
    part((value) => ({ type: "input_image", "image_url": value })),
    "string",
  ],
  "input[0].content[0].file_id": [
    part((value) => ({ type: "input_file", "file_id": value })),
    "string",
  ],
  "input[0].content[0].detail": [
    part((value) => ({ type: "input_image", "image_url": LINK, detail: value })),
    "string",
  ],
  "input[0].content[0].file_data": [
    part((value) => ({ type: "input_file", "file_data": value })),
    "string",
  ],
  "input[0].content[0].file_url": [
    part((value) => ({ type: "input_file", "file_url": value })),
    "string",
  ],
  "input[0].content[0].filename": [
    part((value) => ({ type: "input_file", "file_id": "file-1", filename: value })),
    "string",
  ],
  "input[0].content[0].input_audio": [
    part((value) => ({ type: "input_audio", "input_audio": value })),
    "object",
  ],
  "instructions": [(value) => ({ instructions: value }), "string"],
  "previous_response_id": [(value) => ({ "previous_response_id": value })],
  "conversation": [(value) => ({ conversation: value })],
  "prompt": [(value) => ({ prompt: value })],
  "stream": [(value) => ({ stream: value }), "boolean"],
  "store": [(value) => ({ store: value }), "boolean"],
  "background": [(value) => ({ background: value }), "boolean"],
  "include": [(value) => ({ include: value }), "array"],
  "tools": [(value) => ({ tools: value }), "array"],
  "tools[0]": [tool((value) => value), "object"],
  "tools[0].type": [tool((value) => ({ ...TOOL, type: value })), "string"],
  "tools[0].name": [tool((value) => ({ ...TOOL, name: value })), "string"],
  "tools[0].description": [tool((value) => ({ ...TOOL, description: value })), "string"],
  "tools[0].parameters": [tool((value) => ({ ...TOOL, parameters: value })), "object"],
  "tools[0].strict": [tool((value) => ({ ...TOOL, strict: value })), "boolean"],
  "tools[0].format": [tool((value) => ({ ...CUSTOM, format: value })), "object"],
  "tools[0].format.definition": [
    tool((value) => ({
      ...CUSTOM,
      format: { type: "grammar", syntax: "lark", definition: value },
    })),
    "string",
  ],
  "tools[0].tools": [tool((value) => ({ ...NAMESPACE, tools: value })), "array"],
  "tools[0].tools[0]": [tool((value) => ({ ...NAMESPACE, tools: [value] })), "object"],
  "tools[0].tools[0].name": [
    tool((value) => ({ ...NAMESPACE, tools: [{ ...TOOL, name: value }] })),
    "string",
  ],
  "tool_choice": [choice((value) => value), "string", "object"],
  "tool_choice.type": [choice((value) => ({ type: value, name: "f" })), "string"],
  "tool_choice.name": [choice((value) => ({ type: "function", name: value })), "string"],
  "tool_choice.mode": [
    choice((value) => ({ type: "allowed_tools", mode: value, tools: [TOOL] })),
    "string",
  ],
  "tool_choice.tools": [
    choice((value) => ({ type: "allowed_tools", mode: "auto", tools: value })),
    "array",
  ],
  "tool_choice.tools[0]": [
    choice((value) => ({ type: "allowed_tools", mode: "auto", tools: [value] })),
    "object",
  ],
  "parallel_tool_calls": [(value) => ({ "parallel_tool_calls": value }), "boolean"],
  "max_tool_calls": [(value) => ({ "max_tool_calls": value }), "number"],
  "max_output_tokens": [(value) => ({ "max_output_tokens": value }), "number"],
  "temperature": [(value) => ({ temperature: value }), "number"],
  "top_p": [(value) => ({ "top_p": value }), "number"],
  "presence_penalty": [(value) => ({ "presence_penalty": value }), "number"],
  "frequency_penalty": [(value) => ({ "frequency_penalty": value }), "number"],
  "top_logprobs": [(value) => ({ "top_logprobs": value }), "number"],
  "truncation": [(value) => ({ truncation: value }), "string"],
  "text": [(value) => ({ text: value }), "object"],
  "text.verbosity": [(value) => ({ text: { verbosity: value } }), "string"],
  "text.format": [(value) => ({ text: { format: value } }), "object"],
  "text.format.type": [(value) => ({ text: { format: { type: value } } }), "string"],
  "text.format.name": [format((value) => ({ name: value, schema: {} })), "string"],
  "text.format.schema": [format((value) => ({ name: "n", schema: value })), "object"],
  "text.format.strict": [format((value) => ({ name: "n", strict: value })), "boolean"],
  "reasoning": [(value) => ({ reasoning: value }), "object"],
  "reasoning.effort": [(value) => ({ reasoning: { effort: value } }), "string"],
  "reasoning.summary": [(value) => ({ reasoning: { summary: value } }), "string"],
  "reasoning.generate_summary": [
    (value) => ({ reasoning: { "generate_summary": value } }),
    "string",
  ],
  "metadata": [(value) => ({ metadata: value }), "object"],
};

/** Responses. */
export const RESPONSES_FIELDS: FieldTable = {
  fields: Object.fromEntries(Object.entries(TABLE).map(([field, [put]]) => [field, put])),
  kinds: Object.fromEntries(Object.entries(TABLE).map(([field, [, ...kinds]]) => [field, kinds])),
  ignored: [
    "service_tier",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "stream_options",
    "moderation",
    "client_metadata",
    "context_management",
    "messages",
    "__proto__",
    "constructor",
    "toString",
  ],
  required: ["model", "input"],
};
