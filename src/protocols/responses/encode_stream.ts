/**
 * RunEvents -> the events of a streamed answer.
 *
 * ```text
 * stream = created in_progress *( item / in_progress ) end
 * end    = completed "[DONE]" / incomplete "[DONE]" / error failed
 * ```
 *
 * Numbers of events have no gaps, and neither have indexes of items. One item is open at a time and
 * complete before the next. The end of an item waits until it is known whether the run was cut
 * there; nothing but the end of the run, or the next item, can come in between.
 * @module
 */
import type { PublicError } from "../../run/error.ts";
import type {
  ApprovalRequest,
  RunEvent,
  TextDelta,
  TextEnd,
  TokenLogprobs,
  ToolCallStart,
} from "../../run/event.ts";
import { type FinishReason, NO_USAGE, reportUsage, type Usage } from "../../run/result.ts";
import type { FrameSink } from "../protocol.ts";
import { DONE_FRAME, encodeJsonLine } from "../sse.ts";
import { encodeFailure } from "./error.ts";
import type {
  ResponseEnvelope,
  ResponseSnapshot,
  StatefulStreamEncoder,
  StoredItem,
} from "../stateful.ts";
import { approvalItem, callHead, ItemIds, type ItemStatus } from "./items.ts";
import {
  type EventSink,
  OpenCall,
  type OpenItem,
  OpenReasoning,
  OpenRefusal,
  OpenText,
} from "./open_item.ts";
import {
  type AnswerForm,
  finishedState,
  isCut,
  ResponseObject,
  type ResponseState,
} from "./response_object.ts";

/** A span whose item is opened by its first text: a span without any leaves nothing. */
type Awaited = "text" | "refusal" | "model-reasoning" | "progress-reasoning";

/** Writes one streamed answer. Events are put together from text made once, for speed. */
export class ResponsesStreamEncoder implements StatefulStreamEncoder {
  readonly #envelope: ResponseEnvelope;
  readonly #form: AnswerForm;
  readonly #object: ResponseObject;
  readonly #ids: ItemIds;
  readonly #items: StoredItem[] = [];
  /** Where frames go: the sink of the method being run. */
  #write: FrameSink = () => {};
  #number = 0;
  #awaited: Awaited = "text";
  /** Log probabilities of tokens before the first that is text: pieces of a character. */
  #early: TokenLogprobs | undefined;
  #open: OpenItem | undefined;
  /** Ended, but not closed. */
  #held: OpenItem | undefined;
  #usage: Usage | undefined;
  /** What `response.in_progress` says; undefined until the stream is open. */
  #inProgress: string | undefined;
  #end: ResponseState | undefined;

  /** @param envelope names the answer */
  constructor(envelope: ResponseEnvelope, form: AnswerForm) {
    this.#envelope = envelope;
    this.#form = form;
    this.#object = new ResponseObject(envelope, form);
    this.#ids = new ItemIds(envelope.id);
  }

  /** Writes that the answer has been begun. */
  open(write: FrameSink): void {
    this.#write = write;
    this.#inProgress = `"response":${this.#object.json({ status: "in_progress", output: "" })}`;
    this.#emit("response.created", this.#inProgress);
    this.#emit("response.in_progress", this.#inProgress);
  }

