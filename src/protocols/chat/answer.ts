/**
 * Pieces that streamed and unstreamed answers have in common.
 * @module
 */
import type { FinishReason, Usage } from "../../run/result.ts";
import type { FinishReasonWire, UsageWire } from "./wire.ts";

const FINISH_REASONS: Readonly<Record<FinishReason, FinishReasonWire>> = {
  "stop": "stop",
  "length": "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
};

/** Why the answer ended; `legacyFunctions`: calls are written as `function_call`. */
export function encodeFinishReason(
  reason: FinishReason,
  { legacyFunctions }: { readonly legacyFunctions: boolean },
): FinishReasonWire {
  return legacyFunctions && reason === "tool-calls" ? "function_call" : FINISH_REASONS[reason];
}

/** Token counts. */
export function encodeUsage(usage: Usage): UsageWire {
  return {
    "prompt_tokens": usage.inputTokens,
    "completion_tokens": usage.outputTokens,
    "total_tokens": usage.inputTokens + usage.outputTokens,
    "prompt_tokens_details": { "cached_tokens": usage.cachedInputTokens },
    "completion_tokens_details": { "reasoning_tokens": usage.reasoningTokens },
  };
}

/** Arguments of a JSON call whose model wrote none: clients parse them without looking. */
export const NO_ARGUMENTS = "{}";
