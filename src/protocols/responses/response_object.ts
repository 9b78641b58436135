/**
 * The response object: what a client is told of an answer as a whole.
 *
 * Every field clients look for is always there. Fields that change stand first, so that the rest is
 * written once.
 *
 * Source: https://developers.openai.com/api/reference/resources/responses (as typed by npm:openai 7.57.0, 2026-11-23)
 * @module
 */
import type { FinishReason, Usage } from "../../run/result.ts";
import { encodeJsonLine } from "../sse.ts";
import type { StreamFailure } from "./error.ts";
import type { ResponseEnvelope, ResponseStatus } from "../stateful.ts";
import type { ToolNames } from "./tool_names.ts";

/** How an answer is written. */
export interface AnswerForm {
  /** The name the client asked for, echoed in the answer. */
  readonly model: string;
  /** What the client asked, as the end of the JSON of a response object. */
  readonly echo: string;
  readonly names: ToolNames;
  readonly background: boolean;
}

/** What changes while an answer is made. */
export interface ResponseState {
  readonly status: ResponseStatus;
  /** JSON of the items, with commas between them. */
  readonly output: string;
  /** Absent while none is known. */
  readonly usage?: Usage;
  /** Seconds since 1970. */
  readonly completedAtS?: number;
  readonly failure?: StreamFailure;
  readonly incompleteReason?: "max_output_tokens" | "content_filter";
}

/** The response object of one answer, at any time. */
export class ResponseObject {
  readonly #head: string;
  readonly #tail: string;

  constructor(envelope: ResponseEnvelope, form: AnswerForm) {
    this.#head = `{"id":${encodeJsonLine(envelope.id)},"object":"response"` +
      `,"created_at":${envelope.createdAtS},"model":${encodeJsonLine(form.model)},"status":"`;
    this.#tail = form.echo;
  }

  /** Its JSON. */
  json(state: ResponseState): string {
    const { status, output, usage, completedAtS, failure, incompleteReason } = state;
    const error = failure
      ? encodeJsonLine({ code: failure.code, message: failure.message })
      : "null";
    const incomplete = incompleteReason ? `{"reason":"${incompleteReason}"}` : "null";
    return `${this.#head}${status}","completed_at":${completedAtS ?? null},"error":${error}` +
      `,"incomplete_details":${incomplete},"usage":${usage ? encodeUsage(usage) : "null"}` +
      `,"output":[${output}]${this.#tail}`;
  }
}

const INCOMPLETE_REASONS: Readonly<
  Record<FinishReason, "max_output_tokens" | "content_filter" | undefined>
> = {
  "stop": undefined,
  "tool-calls": undefined,
  "length": "max_output_tokens",
  "content-filter": "content_filter",
};

/** How a run that finished leaves the response. */
export function finishedState(
  reason: FinishReason,
  { output, usage, envelope }: {
    readonly output: string;
    readonly usage: Usage;
    readonly envelope: ResponseEnvelope;
  },
): ResponseState & { readonly status: "completed" | "incomplete" } {
  const incompleteReason = INCOMPLETE_REASONS[reason];
  if (incompleteReason) return { status: "incomplete", output, usage, incompleteReason };
  const completedAtS = envelope.nowS?.() ?? envelope.createdAtS;
  return { status: "completed", output, usage, completedAtS };
}

/** Whether a run that finished for this reason cut its last part short. */
export function isCut(reason: FinishReason): boolean {
  return INCOMPLETE_REASONS[reason] !== undefined;
}

function encodeUsage(usage: Usage): string {
  const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = usage;
  return `{"input_tokens":${inputTokens},"input_tokens_details":{"cached_tokens":${cachedInputTokens}` +
    `,"cache_write_tokens":0},"output_tokens":${outputTokens},"output_tokens_details":` +
    `{"reasoning_tokens":${reasoningTokens}},"total_tokens":${inputTokens + outputTokens}}`;
}
