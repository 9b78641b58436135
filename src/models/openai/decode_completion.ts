/**
 * What a backend answers -> model events.
 * @module
 */
import type { TokenLogprobs } from "../../run/event.ts";
import { RunError } from "../../run/error.ts";
import { type FinishReason, NO_USAGE, type Usage } from "../../run/result.ts";
import type { ModelEvent } from "../model.ts";
import { inBandError } from "./backend_error.ts";
import { ThinkTags } from "./think_tags.ts";
import { ToolCallOrder, type ToolCallOrderOptions } from "./tool_call_order.ts";
import type { WireCompletion, WireDelta, WireUsage } from "./wire.ts";

/** Where a backend puts reasoning. */
export type ReasoningField = "reasoning" | "reasoning_content" | "think-tags";

/** What decoding one answer needs. */
export interface CompletionDecoderOptions extends ToolCallOrderOptions {
  /** The backend's name, for error messages. */
  readonly backend: string;
  /** Takes the operator's secrets out of what the backend says, for the log. */
  readonly redact: (text: string) => string;
}

type SpanName = "text" | "refusal" | "reasoning";

/**
 * Decodes one answer. A stream is `add` for each chunk, then `end`; an unstreamed answer is one
 * chunk whose choice has a `message`.
 */
export class CompletionDecoder {
  /** Decoded events that nobody has taken yet, oldest first. */
  readonly events: ModelEvent[] = [];
  readonly #options: CompletionDecoderOptions;
  readonly #calls: ToolCallOrder;
  #tags: ThinkTags | undefined;
  #open: SpanName | undefined;
  /** What was said while a call was open, when no other part may be; it is said after the calls. */
  readonly #late = { text: "", refusal: "" };
  #logprobs: Readonly<Record<string, unknown>>[] | undefined;
  #reasoningField: ReasoningField | undefined;
  #finishReason: string | undefined;
  #usage: WireUsage | undefined;
  #chunks = 0;

