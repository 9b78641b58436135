import { assertEquals, assertFalse } from "@std/assert";
import type { ToolSpec } from "../../run/request.ts";
import type { ModelProfile, ModelRequest } from "../model.ts";
import { encodeRequest, type RequestOptions } from "./encode_request.ts";

const profile: ModelProfile = {
  structuredOutput: "json-schema",
  logprobs: true,
  audioInput: false,
  fetchUrls: false,
};

/** The body as it goes over the wire. */
function encode(
  request: Partial<ModelRequest> = {},
  options: Partial<RequestOptions> = {},
): Record<string, unknown> {
  const body = encodeRequest({
    messages: [],
    tools: [],
    toolChoice: { type: "auto" },
    output: { type: "text" },
    settings: {},
    stream: false,
    ...request,
  }, {
    model: "m",
    profile,
    fetched: new Map(),
    reasoningField: undefined,
    maxTokensField: "max_completion_tokens",
    extraBody: undefined,
    ...options,
  });
  return JSON.parse(JSON.stringify(body));
}

const f: ToolSpec = { name: "f", kind: "function", description: "Does f", strict: true };
const g: ToolSpec = { name: "g", kind: "function", parameters: { type: "object" } };

Deno.test("encodeRequest() sends nothing that was not asked for", () => {
  assertEquals(encode(), { model: "m", messages: [] });
});

Deno.test("encodeRequest() asks for token counts when streaming", () => {
  assertEquals(encode({ stream: true }), {
    model: "m",
    messages: [],
    stream: true,
    "stream_options": { "include_usage": true },
  });
});

Deno.test("encodeRequest() sends all settings under their names", () => {
  const settings = {
    maxTokens: 5,
    temperature: 0,
    topP: 0.5,
    stop: ["x"],
    seed: 0,
    presencePenalty: 0,
    frequencyPenalty: -1,
    logitBias: { "50256": -100 },
    logprobs: true,
    topLogprobs: 2,
    reasoningEffort: "low",
    verbosity: "high",
  } as const;
  assertEquals(encode({ settings }), {
    model: "m",
    messages: [],
    "max_completion_tokens": 5,
    temperature: 0,
    "top_p": 0.5,
    stop: ["x"],
    seed: 0,
    "presence_penalty": 0,
    "frequency_penalty": -1,
    "logit_bias": { "50256": -100 },
    logprobs: true,
    "top_logprobs": 2,
    "reasoning_effort": "low",
    verbosity: "high",
  });
});

Deno.test("encodeRequest() names the token limit as the backend does", () => {
  const body = encode({ settings: { maxTokens: 5 } }, { maxTokensField: "max_tokens" });
  assertEquals(body, { model: "m", messages: [], "max_tokens": 5 });
});

Deno.test("encodeRequest() leaves out logprobs false and empty stop", () => {
  const settings = { logprobs: false, topLogprobs: 3, stop: [] };
  assertEquals(encode({ settings }), { model: "m", messages: [] });
});

Deno.test("encodeRequest() lets extra fields win, those of the request last", () => {
  const body = encode(
    { settings: { temperature: 1, extraBody: { a: 2, temperature: 0.1 } } },
    { extraBody: { a: 1, b: 1, model: "other" } },
  );
  assertEquals(body, { model: "other", messages: [], temperature: 0.1, a: 2, b: 1 });
});

Deno.test("encodeRequest() sends tools, and choice and parallelism only with tools", () => {
  const body = encode({
    tools: [f, g],
    toolChoice: { type: "required" },
    parallelToolCalls: false,
  });
  assertEquals(body["tools"], [
    {
      type: "function",
      function: {
        name: "f",
        description: "Does f",
        parameters: { type: "object", properties: {} },
        strict: true,
      },
    },
    { type: "function", function: { name: "g", parameters: { type: "object" } } },
  ]);
  assertEquals(body["tool_choice"], "required");
  assertEquals(body["parallel_tool_calls"], false);
  assertEquals(encode({ toolChoice: { type: "none" }, parallelToolCalls: false }), {
    model: "m",
    messages: [],
  });
});

Deno.test("encodeRequest() encodes each tool choice", () => {
  const choice = (toolChoice: ModelRequest["toolChoice"]) => {
    const body = encode({ tools: [f, g], toolChoice });
    const tools = body["tools"] as readonly { function: { name: string } }[];
    return [body["tool_choice"], tools.map((tool) => tool.function.name)];
  };
  assertEquals(choice({ type: "auto" }), [undefined, ["f", "g"]]);
  assertEquals(choice({ type: "none" }), ["none", ["f", "g"]]);
  assertEquals(choice({ type: "tool", name: "g" }), [
    { type: "function", function: { name: "g" } },
    ["f", "g"],
  ]);
  assertEquals(choice({ type: "allowed", mode: "auto", names: ["g"] }), [undefined, ["g"]]);
  assertEquals(choice({ type: "allowed", mode: "required", names: ["g"] }), ["required", ["g"]]);
});

Deno.test("encodeRequest() offers a custom tool as a function of one string", () => {
  const body = encode({ tools: [{ name: "shell", kind: "custom" }] });
  const [tool] = body["tools"] as [{ function: { parameters: { required: unknown } } }];
  assertEquals(tool.function.parameters.required, ["input"]);
});

Deno.test("encodeRequest() asks for the nearest form of output the backend has", () => {
  const output = {
    type: "json-schema",
    name: "n",
    schema: { type: "object" },
    strict: true,
  } as const;
  const format = (structuredOutput: ModelProfile["structuredOutput"]) =>
    encode({ output }, { profile: { ...profile, structuredOutput } })["response_format"];
  assertEquals(format("json-schema"), {
    type: "json_schema",
    "json_schema": { name: "n", schema: { type: "object" }, strict: true },
  });
  assertEquals(format("json-object"), { type: "json_object" });
  assertEquals(format("none"), undefined);
  assertEquals(encode({ output: { type: "json-object" } })["response_format"], {
    type: "json_object",
  });
});

Deno.test("encodeRequest() keeps a __proto__ field of a stranger an ordinary field", () => {
  const extraBody = JSON.parse('{"__proto__":{"polluted":true}}');
  const body = encode({ settings: { extraBody } });
  assertFalse("polluted" in body);
  assertFalse("polluted" in {});
});
