/**
 * Reads one model call: what goes out at once, what waits, what was said in the end.
 * @module
 */
import type { ModelEvent } from "../models/model.ts";
import type { RunEvent, TextDelta, TokenLogprobs } from "../run/event.ts";
import type { ToolCall, ToolKind } from "../run/request.ts";
import type { ModelAnswer } from "./model_answer.ts";
import { type FinishReason, NO_USAGE, TEXT_SEPARATOR, type Usage } from "../run/result.ts";

const NOTHING: readonly RunEvent[] = [];

/** One model call, while it streams and after. */
export class ModelReader {
  /** Visible text so far. */
  text = "";
  refusal = "";
  reasoning = "";
  readonly toolCalls: ToolCall[] = [];
  /** Of all text, where it waits for the end of the call. */
  readonly logprobs: Readonly<Record<string, unknown>>[] = [];
  usage: Usage | undefined;
  finishReason: FinishReason = "stop";
  /** Whether text went out and its end has not; deltas may then go out as they are. */
  textOpen = false;
  readonly #passText: boolean;
  /** Goes between two texts of one call. */
  #separator = "";
  /** Blank beginnings of a text, kept back: text that stays blank is none. */
  readonly #blanks: TextDelta[] = [];
  #call: { id: string; name: string; kind: ToolKind; arguments: string } | undefined;

  /** @param passText whether text and refusals go out while they are made */
  constructor(passText: boolean) {
    this.#passText = passText;
  }

  /** Tokens of the call; none when the backend told none. */
  get usageOrNone(): Usage {
    return this.usage ?? NO_USAGE;
  }

  /** The answer as a whole. */
  get answer(): ModelAnswer {
    const { text, refusal, reasoning, usage, finishReason } = this;
    return { text, refusal, reasoning, toolCalls: [...this.toolCalls], usage, finishReason };
  }

  /** Drops what has not gone out, after which another answer may be read. */
  discard(): void {
    this.toolCalls.length = 0;
    if (this.#passText && this.text.trim() + this.refusal !== "") return;
    this.text = "";
    this.refusal = "";
    this.logprobs.length = 0;
  }

  /** Reads `answer` in the place of what waits; reasoning and usage have gone out. */
  replace({ text, refusal, toolCalls, finishReason }: ModelAnswer): void {
    // They belong to what the model wrote.
    if (text !== this.text) this.logprobs.length = 0;
    this.text = text;
    this.refusal = refusal;
    this.toolCalls.splice(0, this.toolCalls.length, ...toolCalls);
    this.finishReason = finishReason;
  }

  /** Takes the next event; returns what goes out. */
  take(event: ModelEvent): readonly RunEvent[] {
    switch (event.type) {
      case "text-start":
        this.#separator = this.text === "" ? "" : TEXT_SEPARATOR;
        return this.closeText("final");
      case "text-delta":
        return this.#textDelta(event);
      case "text-end":
        // Held back: whether it was the answer is known when the call is over.
        this.#blanks.length = 0;
        return NOTHING;
      case "refusal-start":
      case "refusal-end":
        return this.#passText ? [...this.closeText("final"), event] : NOTHING;
      case "refusal-delta":
        this.refusal += event.text;
        return this.#passText ? [event] : NOTHING;
      case "reasoning-start":
        if (this.reasoning !== "") this.reasoning += TEXT_SEPARATOR;
        return [...this.closeText("final"), event];
      case "reasoning-delta":
        this.reasoning += event.text;
        return [event];
      case "reasoning-end":
        return [event];
      case "tool-call-start":
        this.#call = { id: event.id, name: event.name, kind: event.kind, arguments: "" };
        return NOTHING;
      case "tool-call-delta":
        if (this.#call) this.#call.arguments += event.arguments;
        return NOTHING;
      case "tool-call-end":
        if (this.#call) this.toolCalls.push(this.#call);
        this.#call = undefined;
        return NOTHING;
      case "usage":
        this.usage = event.usage;
        return [event];
      case "finish":
        this.finishReason = event.reason;
        return NOTHING;
      default:
        event satisfies never;
        return NOTHING;
    }
  }

  /** The text as one part, for a call whose text waited; nothing when it is blank. */
  heldText(phase: "interim" | "final"): readonly RunEvent[] {
    return this.#passText ? NOTHING : textPart(this.text, { phase, logprobs: this.logprobs });
  }

  /** Ends the text that is going out, if any. */
  closeText(phase: "interim" | "final"): readonly RunEvent[] {
    if (!this.textOpen) return NOTHING;
    this.textOpen = false;
    return [{ type: "text-end", phase }];
  }

  #textDelta(event: TextDelta): readonly RunEvent[] {
    if (event.text !== "") {
      this.text += this.#separator + event.text;
      this.#separator = "";
    }
    if (!this.#passText) {
      if (event.logprobs) this.logprobs.push(...event.logprobs);
      return NOTHING;
    }
    if (this.textOpen) return [event];
    if (event.text.trim() === "") {
      this.#blanks.push(event);
      return NOTHING;
    }
    this.textOpen = true;
    return [{ type: "text-start" }, ...this.#blanks.splice(0), event];
  }
}

/** A whole text part; nothing when the text is blank. */
export function textPart(
  text: string,
  options: { readonly phase: "interim" | "final"; readonly logprobs?: TokenLogprobs },
): readonly RunEvent[] {
  if (text.trim() === "") return NOTHING;
  const { phase, logprobs } = options;
  return [
    { type: "text-start" },
    { type: "text-delta", text, ...(logprobs && logprobs.length > 0 ? { logprobs } : {}) },
    { type: "text-end", phase },
  ];
}