  /**
   * A decoder for one answer.
   *
   * @param options stay the same for one answer
   */
  constructor(options: CompletionDecoderOptions) {
    this.#options = options;
    this.#calls = new ToolCallOrder((event) => void this.events.push(event), options);
    this.#tags = new ThinkTags({
      reasoning: (text) => this.#reasoning(text, "think-tags"),
      text: (text) => this.#text(text),
    });
  }

  /** Number of chunks seen. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Whether the backend has said why it ended. */
  get finished(): boolean {
    return this.#finishReason !== undefined;
  }

  /** Where reasoning came in this answer; undefined when there was none. */
  get reasoningField(): ReasoningField | undefined {
    return this.#reasoningField;
  }

  /**
   * Takes the next chunk.
   *
   * @throws {RunError} when it tells a failure or is no completion
   */
  add(chunk: WireCompletion): void {
    this.#chunks += 1;
    if (typeof chunk !== "object" || chunk === null) throw this.#nonsense("no object");
    if (chunk.error) {
      throw inBandError(this.#options.backend, chunk.error, this.#options.redact);
    }
    if (chunk.usage) this.#usage = chunk.usage;
    if (!Array.isArray(chunk.choices)) {
      if (chunk.usage) return;
      throw this.#nonsense('an object without "choices"');
    }
    const choice = chunk.choices[0];
    if (!choice || choice.index) return;
    const logprobs = choice.logprobs?.content;
    if (choice.delta) this.#delta(choice.delta, logprobs);
    else if (choice.message) this.#delta(wholeMessage(choice.message), logprobs);
    if (choice.finish_reason) this.#finishReason = choice.finish_reason;
  }

  /**
   * Completes the answer: nothing more comes.
   *
   * @throws {RunError} when the backend says that it failed
   */
  end(): void {
    this.#tags?.end();
    if (this.#finishReason === "error") {
      throw new RunError("backend-down", `Backend "${this.#options.backend}" broke off its answer`);
    }
    this.#close();
    this.#calls.end();
    for (const name of ["text", "refusal"] as const) {
      if (this.#late[name] === "") continue;
      this.#span(name);
      this.events.push({ type: `${name}-delta`, text: this.#late[name] });
    }
    this.#close();
    if (this.#usage) this.events.push({ type: "usage", usage: decodeUsage(this.#usage) });
    this.events.push({ type: "finish", reason: this.#reason() });
  }

  #delta(delta: WireDelta, logprobs: TokenLogprobs | null | undefined): void {
    if (delta.reasoning) this.#reasoning(delta.reasoning, "reasoning");
    else if (delta.reasoning_content) this.#reasoning(delta.reasoning_content, "reasoning_content");
    if (delta.content) {
      if (logprobs) (this.#logprobs ??= []).push(...logprobs);
      if (this.#tags) {
        this.#tags.add(contentText(delta.content));
        if (this.#tags.done) this.#tags = undefined;
      } else this.#text(contentText(delta.content));
    }
    if (delta.refusal) this.#refusal(delta.refusal);
    if (delta.tool_calls) {
      for (const call of delta.tool_calls) {
        if (!call) continue;
        this.#beginCalls();
        this.#calls.add(call);
      }
    } else if (delta.function_call) {
      this.#beginCalls();
      this.#calls.add({ index: 0, function: delta.function_call });
    }
  }

  #beginCalls(): void {
    this.#tags?.end();
    this.#tags = undefined;
    this.#close();
  }

  #text(text: string): void {
    if (this.#calls.begun) {
      this.#late.text += text;
      return;
    }
    if (this.#open !== "text") this.#span("text");
    if (this.#logprobs) {
      this.events.push({ type: "text-delta", text, logprobs: this.#logprobs });
      this.#logprobs = undefined;
    } else this.events.push({ type: "text-delta", text });
  }

  #refusal(text: string): void {
    if (this.#calls.begun) {
      this.#late.refusal += text;
      return;
    }
    this.#span("refusal");
    this.events.push({ type: "refusal-delta", text });
  }

  #reasoning(text: string, field: ReasoningField): void {
    if (this.#calls.begun) return;
    this.#reasoningField = field;
    this.#logprobs = undefined;
    if (this.#open !== "reasoning") this.#span("reasoning");
    this.events.push({ type: "reasoning-delta", text });
  }

  #span(name: SpanName): void {
    if (this.#open === name) return;
    this.#close();
    this.#open = name;
    this.events.push(
      name === "reasoning"
        ? { type: "reasoning-start", source: "model" }
        : { type: `${name}-start` },
    );
  }

  #close(): void {
    if (this.#open) this.events.push({ type: `${this.#open}-end` });
    this.#open = undefined;
  }

  /** A missing reason counts as `stop`; calls decide between `stop` and `tool-calls`. */
  #reason(): FinishReason {
    switch (this.#finishReason) {
      case "length":
      case "max_tokens":
      case "model_length":
        return "length";
      case "content_filter":
        return "content-filter";
      default:
        return this.#calls.count > 0 ? "tool-calls" : "stop";
    }
  }

  #nonsense(what: string): RunError {
    return new RunError(
      "backend-down",
      `Backend "${this.#options.backend}" sent ${what} as a completion`,
    );
  }
}

/** Each call of a whole message is one of its own; unlike in a stream, none has an index. */
function wholeMessage(message: WireDelta): WireDelta {
  if (!message.tool_calls) return message;
  return {
    ...message,
    "tool_calls": message.tool_calls.map((call, index) => call && { ...call, index }),
  };
}

/** Content is a string by the book; some backends send a list of text parts. */
function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => typeof part?.text === "string" ? part.text : "").join("");
}

function decodeUsage(usage: WireUsage): Usage {
  return {
    ...NO_USAGE,
    inputTokens: count(usage.prompt_tokens),
    cachedInputTokens: count(usage.prompt_tokens_details?.cached_tokens),
    outputTokens: count(usage.completion_tokens),
    reasoningTokens: count(usage.completion_tokens_details?.reasoning_tokens),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && value >= 0 ? Math.trunc(value) : 0;
}
