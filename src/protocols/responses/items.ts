/**
 * Parts of an answer <-> output items, as JSON text.
 *
 * Streamed and unstreamed answers are put together here, so that they cannot differ.
 * @module
 */
import type { TokenLogprobs } from "../../run/event.ts";
import type { ToolKind } from "../../run/request.ts";
import { isObject } from "../issue.ts";
import { encodeJsonLine } from "../sse.ts";
import type { ClientName } from "./tool_names.ts";

/** Beginning of the ids of responses. */
export const RESPONSE_PREFIX = "resp_";

/** Where an item stands. */
export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** The random piece of a response's id, which its items share. */
export function idStem(responseId: string): string {
  return responseId.startsWith(RESPONSE_PREFIX)
    ? responseId.slice(RESPONSE_PREFIX.length)
    : responseId;
}

/** Ids of the output items of one response. */
export class ItemIds {
  readonly #stem: string;

  constructor(responseId: string) {
    this.#stem = idStem(responseId);
  }

  /** Text or a refusal. */
  message(index: number): string {
    return `msg_${this.#stem}${index}`;
  }

  /** Progress is marked: unlike a model's own reasoning it must never be taken back for it. */
  reasoning(index: number, source: "model" | "progress"): string {
    return `rs_${this.#stem}${source === "progress" ? "p" : ""}${index}`;
  }

  /** A call. */
  call(index: number, kind: ToolKind): string {
    return `${kind === "function" ? "fc_" : "ctc_"}${this.#stem}${index}`;
  }
}

/** Ids of responses end in 128 bits of hex; other services have longer ones. */
const OWN_REASONING_ID = /^rs_[0-9a-f]{32}\d{1,5}$/;

/** Whether a reasoning item is what a model here thought. */
export function isOwnReasoning(id: string): boolean {
  return OWN_REASONING_ID.test(id);
}

/** Ids of approvals are minted here; other services have longer ones. */
const OWN_APPROVAL_ID = /^mcpr_[0-9a-f]{32}$/;

/** Whether it was asked for here. */
export function isOwnApproval(id: string): boolean {
  return OWN_APPROVAL_ID.test(id);
}

/** A text part; `text` and `logprobs` are JSON. */
export function textPart(text: string, logprobs: string): string {
  return `{"type":"output_text","annotations":[],"logprobs":${logprobs},"text":${text}}`;
}

/** A refusal part; `refusal` is JSON. */
export function refusalPart(refusal: string): string {
  return `{"type":"refusal","refusal":${refusal}}`;
}

/** A summary part; `text` is JSON. */
export function summaryPart(text: string): string {
  return `{"type":"summary_text","text":${text}}`;
}

/**
 * A message.
 *
 * @param content JSON of its part; empty while there is none
 * @param phase absent while nobody knows it, and for refusals
 */
export function messageItem(
  id: string,
  { status, content, phase }: {
    readonly status: ItemStatus;
    readonly content: string;
    readonly phase?: "interim" | "final";
  },
): string {
  const wirePhase = phase === undefined
    ? ""
    : `,"phase":"${phase === "interim" ? "commentary" : "final_answer"}"`;
  return `{"id":"${id}","type":"message","status":"${status}","role":"assistant"` +
    `,"content":[${content}]${wirePhase}}`;
}

/**
 * Reasoning.
 *
 * @param summary JSON of its part; empty while there is none
 */
export function reasoningItem(
  id: string,
  { status, summary }: { readonly status: ItemStatus; readonly summary: string },
): string {
  return `{"id":"${id}","type":"reasoning","status":"${status}","summary":[${summary}]}`;
}

/** A call in the making: everything but its arguments. */
export interface CallHead {
  readonly id: string;
  readonly kind: ToolKind;
  /** JSON of the fields that name tool and call. */
  readonly fields: string;
  /** JSON of the tool's name. */
  readonly name: string;
}

/** What names a call. */
export function callHead(
  id: string,
  { callId, kind, tool }: {
    readonly callId: string;
    readonly kind: ToolKind;
    readonly tool: ClientName;
  },
): CallHead {
  const name = encodeJsonLine(tool.name);
  const namespace = tool.namespace === undefined
    ? ""
    : `,"namespace":${encodeJsonLine(tool.namespace)}`;
  return {
    id,
    kind,
    name,
    fields: `"call_id":${encodeJsonLine(callId)},"name":${name}${namespace}`,
  };
}

/** A call; `args` is JSON of its argument text. */
export function callItem(
  { id, kind, fields }: CallHead,
  { status, args }: { readonly status: ItemStatus; readonly args: string },
): string {
  return kind === "function"
    ? `{"id":"${id}","type":"function_call","status":"${status}",${fields},"arguments":${args}}`
    : `{"id":"${id}","type":"custom_tool_call","status":"${status}",${fields},"input":${args}}`;
}

/**
 * A question whether something may be done. Clients show name and arguments: what they find there is
 * the operator's words for both.
 */
export function approvalItem(
  { id, label, text, model }: {
    readonly id: string;
    readonly label: string;
    readonly text: string;
    /** The served name, as the one who asks. */
    readonly model: string;
  },
): string {
  return encodeJsonLine({
    id,
    type: "mcp_approval_request",
    server_label: model,
    name: label,
    arguments: JSON.stringify({ text }),
  });
}

/** Arguments of a JSON call whose model wrote none: clients parse them without looking. */
export const NO_ARGUMENTS = "{}";

/** Log probabilities in the shape that Responses have; `[]` for none. */
export function encodeLogprobs(logprobs: TokenLogprobs | undefined): string {
  return logprobs && logprobs.length > 0 ? encodeJsonLine(logprobs.map(logprob)) : "[]";
}

function logprob(item: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const top = Array.isArray(item["top_logprobs"]) ? item["top_logprobs"].filter(isObject) : [];
  return { ...candidate(item), "top_logprobs": top.map(candidate) };
}

function candidate(item: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { token: item.token, logprob: item.logprob, bytes: item.bytes ?? [] };
}
