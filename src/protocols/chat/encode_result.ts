/**
 * RunResult -> an unstreamed answer.
 * @module
 */
import type { Envelope } from "../protocol.ts";
import type { ToolCall } from "../../run/request.ts";
import type { RunResult } from "../../run/result.ts";
import { encodeJsonLine } from "../sse.ts";
import { encodeFinishReason, encodeUsage, NO_ARGUMENTS } from "./answer.ts";
import type { AnswerForm } from "./decode.ts";
import type { AnswerMessageWire, AnswerToolCallWire, ChatCompletionWire } from "./wire.ts";

/** JSON text of the answer. */
export function encodeChatResult(
  result: RunResult,
  envelope: Envelope,
  { form }: { readonly form: AnswerForm },
): string {
  const completion: ChatCompletionWire = {
    id: envelope.id,
    object: "chat.completion",
    created: envelope.createdAtS,
    model: form.model,
    choices: [{
      index: 0,
      message: encodeMessage(result, form),
      logprobs: result.logprobs ? { content: result.logprobs, refusal: null } : null,
      "finish_reason": encodeFinishReason(result.finishReason, form),
    }],
    usage: encodeUsage(result.usage),
  };
  return encodeJsonLine(completion);
}

function encodeMessage(result: RunResult, form: AnswerForm): AnswerMessageWire {
  const { text, refusal, reasoning, toolCalls } = result;
  const saysOtherwise = toolCalls.length > 0 || refusal !== "";
  return {
    role: "assistant",
    content: text === "" && saysOtherwise ? null : text,
    refusal: refusal === "" ? null : refusal,
    annotations: [],
    ...(reasoning !== "" && { "reasoning_content": reasoning, reasoning }),
    ...encodeCalls(toolCalls, form),
  };
}

function encodeCalls(
  calls: readonly ToolCall[],
  { legacyFunctions }: AnswerForm,
): Pick<AnswerMessageWire, "tool_calls" | "function_call"> {
  const [first] = calls;
  if (first === undefined) return {};
  if (legacyFunctions) {
    return { "function_call": { name: first.name, arguments: first.arguments || NO_ARGUMENTS } };
  }
  return { "tool_calls": calls.map(encodeCall) };
}

function encodeCall(call: ToolCall): AnswerToolCallWire {
  const { id, name, kind } = call;
  return kind === "function"
    ? { id, type: kind, function: { name, arguments: call.arguments || NO_ARGUMENTS } }
    : { id, type: kind, custom: { name, input: call.arguments } };
}
