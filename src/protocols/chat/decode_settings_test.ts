import { assertEquals, assertThrows } from "@std/assert";
import { RequestError } from "../../run/error.ts";
import type { ModelSettings, OutputFormat } from "../../run/request.ts";
import { decodeChat } from "./decode.ts";

function decode(fields: Record<string, unknown>): ReturnType<typeof decodeChat> {
  return decodeChat({ model: "alpha", messages: [{ role: "user", content: "hi" }], ...fields });
}

const SETTINGS: readonly [Record<string, unknown>, ModelSettings][] = [
  [{ "max_tokens": 5 }, { maxTokens: 5 }],
  [{ "max_completion_tokens": 1 }, { maxTokens: 1 }],
  [{ "max_tokens": 5, "max_completion_tokens": 7 }, { maxTokens: 5 }],
  [{ "max_tokens": 9, "max_completion_tokens": 7 }, { maxTokens: 7 }],
  [{ temperature: 0 }, { temperature: 0 }],
  [{ temperature: 2, "top_p": 1 }, { temperature: 2, topP: 1 }],
  [
    { "presence_penalty": -2, "frequency_penalty": 2 },
    { presencePenalty: -2, frequencyPenalty: 2 },
  ],
  [{ seed: 0 }, { seed: 0 }],
  [{ seed: -9_223_372_036_854_775_808 }, { seed: -9_223_372_036_854_775_808 }],
  [{ stop: "END" }, { stop: ["END"] }],
  [{ stop: ["a", "b", "c", "d"] }, { stop: ["a", "b", "c", "d"] }],
  [{ stop: ["", "a"] }, { stop: ["a"] }],
  [{ stop: "" }, {}],
  [{ stop: [] }, {}],
  [{ "logit_bias": { "50256": -100 } }, { logitBias: { "50256": -100 } }],
  [{ n: 1 }, {}],
  [{ logprobs: false, "top_logprobs": 0 }, {}],
  [{ logprobs: true }, { logprobs: true }],
  [{ logprobs: true, "top_logprobs": 20 }, { logprobs: true, topLogprobs: 20 }],
  [{ "reasoning_effort": "none" }, { reasoningEffort: "none" }],
  [
    { "reasoning_effort": "xhigh", verbosity: "low" },
    { reasoningEffort: "xhigh", verbosity: "low" },
  ],
  [{ modalities: ["text"] }, {}],
  [{ store: true, prediction: { type: "content" }, moderation: 5 }, {}],
];

for (const [fields, settings] of SETTINGS) {
  Deno.test(`decodeSettings() reads ${JSON.stringify(fields)}`, () => {
    assertEquals(decode(fields).request.settings, settings);
  });
}

const SCHEMA = { type: "object", properties: {} };

const OUTPUTS: readonly [unknown, OutputFormat][] = [
  [{ type: "text" }, { type: "text" }],
  [{ type: "json_object" }, { type: "json-object" }],
  [
    { type: "json_schema", "json_schema": { name: "a", schema: SCHEMA } },
    { type: "json-schema", name: "a", schema: SCHEMA },
  ],
  [
    {
      type: "json_schema",
      "json_schema": { name: "a", schema: SCHEMA, strict: true, description: "d" },
    },
    { type: "json-schema", name: "a", schema: SCHEMA, strict: true, description: "d" },
  ],
  [{ type: "json_schema", "json_schema": { name: "a", schema: null } }, { type: "json-object" }],
];

for (const [format, output] of OUTPUTS) {
  Deno.test(`decodeOutput() reads ${JSON.stringify(format)}`, () => {
    assertEquals(decode({ "response_format": format }).request.output, output);
  });
}

const REFUSED: readonly [string, unknown, string, string?][] = [
  ["max_tokens", 0, "invalid-value"],
  ["max_tokens", 1.5, "invalid-type"],
  ["max_completion_tokens", -1, "invalid-value"],
  ["max_completion_tokens", "5", "invalid-type"],
  ["temperature", 2.01, "invalid-value"],
  ["temperature", -0.01, "invalid-value"],
  ["temperature", "hot", "invalid-type"],
  ["top_p", 1.01, "invalid-value"],
  ["top_p", -1, "invalid-value"],
  ["presence_penalty", 2.1, "invalid-value"],
  ["frequency_penalty", -2.1, "invalid-value"],
  ["seed", 1.5, "invalid-type"],
  ["seed", "1", "invalid-type"],
  ["seed", 1e20, "invalid-value"],
  ["stop", 5, "invalid-type"],
  ["stop", {}, "invalid-type"],
  ["stop", ["a", "b", "c", "d", "e"], "invalid-value"],
  ["stop", ["a", 5], "invalid-type", "stop[1]"],
  ["logit_bias", [], "invalid-type"],
  ["logit_bias", { "1": "x" }, "invalid-type"],
  ["logit_bias", { "1": 101 }, "invalid-value"],
  ["logit_bias", { "word": 1 }, "invalid-value"],
  ["n", 0, "invalid-value"],
  ["n", 2, "unsupported-value"],
  ["n", "1", "invalid-type"],
  ["logprobs", 1, "invalid-type"],
  ["top_logprobs", 5, "invalid-value"],
  ["top_logprobs", 21, "invalid-value"],
  ["top_logprobs", 1.5, "invalid-type"],
  ["reasoning_effort", "huge", "invalid-value"],
  ["reasoning_effort", 5, "invalid-type"],
  ["verbosity", "max", "invalid-value"],
  ["modalities", ["text", "audio"], "unsupported-value"],
  ["modalities", "text", "invalid-type"],
  ["modalities", ["video"], "invalid-value", "modalities[0]"],
  ["modalities", [5], "invalid-type", "modalities[0]"],
  ["audio", { voice: "alloy", format: "wav" }, "unsupported-parameter"],
  ["web_search_options", {}, "unsupported-parameter"],
  ["response_format", "json_object", "invalid-type"],
  ["response_format", {}, "missing-parameter", "response_format.type"],
  ["response_format", { type: "xml" }, "invalid-value", "response_format.type"],
  ["response_format", { type: "json_schema" }, "missing-parameter", "response_format.json_schema"],
  [
    "response_format",
    { type: "json_schema", "json_schema": {} },
    "missing-parameter",
    "response_format.json_schema.name",
  ],
  [
    "response_format",
    { type: "json_schema", "json_schema": { name: "a", schema: "x" } },
    "invalid-type",
    "response_format.json_schema.schema",
  ],
  [
    "response_format",
    { type: "json_schema", "json_schema": { name: "a", schema: { x: "y".repeat(1 << 20) } } },
    "invalid-value",
    "response_format.json_schema.schema",
  ],
];

for (const [field, value, code, param = field] of REFUSED) {
  const shown = JSON.stringify(value).slice(0, 80);
  Deno.test(`decodeChat() rejects ${field} ${shown} with ${code} at ${param}`, () => {
    const error = assertThrows(() => decode({ [field]: value }), RequestError);
    assertEquals([error.code, error.param], [code, param]);
  });
}