  /** Writes the state again; comments keep the connection open, but some clients want events. */
  keepAlive(write: FrameSink): void {
    if (this.#end || this.#inProgress === undefined) return;
    this.#write = write;
    this.#emit("response.in_progress", this.#inProgress);
  }

  /** Writes the frames of one event. */
  event(event: RunEvent, write: FrameSink): void {
    if (this.#end) return;
    this.#write = write;
    switch (event.type) {
      case "text-delta":
        return this.#text(event);
      case "refusal-delta":
      case "reasoning-delta":
        if (event.text !== "") this.#delta(this.#openAwaited(), event.text);
        return;
      case "tool-call-delta":
        if (event.arguments !== "" && this.#open) this.#delta(this.#open, event.arguments);
        return;
      case "text-start":
        this.#awaited = "text";
        this.#early = undefined;
        return;
      case "refusal-start":
        this.#awaited = "refusal";
        return;
      case "reasoning-start":
        this.#awaited = event.source === "model" ? "model-reasoning" : "progress-reasoning";
        return;
      case "tool-call-start":
        return this.#openCall(event);
      case "text-end":
        return this.#endText(event);
      case "refusal-end":
      case "reasoning-end":
        return this.#hold();
      case "tool-call-end":
        if (this.#open && this.#open.owed !== "") this.#delta(this.#open, this.#open.owed);
        return this.#hold();
      case "approval-request":
        return this.#ask(event);
      case "usage":
        this.#usage = reportUsage(this.#usage ?? NO_USAGE, event);
        return;
      case "trace":
        return;
      case "finish":
        return this.#finish(event.reason);
      default:
        event satisfies never;
    }
  }

  /**
   * Writes the failure, in each of the two forms of which every client knows one. Whatever text came
   * is closed; a call that is not closed yet is left so, and out of the response.
   */
  fail(error: PublicError, write: FrameSink): void {
    if (this.#end) return;
    if (this.#inProgress === undefined) this.open(write);
    this.#write = write;
    if (this.#held?.survivesFailure) this.#close(this.#held, "completed");
    if (this.#open?.survivesFailure) this.#close(this.#open, "incomplete");
    const failure = encodeFailure(error);
    const state = { output: this.#output(), usage: this.#usage };
    this.#end = error.code === "cancelled"
      ? { ...state, status: "cancelled" }
      : { ...state, status: "failed", failure };
    const { code, message, param, type } = failure;
    const flat = encodeJsonLine({ code, message, param, error: { type, code, message, param } });
    this.#emit("error", flat.slice(1, -1));
    this.#emit("response.failed", `"response":${this.#object.json(this.#end)}`);
  }

  /** Where the answer stands. */
  response(): ResponseSnapshot {
    const waiting = this.#form.background && this.#inProgress === undefined;
    const state: ResponseState = this.#end ??
      { status: waiting ? "queued" : "in_progress", output: this.#output(), usage: this.#usage };
    return {
      id: this.#envelope.id,
      status: state.status,
      json: this.#object.json(state),
      items: [...this.#items],
    };
  }

  readonly #emit: EventSink = (type, fields) => {
    const number = this.#number++;
    this.#write(
      `event: ${type}\ndata: {"type":"${type}","sequence_number":${number},${fields}}\n\n`,
    );
  };

  #delta(item: OpenItem, text: string): void {
    this.#write(item.delta(this.#number++, text));
  }

  #text({ text, logprobs }: TextDelta): void {
    if (logprobs !== undefined || this.#early !== undefined) {
      this.#textWithLogprobs(text, logprobs ?? []);
    } else if (text !== "") {
      this.#delta(this.#open ?? this.#openAwaited(), text);
    }
  }

  #textWithLogprobs(text: string, logprobs: TokenLogprobs): void {
    const all = this.#early ? [...this.#early, ...logprobs] : logprobs;
    const item = text === "" ? this.#open : this.#openAwaited();
    if (!(item instanceof OpenText)) {
      this.#early = all;
      return;
    }
    this.#early = undefined;
    this.#write(item.deltaWithLogprobs(this.#number++, { text, logprobs: all }));
  }

  /** The open item; the one of the span that is going on if none is open yet. */
  #openAwaited(): OpenItem {
    return this.#open ?? this.#begin(this.#newItem(this.#nextIndex()));
  }

  #newItem(index: number): OpenItem {
    switch (this.#awaited) {
      case "text":
        return new OpenText({ id: this.#ids.message(index), index });
      case "refusal":
        return new OpenRefusal({ id: this.#ids.message(index), index });
      case "model-reasoning":
        return new OpenReasoning({ id: this.#ids.reasoning(index, "model"), index });
      case "progress-reasoning":
        return new OpenReasoning({ id: this.#ids.reasoning(index, "progress"), index });
      default:
        return this.#awaited satisfies never;
    }
  }

  #openCall({ id: callId, name, kind }: ToolCallStart): void {
    const index = this.#nextIndex();
    const tool = this.#form.names.towardsClient(name);
    this.#begin(new OpenCall(callHead(this.#ids.call(index, kind), { callId, kind, tool }), index));
  }

  /** A question is whole from the first: there is nothing to be streamed. */
  #ask(event: ApprovalRequest): void {
    const index = this.#nextIndex();
    const json = approvalItem({ ...event, model: this.#form.model });
    const fields = `"output_index":${index},"item":${json}`;
    this.#emit("response.output_item.added", fields);
    this.#emit("response.output_item.done", fields);
    this.#items.push({ id: event.id, json });
  }

  /** The index of an item to be opened now. */
  #nextIndex(): number {
    this.#closeHeld("completed");
    return this.#items.length;
  }

  #begin(item: OpenItem): OpenItem {
    item.open(this.#emit);
    return this.#open = item;
  }

  #endText({ phase = "final" }: TextEnd): void {
    // A span without text has no item, and says nothing of the one before.
    if (!(this.#open instanceof OpenText)) return;
    this.#open.phase = phase;
    this.#hold();
    // The run goes on, so it was not cut here.
    if (phase === "interim") this.#closeHeld("completed");
  }

  #hold(): void {
    this.#held ??= this.#open;
    this.#open = undefined;
  }

  #closeHeld(status: ItemStatus): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#close(held, status);
  }

  #close(item: OpenItem, status: ItemStatus): void {
    this.#items.push(item.close(this.#emit, status));
  }

  #output(): string {
    return this.#items.map((item) => item.json).join();
  }

  #finish(reason: FinishReason): void {
    const cut = isCut(reason);
    if (!cut || this.#held?.survivesCut) this.#closeHeld(cut ? "incomplete" : "completed");
    const state = finishedState(reason, {
      output: this.#output(),
      usage: this.#usage ?? NO_USAGE,
      envelope: this.#envelope,
    });
    this.#end = state;
    this.#emit(`response.${state.status}`, `"response":${this.#object.json(state)}`);
    this.#write(DONE_FRAME);
  }
}
