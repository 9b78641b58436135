/**
 * Every field of chat completions.
 * @module
 */
import type { FieldTable, Kind, Put } from "./wrong_values.ts";

const FUNCTION = { name: "f" };
const TOOL = { type: "function", function: FUNCTION };
const CUSTOM = { type: "custom", custom: { name: "c" } };
const CALL = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } };
const USER = { role: "user", content: "Hi" };
const RESULT = { role: "tool", "tool_call_id": "call_1", content: "ok" };

function message(fields: (value: unknown) => unknown): Put {
  return (value) => ({ messages: [USER, fields(value)] });
}

function part(fields: (value: unknown) => unknown): Put {
  return (value) => ({ messages: [{ role: "user", content: [fields(value)] }] });
}

function call(fields: (value: unknown) => unknown): Put {
  return (value) => ({
    messages: [USER, { role: "assistant", "tool_calls": [fields(value)] }, RESULT],
  });
}

function tool(fields: (value: unknown) => unknown): Put {
  return (value) => ({ tools: [fields(value)] });
}

function format(fields: (value: unknown) => unknown): Put {
  return (value) => ({ "response_format": { type: "json_schema", "json_schema": fields(value) } });
}

/** Param to what puts a value there. A refusal names it, or something within or above it. */
const FIELDS: Readonly<Record<string, Put>> = {
  "model": (value) => ({ model: value }),
  "messages": (value) => ({ messages: value }),
  "messages[1]": message((value) => value),
  "messages[1].role": message((value) => ({ role: value, content: "Hi" })),
  "messages[1].content": message((value) => ({ role: "user", content: value })),
  "messages[1].name": message((value) => ({ ...USER, name: value })),
  "messages[1].refusal": message((value) => ({ role: "assistant", refusal: value })),
  "messages[1].tool_calls": message((value) => ({ role: "assistant", "tool_calls": value })),
  "messages[1].tool_call_id": message((value) => ({ ...RESULT, "tool_call_id": value })),
  "messages[1].function_call": message((value) => ({ role: "assistant", "function_call": value })),
  "messages[0].content[0]": part((value) => value),
  "messages[0].content[0].type": part((value) => ({ type: value, text: "x" })),
  "messages[0].content[0].text": part((value) => ({ type: "text", text: value })),
  "messages[0].content[0].image_url": part((value) => ({ type: "image_url", "image_url": value })),
  "messages[0].content[0].image_url.url": part((value) => ({
    type: "image_url",
    "image_url": { url: value },
  })),
  "messages[0].content[0].image_url.detail": part((value) => ({
    type: "image_url",
    "image_url": { url: "https://example.com/a.png", detail: value },
  })),
  "messages[0].content[0].file": part((value) => ({ type: "file", file: value })),
  "messages[0].content[0].file.file_id": part((value) => ({
    type: "file",
    file: { "file_id": value },
  })),
  "messages[0].content[0].file.file_data": part((value) => ({
    type: "file",
    file: { "file_data": value },
  })),
  "messages[0].content[0].file.filename": part((value) => ({
    type: "file",
    file: { "file_id": "file-1", filename: value },
  })),
  "messages[0].content[0].input_audio": part((value) => ({
    type: "input_audio",
    "input_audio": value,
  })),
  "messages[0].content[0].input_audio.data": part((value) => ({
    type: "input_audio",
    "input_audio": { format: "wav", data: value },
  })),
  "messages[1].tool_calls[0]": call((value) => value),
  "messages[1].tool_calls[0].id": (value) => ({
    messages: [
      USER,
      { role: "assistant", "tool_calls": [{ ...CALL, id: value }] },
      { ...RESULT, "tool_call_id": value },
    ],
  }),
  "messages[1].tool_calls[0].type": call((value) => ({ ...CALL, type: value })),
  "messages[1].tool_calls[0].function": call((value) => ({ ...CALL, function: value })),
  "messages[1].tool_calls[0].function.name": call((value) => ({
    ...CALL,
    function: { name: value, arguments: "{}" },
  })),
  "messages[1].tool_calls[0].function.arguments": call((value) => ({
    ...CALL,
    function: { name: "f", arguments: value },
  })),
  "stream": (value) => ({ stream: value }),
  "stream_options": (value) => ({ stream: true, "stream_options": value }),
  "stream_options.include_usage": (value) => ({
    stream: true,
    "stream_options": { "include_usage": value },
  }),
  "tools": (value) => ({ tools: value }),
  "tools[0]": tool((value) => value),
  "tools[0].type": tool((value) => ({ ...TOOL, type: value })),
  "tools[0].function": tool((value) => ({ ...TOOL, function: value })),
  "tools[0].function.name": tool((value) => ({ ...TOOL, function: { name: value } })),
  "tools[0].function.description": tool((value) => ({
    ...TOOL,
    function: { ...FUNCTION, description: value },
  })),
  "tools[0].function.parameters": tool((value) => ({
    ...TOOL,
    function: { ...FUNCTION, parameters: value },
  })),
  "tools[0].function.strict": tool((value) => ({
    ...TOOL,
    function: { ...FUNCTION, strict: value },
  })),
  "tools[0].custom": tool((value) => ({ ...CUSTOM, custom: value })),
  "tools[0].custom.format": tool((value) => ({
    ...CUSTOM,
    custom: { name: "c", format: value },
  })),
  "tool_choice": (value) => ({ tools: [TOOL], "tool_choice": value }),
  "tool_choice.function": (value) => ({
    tools: [TOOL],
    "tool_choice": { type: "function", function: value },
  }),
  "tool_choice.allowed_tools": (value) => ({
    tools: [TOOL],
    "tool_choice": { type: "allowed_tools", "allowed_tools": value },
  }),
  "tool_choice.allowed_tools.tools": (value) => ({
    tools: [TOOL],
    "tool_choice": { type: "allowed_tools", "allowed_tools": { mode: "auto", tools: value } },
  }),
  "parallel_tool_calls": (value) => ({ "parallel_tool_calls": value }),
  "functions": (value) => ({ functions: value }),
  "functions[0]": (value) => ({ functions: [value] }),
  "function_call": (value) => ({ functions: [FUNCTION], "function_call": value }),
  "response_format": (value) => ({ "response_format": value }),
  "response_format.json_schema": format((value) => value),
  "response_format.json_schema.name": format((value) => ({ name: value, schema: {} })),
  "response_format.json_schema.schema": format((value) => ({ name: "n", schema: value })),
  "response_format.json_schema.strict": format((value) => ({ name: "n", strict: value })),
  "max_completion_tokens": (value) => ({ "max_completion_tokens": value }),
  "max_tokens": (value) => ({ "max_tokens": value }),
  "stop": (value) => ({ stop: value }),
  "temperature": (value) => ({ temperature: value }),
  "top_p": (value) => ({ "top_p": value }),
  "presence_penalty": (value) => ({ "presence_penalty": value }),
  "frequency_penalty": (value) => ({ "frequency_penalty": value }),
  "seed": (value) => ({ seed: value }),
  "logit_bias": (value) => ({ "logit_bias": value }),
  "n": (value) => ({ n: value }),
  "logprobs": (value) => ({ logprobs: value }),
  "top_logprobs": (value) => ({ "top_logprobs": value }),
  "reasoning_effort": (value) => ({ "reasoning_effort": value }),
  "verbosity": (value) => ({ verbosity: value }),
  "modalities": (value) => ({ modalities: value }),
  "audio": (value) => ({ audio: value }),
  "web_search_options": (value) => ({ "web_search_options": value }),
  "metadata": (value) => ({ metadata: value }),
};

