/**
 * Output items while they are streamed: the events of each kind, from its opening to its end.
 *
 * ```text
 * text      = item.added part.added 1*text.delta text.done part.done item.done
 * refusal   = item.added part.added 1*refusal.delta refusal.done part.done item.done
 * reasoning = item.added summary_part.added 1*summary_text.delta summary_text.done
 *             summary_part.done item.done
 * call      = item.added 1*arguments.delta arguments.done item.done
 * ```
 * @module
 */
import type { TokenLogprobs } from "../../run/event.ts";
import { encodeJsonLine } from "../sse.ts";
import type { StoredItem } from "../stateful.ts";
import {
  type CallHead,
  callItem,
  encodeLogprobs,
  type ItemStatus,
  messageItem,
  NO_ARGUMENTS,
  reasoningItem,
  refusalPart,
  summaryPart,
  textPart,
} from "./items.ts";

/** Writes one event; `fields` is JSON of what follows its type and number. */
export type EventSink = (type: string, fields: string) => void;

/** An item that has been opened and not closed. */
export abstract class OpenItem {
  readonly id: string;
  /** Whether it is closed by a failure: half a call must never look like one to be run. */
  readonly survivesFailure: boolean = true;
  /** Whether it is closed where the answer is cut: of free text nobody could tell that it was. */
  readonly survivesCut: boolean = true;
  protected text = "";
  /** JSON of the fields that name the item. */
  protected readonly place: string;
  readonly #index: number;
  readonly #deltaHead: string;
  readonly #deltaMiddle: string;
  readonly #deltaTail: string;

  constructor(
    { id, index }: { readonly id: string; readonly index: number },
    { delta, part, tail = "}\n\n" }: {
      readonly delta: string;
      readonly part: string;
      readonly tail?: string;
    },
  ) {
    this.id = id;
    this.#index = index;
    this.place = `"item_id":"${id}","output_index":${index}${part}`;
    this.#deltaHead = `event: ${delta}\ndata: {"type":"${delta}","sequence_number":`;
    this.#deltaMiddle = `,${this.place},"delta":`;
    this.#deltaTail = tail;
  }

  /** Takes more text; its frame. */
  delta(number: number, text: string): string {
    this.text += text;
    return this.#deltaHead + number + this.#deltaMiddle + encodeJsonLine(text) + this.#deltaTail;
  }

  /** What must still be sent before the end. */
  get owed(): string {
    return "";
  }

  /** Writes the opening. */
  open(emit: EventSink): void {
    emit("response.output_item.added", `"output_index":${this.#index},"item":${this.empty()}`);
    this.opening(emit);
  }

  /** Writes the end; the whole item. */
  close(emit: EventSink, status: ItemStatus): StoredItem {
    const text = encodeJsonLine(this.text);
    this.ending(emit, text);
    const json = this.whole(text, status);
    emit("response.output_item.done", `"output_index":${this.#index},"item":${json}`);
    return { id: this.id, json };
  }

  /** The item without its content, as JSON. */
  protected abstract empty(): string;
  /** Writes the opening of the content. */
  protected abstract opening(emit: EventSink): void;
  /** Writes the end of the content; `text` is JSON. */
  protected abstract ending(emit: EventSink, text: string): void;
  /** The item with its content, as JSON; so is `text`. */
  protected abstract whole(text: string, status: ItemStatus): string;
}

/** Where an item stands. */
export interface ItemPlace {
  readonly id: string;
  readonly index: number;
}

const CONTENT = ',"content_index":0';
const SUMMARY = ',"summary_index":0';
const NO_LOGPROBS = ',"logprobs":[]}\n\n';

/** Visible text. */
export class OpenText extends OpenItem {
  /** Known at its end only. */
  phase: "interim" | "final" | undefined;
  #logprobs: Readonly<Record<string, unknown>>[] | undefined;

  constructor(place: ItemPlace) {
    super(place, { delta: "response.output_text.delta", part: CONTENT, tail: NO_LOGPROBS });
  }

