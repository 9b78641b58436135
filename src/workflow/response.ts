/**
 * What workflow code may answer.
 * @module
 */
import type { Usage } from "../run/result.ts";

/**
 * What a client reads: text, text as it is made, or any JSON value, which is sent as JSON text.
 * `object` stands for arrays and objects that `JSON.stringify` takes.
 */
export type WorkflowContent = string | AsyncIterable<string> | number | boolean | null | object;

/** Whatever a workflow function may return. `undefined` is refused: a forgotten `return`. */
export type WorkflowAnswer = WorkflowContent | WorkflowResponse;

/** The fields of a `WorkflowToolCall`. */
export interface WorkflowToolCallFields {
  /** A tool the client offered. */
  readonly name: string;
  /**
   * An object, or text taken as it is: JSON for a function tool, free text for a custom tool.
   *
   * @default {}
   */
  readonly arguments?: string | object;
  /**
   * Names the call when its result comes back; kept as it is.
   *
   * @default a fresh `call_` id
   */
  readonly id?: string;
}

/** A call the client is to run. Its result comes with the next request, in `toolResults`. */
export class WorkflowToolCall implements WorkflowToolCallFields {
  /** A tool the client offered. */
  readonly name: string;
  /** An object, or text taken as it is. */
  readonly arguments: string | object;
  /** Names the call when its result comes back; minted by the run when undefined. */
  readonly id: string | undefined;

  /** Describes a call; nothing is checked before it is answered with. */
  constructor(fields: WorkflowToolCallFields) {
    this.name = fields.name;
    this.arguments = fields.arguments ?? {};
    this.id = fields.id;
  }
}

/** The fields of a `WorkflowResponse`. */
export interface WorkflowResponseFields {
  /** Comes before the calls. Absent or null: the answer has no content. */
  readonly content?: WorkflowContent;
  /** Calls for the client to run, in order; none by default. */
  readonly toolCalls?: readonly WorkflowToolCallFields[];
  /** Tokens of model calls the workflow made by itself; those of `request.run` are counted already. */
  readonly usage?: Partial<Usage>;
}

/** An answer with more to it than content. */
export class WorkflowResponse implements WorkflowResponseFields {
  /** What the client reads; undefined and null mean nothing. */
  readonly content: WorkflowContent | undefined;
  /** Calls for the client to run, in order. */
  readonly toolCalls: readonly WorkflowToolCallFields[];
  /** Tokens of model calls the workflow made by itself. */
  readonly usage: Partial<Usage> | undefined;

  /** Takes any of content, tool calls and usage. */
  constructor(fields: WorkflowResponseFields = {}) {
    this.content = fields.content;
    this.toolCalls = fields.toolCalls ?? [];
    this.usage = fields.usage;
  }
}
