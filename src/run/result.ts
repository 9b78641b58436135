/**
 * What a run came to.
 * @module
 */
import type { TokenLogprobs } from "./event.ts";
import type { ToolCall } from "./request.ts";

/** Why an answer ended. */
export type FinishReason = "stop" | "length" | "tool-calls" | "content-filter";

/** Token counts. */
export interface Usage {
  /** Tokens of the prompt. */
  readonly inputTokens: number;
  /** Part of `inputTokens` read from a cache. */
  readonly cachedInputTokens: number;
  /** Tokens of the answer. */
  readonly outputTokens: number;
  /** Part of `outputTokens` spent on reasoning. */
  readonly reasoningTokens: number;
}

/** No tokens at all. */
export const NO_USAGE: Usage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};

/** The sum of two counts. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}

/**
 * What a client is told after a model call: the prompt of the last call that had the conversation, and
 * the outputs of all calls so far.
 */
export function reportUsage(
  before: Usage,
  { usage, inner = false }: { readonly usage: Usage; readonly inner?: boolean },
): Usage {
  const prompt = inner ? before : usage;
  return {
    inputTokens: prompt.inputTokens,
    cachedInputTokens: prompt.cachedInputTokens,
    outputTokens: before.outputTokens + usage.outputTokens,
    reasoningTokens: before.reasoningTokens + usage.reasoningTokens,
  };
}

/** One finished span of a run, in the order in which spans began. */
export type ResultPart =
  | {
    readonly type: "text";
    readonly text: string;
    readonly phase: "interim" | "final";
    /** Of this span's tokens; absent where the model told none. */
    readonly logprobs?: TokenLogprobs;
  }
  | { readonly type: "refusal"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string; readonly source: "model" | "progress" }
  | { readonly type: "tool-call"; readonly call: ToolCall }
  | {
    readonly type: "approval-request";
    readonly id: string;
    readonly label: string;
    readonly text: string;
  };

/** What separates visible text spans where a wire format has only one string for them. */
export const TEXT_SEPARATOR = "\n\n";

/** A run, folded. */
export interface RunResult {
  /** Spans that are not empty, in order. */
  readonly parts: readonly ResultPart[];
  /** All non-empty text spans, joined by `TEXT_SEPARATOR`. */
  readonly text: string;
  /** All refusal text; empty when the model did not refuse. */
  readonly refusal: string;
  /** All reasoning text, spans joined by `TEXT_SEPARATOR`. */
  readonly reasoning: string;
  /** Client calls, in order. */
  readonly toolCalls: readonly ToolCall[];
  /** Of all text deltas, where the backend has them. */
  readonly logprobs?: TokenLogprobs;
  /** Why the answer ended. */
  readonly finishReason: FinishReason;
  /** What the client is told: the last model call's prompt, the sum of outputs (wire.md §4). */
  readonly usage: Usage;
  /** Everything the run used, for limits, logs and metrics. */
  readonly consumed: Usage;
  /** Number of model calls that reported usage. */
  readonly modelCalls: number;
}
