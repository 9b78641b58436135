/**
 * The interface of an upstream LLM.
 * @module
 */
import type { ApprovalRequest, RunEvent, Trace } from "../run/event.ts";
import type { Message, ModelSettings, OutputFormat, ToolChoice, ToolSpec } from "../run/request.ts";
import type { Logger } from "../run/seams.ts";

/**
 * What happens in one model call: the grammar of a run without traces. Tool calls are all the
 * model's calls, hidden or not, with the backend's own ids; one usage event at most.
 */
export type ModelEvent = Exclude<RunEvent, Trace | ApprovalRequest>;

/** What a model can do; decides how outputs are asked for and what is refused. */
export interface ModelProfile {
  /** Best form of structured output the backend takes. */
  readonly structuredOutput: "json-schema" | "json-object" | "none";
  /** Whether token log probabilities can be asked for. */
  readonly logprobs: boolean;
  /** Whether audio input is understood. */
  readonly audioInput: boolean;
  /** Whether file and image URLs may be fetched for the backend, and image file ids passed. */
  readonly fetchUrls: boolean;
}

/** One model call. */
export interface ModelRequest {
  /** Whole conversation, system messages included, repaired and in the model's order. */
  readonly messages: readonly Message[];
  /** All tools the model may call, hidden or not. */
  readonly tools: readonly ToolSpec[];
  /** Governs `tools` as a whole; `allowed` leaves only the named ones. */
  readonly toolChoice: ToolChoice;
  /** `false`: at most one call in an answer. @default left to the backend */
  readonly parallelToolCalls?: boolean;
  /** The form of the answer; a form the profile lacks comes as the nearest it has. */
  readonly output: OutputFormat;
  /** Sampling and length. */
  readonly settings: ModelSettings;
  /** `false`: call the backend unstreamed and replay its answer as events. */
  readonly stream: boolean;
}

/** What a call is given besides its request. */
export interface ModelCallOptions {
  /** Ends the call with its reason. */
  readonly signal: AbortSignal;
  /** Where the call tells operators what went wrong on the way. */
  readonly logger: Logger;
}

/** An upstream LLM. Long-lived and safe for concurrent calls. */
export interface Model {
  /** For logs, traces and error messages. */
  readonly name: string;
  /** What it can do. */
  readonly profile: ModelProfile;
  /**
   * One call. Events come as the backend makes them. Aborting the signal ends the call with the
   * signal's reason; `return()` stops it too.
   *
   * @throws {RunError} `backend-down`, `backend-overloaded`, `backend-timeout`,
   *   `rate-limit-exceeded`, `context-length-exceeded`
   */
  call(request: ModelRequest, options: ModelCallOptions): AsyncIterable<ModelEvent>;
}