/** Kinds of JSON a field may be; any other is refused. Fields that are never taken have none. */
const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  "model": ["string"],
  "messages": ["array"],
  "messages[1]": ["object"],
  "messages[1].role": ["string"],
  "messages[1].content": ["string", "array"],
  "messages[1].name": ["string"],
  "messages[1].refusal": ["string"],
  "messages[1].tool_calls": ["array"],
  "messages[1].tool_call_id": ["string"],
  "messages[1].function_call": ["object"],
  "messages[0].content[0]": ["object"],
  "messages[0].content[0].type": ["string"],
  "messages[0].content[0].text": ["string"],
  "messages[0].content[0].image_url": ["object"],
  "messages[0].content[0].image_url.url": ["string"],
  "messages[0].content[0].image_url.detail": ["string"],
  "messages[0].content[0].file": ["object"],
  "messages[0].content[0].file.file_id": ["string"],
  "messages[0].content[0].file.file_data": ["string"],
  "messages[0].content[0].file.filename": ["string"],
  "messages[0].content[0].input_audio": ["object"],
  "messages[0].content[0].input_audio.data": ["string"],
  "messages[1].tool_calls[0]": ["object"],
  "messages[1].tool_calls[0].id": ["string"],
  "messages[1].tool_calls[0].type": ["string"],
  "messages[1].tool_calls[0].function": ["object"],
  "messages[1].tool_calls[0].function.name": ["string"],
  "messages[1].tool_calls[0].function.arguments": ["string"],
  "stream": ["boolean"],
  "stream_options": ["object"],
  "stream_options.include_usage": ["boolean"],
  "tools": ["array"],
  "tools[0]": ["object"],
  "tools[0].type": ["string"],
  "tools[0].function": ["object"],
  "tools[0].function.name": ["string"],
  "tools[0].function.description": ["string"],
  "tools[0].function.parameters": ["object"],
  "tools[0].function.strict": ["boolean"],
  "tools[0].custom": ["object"],
  "tools[0].custom.format": ["object"],
  "tool_choice": ["string", "object"],
  "tool_choice.function": ["object"],
  "tool_choice.allowed_tools": ["object"],
  "tool_choice.allowed_tools.tools": ["array"],
  "parallel_tool_calls": ["boolean"],
  "functions": ["array"],
  "functions[0]": ["object"],
  "function_call": ["string", "object"],
  "response_format": ["object"],
  "response_format.json_schema": ["object"],
  "response_format.json_schema.name": ["string"],
  "response_format.json_schema.schema": ["object"],
  "response_format.json_schema.strict": ["boolean"],
  "max_completion_tokens": ["number"],
  "max_tokens": ["number"],
  "stop": ["string", "array"],
  "temperature": ["number"],
  "top_p": ["number"],
  "presence_penalty": ["number"],
  "frequency_penalty": ["number"],
  "seed": ["number"],
  "logit_bias": ["object"],
  "n": ["number"],
  "logprobs": ["boolean"],
  "top_logprobs": ["number"],
  "reasoning_effort": ["string"],
  "verbosity": ["string"],
  "modalities": ["array"],
  "audio": [],
  "web_search_options": [],
  "metadata": ["object"],
};

/** Chat completions. */
export const CHAT_FIELDS: FieldTable = {
  fields: FIELDS,
  kinds: KINDS,
  ignored: [
    "store",
    "service_tier",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prediction",
    "moderation",
    "client_metadata",
    "__proto__",
    "constructor",
    "toString",
  ],
  required: ["model", "messages"],
};