  /** Like `delta`, with log probabilities. */
  deltaWithLogprobs(
    number: number,
    { text, logprobs }: { readonly text: string; readonly logprobs: TokenLogprobs },
  ): string {
    (this.#logprobs ??= []).push(...logprobs);
    const rest = this.delta(number, text).slice(0, -NO_LOGPROBS.length);
    return `${rest},"logprobs":${encodeLogprobs(logprobs)}}\n\n`;
  }

  protected empty(): string {
    return messageItem(this.id, { status: "in_progress", content: "" });
  }

  protected opening(emit: EventSink): void {
    emit("response.content_part.added", `${this.place},"part":${textPart('""', "[]")}`);
  }

  protected ending(emit: EventSink, text: string): void {
    const logprobs = encodeLogprobs(this.#logprobs);
    emit("response.output_text.done", `${this.place},"text":${text},"logprobs":${logprobs}`);
    emit("response.content_part.done", `${this.place},"part":${textPart(text, logprobs)}`);
  }

  protected whole(text: string, status: ItemStatus): string {
    const content = textPart(text, encodeLogprobs(this.#logprobs));
    return messageItem(this.id, { status, content, phase: this.phase });
  }
}

/** A refusal. */
export class OpenRefusal extends OpenItem {
  constructor(place: ItemPlace) {
    super(place, { delta: "response.refusal.delta", part: CONTENT });
  }

  protected empty(): string {
    return messageItem(this.id, { status: "in_progress", content: "" });
  }

  protected opening(emit: EventSink): void {
    emit("response.content_part.added", `${this.place},"part":${refusalPart('""')}`);
  }

  protected ending(emit: EventSink, text: string): void {
    emit("response.refusal.done", `${this.place},"refusal":${text}`);
    emit("response.content_part.done", `${this.place},"part":${refusalPart(text)}`);
  }

  protected whole(text: string, status: ItemStatus): string {
    return messageItem(this.id, { status, content: refusalPart(text) });
  }
}

/** Reasoning, told as a summary: the one form that every client shows. */
export class OpenReasoning extends OpenItem {
  constructor(place: ItemPlace) {
    super(place, { delta: "response.reasoning_summary_text.delta", part: SUMMARY });
  }

  protected empty(): string {
    return reasoningItem(this.id, { status: "in_progress", summary: "" });
  }

  protected opening(emit: EventSink): void {
    emit("response.reasoning_summary_part.added", `${this.place},"part":${summaryPart('""')}`);
  }

  protected ending(emit: EventSink, text: string): void {
    emit("response.reasoning_summary_text.done", `${this.place},"text":${text}`);
    emit("response.reasoning_summary_part.done", `${this.place},"part":${summaryPart(text)}`);
  }

  protected whole(text: string, status: ItemStatus): string {
    return reasoningItem(this.id, { status, summary: summaryPart(text) });
  }
}

/** A call. */
export class OpenCall extends OpenItem {
  override readonly survivesFailure: boolean = false;
  override readonly survivesCut: boolean;
  readonly #head: CallHead;

  constructor(head: CallHead, index: number) {
    super({ id: head.id, index }, {
      delta: head.kind === "function"
        ? "response.function_call_arguments.delta"
        : "response.custom_tool_call_input.delta",
      part: "",
    });
    this.survivesCut = head.kind === "function";
    this.#head = head;
  }

  override get owed(): string {
    return this.text === "" && this.#head.kind === "function" ? NO_ARGUMENTS : "";
  }

  protected empty(): string {
    return callItem(this.#head, { status: "in_progress", args: '""' });
  }

  protected opening(): void {}

  protected ending(emit: EventSink, text: string): void {
    const { kind, name } = this.#head;
    if (kind === "function") {
      const type = "response.function_call_arguments.done";
      emit(type, `${this.place},"name":${name},"arguments":${text}`);
    } else {
      emit("response.custom_tool_call_input.done", `${this.place},"input":${text}`);
    }
  }

  protected whole(text: string, status: ItemStatus): string {
    return callItem(this.#head, { status, args: text });
  }
}
