/**
 * A model's answer as a whole.
 * @module
 */
import type { ModelEvent } from "../models/model.ts";
import type { ToolCall } from "../run/request.ts";
import type { FinishReason, Usage } from "../run/result.ts";

/** What one model call came to. */
export interface ModelAnswer {
  /** Visible text; empty when there is none. */
  readonly text: string;
  /** Text of a refusal; empty when the model did not refuse. */
  readonly refusal: string;
  /** Reasoning text; empty when there is none. */
  readonly reasoning: string;
  /** All calls, of hidden tools, output tools and the client's, with the model's own ids. */
  readonly toolCalls: readonly ToolCall[];
  /** Tokens of the call; undefined when the backend told none. */
  readonly usage: Usage | undefined;
  /** Why the answer ended. */
  readonly finishReason: FinishReason;
}

/** An answer made by code; what is left out is not there. */
export interface AnswerParts extends Partial<Omit<ModelAnswer, "toolCalls">> {
  /** Calls with JSON text as arguments; an id is made where there is none. */
  readonly toolCalls?: readonly (Partial<ToolCall> & Pick<ToolCall, "name" | "arguments">)[];
}

/**
 * An answer as the events of a model call, for a `wrapModelRequest` that answers by itself.
 *
 * ```ts
 * import { Agent, answerWith } from "@x/fakellm/agent";
 * import { ScriptedModel } from "@x/fakellm/testing";
 *
 * const agent = new Agent({
 *   model: new ScriptedModel([]),
 *   hooks: [{ wrapModelRequest: () => answerWith({ text: "We are closed." }) }],
 * });
 * const { output } = await agent.generate("Hi"); // "We are closed."
 * ```
 */
export async function* answerWith(parts: AnswerParts): AsyncGenerator<ModelEvent> {
  const { text, refusal, reasoning, toolCalls = [], usage } = parts;
  if (reasoning) {
    yield { type: "reasoning-start", source: "model" };
    yield { type: "reasoning-delta", text: reasoning };
    yield { type: "reasoning-end" };
  }
  if (text) {
    yield { type: "text-start" };
    yield { type: "text-delta", text };
    yield { type: "text-end" };
  }
  if (refusal) {
    yield { type: "refusal-start" };
    yield { type: "refusal-delta", text: refusal };
    yield { type: "refusal-end" };
  }
  for (const { id = "", name, kind = "function", arguments: args } of toolCalls) {
    yield { type: "tool-call-start", id, name, kind };
    yield { type: "tool-call-delta", arguments: args };
    yield { type: "tool-call-end" };
  }
  if (usage) yield { type: "usage", usage };
  const reason = parts.finishReason ?? (toolCalls.length > 0 ? "tool-calls" : "stop");
  yield { type: "finish", reason };
}
