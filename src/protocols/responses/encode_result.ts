/**
 * RunResult -> an unstreamed answer.
 * @module
 */
import type { ResultPart, RunResult } from "../../run/result.ts";
import { encodeJsonLine } from "../sse.ts";
import type { ResponseEnvelope, ResponseSnapshot, StoredItem } from "../stateful.ts";
import {
  approvalItem,
  callHead,
  callItem,
  encodeLogprobs,
  ItemIds,
  type ItemStatus,
  messageItem,
  NO_ARGUMENTS,
  reasoningItem,
  refusalPart,
  summaryPart,
  textPart,
} from "./items.ts";
import { type AnswerForm, finishedState, isCut, ResponseObject } from "./response_object.ts";

/** The answer, its items the same as those of the streamed one. */
export function encodeAnswer(
  result: RunResult,
  envelope: ResponseEnvelope,
  { form }: { readonly form: AnswerForm },
): ResponseSnapshot {
  const writer = new ItemWriter(envelope.id, form);
  const cut = isCut(result.finishReason) ? cutPart(result.parts) : undefined;
  // Of free text nobody could tell that it was cut.
  const parts = cut?.type === "tool-call" && cut.call.kind === "custom"
    ? result.parts.slice(0, -1)
    : result.parts;
  const items = parts.map((part, index) =>
    writer.item(part, { index, status: part === cut ? "incomplete" : "completed" })
  );
  const state = finishedState(result.finishReason, {
    output: items.map((item) => item.json).join(),
    usage: result.usage,
    envelope,
  });
  const json = new ResponseObject(envelope, form).json(state);
  return { id: envelope.id, status: state.status, json, items };
}

/** The part a run was cut in: the last, unless the run had gone on after it. */
function cutPart(parts: readonly ResultPart[]): ResultPart | undefined {
  const last = parts.at(-1);
  return last?.type === "text" && last.phase === "interim" ? undefined : last;
}

class ItemWriter {
  readonly #ids: ItemIds;
  readonly #form: AnswerForm;

  constructor(responseId: string, form: AnswerForm) {
    this.#ids = new ItemIds(responseId);
    this.#form = form;
  }

  item(
    part: ResultPart,
    { index, status }: { readonly index: number; readonly status: ItemStatus },
  ): StoredItem {
    switch (part.type) {
      case "text": {
        const id = this.#ids.message(index);
        const content = textPart(encodeJsonLine(part.text), encodeLogprobs(part.logprobs));
        return { id, json: messageItem(id, { status, content, phase: part.phase }) };
      }
      case "refusal": {
        const id = this.#ids.message(index);
        const content = refusalPart(encodeJsonLine(part.text));
        return { id, json: messageItem(id, { status, content }) };
      }
      case "reasoning": {
        const id = this.#ids.reasoning(index, part.source);
        const summary = summaryPart(encodeJsonLine(part.text));
        return { id, json: reasoningItem(id, { status, summary }) };
      }
      case "tool-call": {
        const { id: callId, name, kind } = part.call;
        const id = this.#ids.call(index, kind);
        const head = callHead(id, { callId, kind, tool: this.#form.names.towardsClient(name) });
        const text = kind === "function" && part.call.arguments === ""
          ? NO_ARGUMENTS
          : part.call.arguments;
        return { id, json: callItem(head, { status, args: encodeJsonLine(text) }) };
      }
      case "approval-request":
        return { id: part.id, json: approvalItem({ ...part, model: this.#form.model }) };
      default:
        return part satisfies never;
    }
  }
}
