import { assertEquals } from "@std/assert";
import { NO_USAGE, type RunResult } from "../../run/result.ts";
import type { AnswerForm } from "./decode.ts";
import { encodeChatResult } from "./encode_result.ts";

const ENVELOPE = { id: "chatcmpl-1", createdAtS: 1_700_000_000 };
const FORM: AnswerForm = { model: "alpha", includeUsage: false, legacyFunctions: false };
const RESULT: RunResult = {
  parts: [],
  text: "",
  refusal: "",
  reasoning: "",
  toolCalls: [],
  finishReason: "stop",
  usage: NO_USAGE,
  consumed: NO_USAGE,
  modelCalls: 0,
};

// deno-lint-ignore no-explicit-any -- asserts field by field what a schema would only repeat
function encode(result: Partial<RunResult>, form: Partial<AnswerForm> = {}): any {
  return JSON.parse(
    encodeChatResult({ ...RESULT, ...result }, ENVELOPE, { form: { ...FORM, ...form } }),
  );
}

Deno.test("encodeChatResult() writes the whole answer", () => {
  const usage = { inputTokens: 9, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 2 };
  assertEquals(encode({ text: "Hi", usage, consumed: { ...usage, inputTokens: 99 } }), {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_700_000_000,
    model: "alpha",
    choices: [{
      index: 0,
      message: { role: "assistant", content: "Hi", refusal: null, annotations: [] },
      logprobs: null,
      "finish_reason": "stop",
    }],
    usage: {
      "prompt_tokens": 9,
      "completion_tokens": 5,
      "total_tokens": 14,
      "prompt_tokens_details": { "cached_tokens": 4 },
      "completion_tokens_details": { "reasoning_tokens": 2 },
    },
  });
});

const CALL = { id: "c1", name: "f", kind: "function", arguments: '{"a":1}' } as const;
const CUSTOM = { id: "c2", name: "g", kind: "custom", arguments: "" } as const;

Deno.test("encodeChatResult() writes calls of both kinds", () => {
  const toolCalls = [CALL, { ...CALL, id: "c3", arguments: "" }, CUSTOM];
  const [choice] = encode({ toolCalls, finishReason: "tool-calls" }).choices;
  assertEquals(choice.finish_reason, "tool_calls");
  assertEquals(choice.message, {
    role: "assistant",
    content: null,
    refusal: null,
    annotations: [],
    "tool_calls": [
      { id: "c1", type: "function", function: { name: "f", arguments: '{"a":1}' } },
      { id: "c3", type: "function", function: { name: "f", arguments: "{}" } },
      { id: "c2", type: "custom", custom: { name: "g", input: "" } },
    ],
  });
});

Deno.test("encodeChatResult() writes the first call as function_call for legacy clients", () => {
  const [choice] = encode(
    { toolCalls: [CALL, CUSTOM], finishReason: "tool-calls" },
    { legacyFunctions: true },
  ).choices;
  assertEquals(choice.finish_reason, "function_call");
  assertEquals(choice.message, {
    role: "assistant",
    content: null,
    refusal: null,
    annotations: [],
    "function_call": { name: "f", arguments: '{"a":1}' },
  });
});

Deno.test("encodeChatResult() tells legacy clients that a call was cut", () => {
  const [choice] = encode(
    { toolCalls: [CALL], finishReason: "length" },
    { legacyFunctions: true },
  ).choices;
  assertEquals(choice.finish_reason, "length");
});

Deno.test("encodeChatResult() has null content only beside a call or a refusal", () => {
  const content = (result: Partial<RunResult>) => encode(result).choices[0].message.content;
  assertEquals(content({}), "");
  assertEquals(content({ refusal: "No" }), null);
  assertEquals(content({ toolCalls: [CALL], finishReason: "tool-calls" }), null);
  assertEquals(content({ text: "x", toolCalls: [CALL], finishReason: "tool-calls" }), "x");
});

Deno.test("encodeChatResult() writes reasoning under both names, or not at all", () => {
  const { message } = encode({ text: "x", reasoning: "r" }).choices[0];
  assertEquals([message.reasoning_content, message.reasoning], ["r", "r"]);
  assertEquals("reasoning" in encode({ text: "x" }).choices[0].message, false);
});

Deno.test("encodeChatResult() writes log probabilities", () => {
  const logprobs = [{ token: "x", logprob: -1 }];
  assertEquals(encode({ text: "x", logprobs }).choices[0].logprobs, {
    content: logprobs,
    refusal: null,
  });
});
