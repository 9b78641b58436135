/**
 * RunEvents -> the chunks of a streamed answer.
 *
 * ```text
 * stream = role *( reasoning / content / refusal / call ) end
 * call   = opener 1*arguments
 * end    = finish [ usage ] "[DONE]" / error
 * ```
 *
 * A call's chunks come together and are complete before the next call's. Every field of an opener
 * is sent once and never again: clients append what they get twice.
 * @module
 */
import type { PublicError } from "../../run/error.ts";
import type { RunEvent, TextDelta, ToolCallStart } from "../../run/event.ts";
import { type FinishReason, NO_USAGE, reportUsage, TEXT_SEPARATOR } from "../../run/result.ts";
import { encodeInBandError } from "../openai_error.ts";
import type { Envelope, FrameSink, StreamEncoder } from "../protocol.ts";
import { dataFrame, DONE_FRAME, encodeJsonLine } from "../sse.ts";
import { encodeFinishReason, encodeUsage, NO_ARGUMENTS } from "./answer.ts";
import type { AnswerForm } from "./decode.ts";

/** What follows the delta of a chunk that neither ends the answer nor has log probabilities. */
const PLAIN_TAIL = ',"logprobs":null,"finish_reason":null}]}\n\n';

/** Writes one streamed answer. Chunks are put together from text made once, for speed. */
export class ChatStreamEncoder implements StreamEncoder {
  readonly #form: AnswerForm;
  /** A chunk up to and without its choices. */
  readonly #head: string;
  /** A chunk up to and without its delta. */
  readonly #choice: string;
  readonly #text = new Spans();
  readonly #reasoning = new Spans();
  #call: OpenCall | undefined;
  #calls = 0;
  #usage = NO_USAGE;
  #closed = false;

  /** Prepares the text that all chunks have in common; `envelope` names the answer in each. */
  constructor(envelope: Envelope, form: AnswerForm) {
    this.#form = form;
    this.#head = `data: {"id":${encodeJsonLine(envelope.id)},"object":"chat.completion.chunk",` +
      `"created":${envelope.createdAtS},"model":${encodeJsonLine(form.model)},"choices":[`;
    this.#choice = `${this.#head}{"index":0,"delta":`;
  }

  /** Writes the role. */
  open(write: FrameSink): void {
    this.#delta('{"role":"assistant","content":""}', write);
  }

  /** Writes the chunks of one event. */
  event(event: RunEvent, write: FrameSink): void {
    if (this.#closed) return;
    switch (event.type) {
      case "text-start":
        this.#text.next();
        return;
      case "text-delta":
        this.#content(event, write);
        return;
      case "reasoning-start":
        this.#reasoning.next();
        return;
      case "reasoning-delta": {
        if (event.text === "") return;
        const text = encodeJsonLine(this.#reasoning.add(event.text));
        this.#delta(`{"reasoning_content":${text},"reasoning":${text}}`, write);
        return;
      }
      case "refusal-delta":
        if (event.text === "") return;
        this.#delta(`{"refusal":${encodeJsonLine(event.text)}}`, write);
        return;
      case "tool-call-start":
        this.#openCall(event, write);
        return;
      case "tool-call-delta":
        if (event.arguments !== "") this.#arguments(event.arguments, write);
        return;
      case "tool-call-end":
        if (this.#call?.needsArguments) this.#arguments(NO_ARGUMENTS, write);
        return;
      case "usage":
        this.#usage = reportUsage(this.#usage, event);
        return;
      case "text-end":
      case "refusal-start":
      case "refusal-end":
      case "reasoning-end":
      // No such request has a way to ask.
      case "approval-request":
      case "trace":
        return;
      case "finish":
        this.#finish(event.reason, write);
        return;
      default:
        event satisfies never;
    }
  }

  /** Writes the error; without a finish chunk and `[DONE]` no client takes the answer for whole. */
  fail(error: PublicError, write: FrameSink): void {
    if (this.#closed) return;
    this.#closed = true;
    write(dataFrame(encodeInBandError(error)));
  }

  #delta(delta: string, write: FrameSink): void {
    write(this.#choice + delta + PLAIN_TAIL);
  }

  #content({ text, logprobs }: TextDelta, write: FrameSink): void {
    if (text === "" && !logprobs) return;
    const delta = `{"content":${encodeJsonLine(text === "" ? "" : this.#text.add(text))}}`;
    if (!logprobs) return this.#delta(delta, write);
    const list = encodeJsonLine(logprobs);
    write(
      `${this.#choice}${delta},"logprobs":{"content":${list},"refusal":null},"finish_reason":null}]}\n\n`,
    );
  }

  #openCall({ id, name, kind }: ToolCallStart, write: FrameSink): void {
    const index = this.#calls++;
    const quotedName = encodeJsonLine(name);
    if (this.#form.legacyFunctions) {
      // The legacy shape holds one call; more are never asked for.
      if (index > 0) {
        this.#call = undefined;
        return;
      }
      this.#call = new OpenCall('{"function_call":{"arguments":', "}}", { json: true });
      this.#delta(`{"function_call":{"name":${quotedName},"arguments":""}}`, write);
      return;
    }
    const field = kind === "function" ? "arguments" : "input";
    this.#call = new OpenCall(
      `{"tool_calls":[{"index":${index},"${kind}":{"${field}":`,
      "}}]}",
      { json: kind === "function" },
    );
    this.#delta(
      `{"tool_calls":[{"index":${index},"id":${encodeJsonLine(id)},"type":"${kind}",` +
        `"${kind}":{"name":${quotedName},"${field}":""}}]}`,
      write,
    );
  }

  #arguments(text: string, write: FrameSink): void {
    const call = this.#call;
    if (call) this.#delta(call.delta(text), write);
  }

  #finish(reason: FinishReason, write: FrameSink): void {
    this.#closed = true;
    const wire = encodeFinishReason(reason, this.#form);
    write(`${this.#choice}{},"logprobs":null,"finish_reason":"${wire}"}]}\n\n`);
    if (this.#form.includeUsage) {
      write(`${this.#head}],"usage":${JSON.stringify(encodeUsage(this.#usage))}}\n\n`);
    }
    write(DONE_FRAME);
  }
}

/** Puts `TEXT_SEPARATOR` between spans that have text, as `RunResult` does. */
class Spans {
  #any = false;
  #separate = false;

  next(): void {
    this.#separate = this.#any;
  }

  /** The text to send for `text`, which is not empty. */
  add(text: string): string {
    this.#any = true;
    if (!this.#separate) return text;
    this.#separate = false;
    return TEXT_SEPARATOR + text;
  }
}

/** The call whose arguments are coming. */
class OpenCall {
  readonly #head: string;
  readonly #tail: string;
  #needsArguments: boolean;

  constructor(head: string, tail: string, { json }: { readonly json: boolean }) {
    this.#head = head;
    this.#tail = tail;
    this.#needsArguments = json;
  }

  get needsArguments(): boolean {
    return this.#needsArguments;
  }

  delta(text: string): string {
    this.#needsArguments = false;
    return this.#head + encodeJsonLine(text) + this.#tail;
  }
}
