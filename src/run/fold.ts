/**
 * Events -> RunResult. An unstreamed answer is nothing but this.
 * @module
 */
import type { RunEvent, TokenLogprobs } from "./event.ts";
import type { ToolCall } from "./request.ts";
import {
  addUsage,
  type FinishReason,
  NO_USAGE,
  reportUsage,
  type ResultPart,
  type RunResult,
  TEXT_SEPARATOR,
  type Usage,
} from "./result.ts";
import { GrammarError } from "./grammar.ts";

/** Gathers events one by one; for readers that forward events and want the result as well. */
export class Fold {
  readonly #parts: ResultPart[] = [];
  readonly #logprobs: Readonly<Record<string, unknown>>[] = [];
  #spanLogprobs: Readonly<Record<string, unknown>>[] | undefined;
  #text = "";
  #source: "model" | "progress" = "model";
  #call: ToolCall | undefined;
  #finishReason: FinishReason | undefined;
  #usage: Usage = NO_USAGE;
  #consumed: Usage = NO_USAGE;
  #modelCalls = 0;

  /** Everything used so far; right also when the run failed. */
  get consumed(): Usage {
    return this.#consumed;
  }

  /** Takes the next event; order is the Runner's duty (`grammar.ts`). */
  add(event: RunEvent): void {
    switch (event.type) {
      case "text-start":
        this.#spanLogprobs = undefined;
        this.#text = "";
        return;
      case "refusal-start":
        this.#text = "";
        return;
      case "reasoning-start":
        this.#text = "";
        this.#source = event.source;
        return;
      case "tool-call-start":
        this.#text = "";
        this.#call = { id: event.id, name: event.name, kind: event.kind, arguments: "" };
        return;
      case "text-delta":
        this.#text += event.text;
        if (event.logprobs) {
          this.#logprobs.push(...event.logprobs);
          (this.#spanLogprobs ??= []).push(...event.logprobs);
        }
        return;
      case "refusal-delta":
      case "reasoning-delta":
        this.#text += event.text;
        return;
      case "tool-call-delta":
        this.#text += event.arguments;
        return;
      case "text-end":
        if (this.#text !== "") {
          const phase = event.phase ?? "final";
          const logprobs = this.#spanLogprobs;
          this.#parts.push(
            logprobs
              ? { type: "text", text: this.#text, phase, logprobs }
              : { type: "text", text: this.#text, phase },
          );
        }
        return;
      case "refusal-end":
        if (this.#text !== "") this.#parts.push({ type: "refusal", text: this.#text });
        return;
      case "reasoning-end":
        if (this.#text !== "") {
          this.#parts.push({ type: "reasoning", text: this.#text, source: this.#source });
        }
        return;
      case "tool-call-end":
        if (this.#call) {
          this.#parts.push({ type: "tool-call", call: { ...this.#call, arguments: this.#text } });
        }
        return;
      case "approval-request":
        this.#parts.push(event);
        return;
      case "usage":
        this.#usage = reportUsage(this.#usage, event);
        this.#consumed = addUsage(this.#consumed, event.usage);
        this.#modelCalls += 1;
        return;
      case "trace":
        return;
      case "finish":
        this.#finishReason = event.reason;
        return;
      default:
        event satisfies never;
    }
  }

  /**
   * The whole run.
   *
   * @throws {GrammarError} when `finish` has not come
   */
  result(): RunResult {
    if (!this.#finishReason) throw new GrammarError("Events ended without finish");
    const texts = (type: "text" | "refusal" | "reasoning") =>
      this.#parts.flatMap((part) => part.type === type ? [part.text] : []);
    const logprobs: TokenLogprobs | undefined = this.#logprobs.length > 0
      ? this.#logprobs
      : undefined;
    return {
      parts: this.#parts,
      text: texts("text").join(TEXT_SEPARATOR),
      refusal: texts("refusal").join(""),
      reasoning: texts("reasoning").join(TEXT_SEPARATOR),
      toolCalls: this.#parts.flatMap((part) => part.type === "tool-call" ? [part.call] : []),
      logprobs,
      finishReason: this.#finishReason,
      usage: this.#usage,
      consumed: this.#consumed,
      modelCalls: this.#modelCalls,
    };
  }
}

/** Folds a whole run. */
export async function fold(events: AsyncIterable<RunEvent>): Promise<RunResult> {
  const result = new Fold();
  for await (const event of events) result.add(event);
  return result.result();
}
