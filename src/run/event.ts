/**
 * What happens while a Runner answers, in order.
 *
 * The grammar, which `grammar.ts` checks and every Runner keeps:
 *
 * ```text
 * run       = *( part / trace / usage ) finish
 * part      = text / refusal / reasoning / tool-call / approval-request
 * text      = text-start      *( text-delta / aside )      text-end
 * refusal   = refusal-start   *( refusal-delta / aside )   refusal-end
 * reasoning = reasoning-start *( reasoning-delta / aside ) reasoning-end
 * tool-call = tool-call-start *( tool-call-delta / aside ) tool-call-end
 * aside     = trace / usage
 * ```
 *
 * At most one part is open at a time. Nothing follows `finish`. A run that fails throws instead of
 * finishing; whoever encodes closes what is open. Ids of tool calls and approvals are unique within a
 * run, and a run with any of them finishes with reason `tool-calls` (or `length` when it was cut).
 *
 * @module
 */
import type { ToolKind } from "./request.ts";
import type { FinishReason, Usage } from "./result.ts";

/** Log probabilities of a delta's tokens, in the shape of OpenAI's `logprobs.content` items. */
export type TokenLogprobs = readonly Readonly<Record<string, unknown>>[];

/** A span of visible text begins. */
export interface TextStart {
  /** Tells events apart. */
  readonly type: "text-start";
}
/** More visible text. */
export interface TextDelta {
  /** Tells events apart. */
  readonly type: "text-delta";
  /** What to append. */
  readonly text: string;
  /** Of the tokens of `text`, where they were asked for and the backend has them. */
  readonly logprobs?: TokenLogprobs;
}
/** The span ends; by now the Runner knows whether it was said on the way or is the answer. */
export interface TextEnd {
  /** Tells events apart. */
  readonly type: "text-end";
  /** `interim`: the run goes on after it with hidden work or tool calls. @default "final" */
  readonly phase?: "interim" | "final";
}

/** A refusal begins. */
export interface RefusalStart {
  /** Tells events apart. */
  readonly type: "refusal-start";
}
/** More of a refusal. */
export interface RefusalDelta {
  /** Tells events apart. */
  readonly type: "refusal-delta";
  /** What to append. */
  readonly text: string;
}
/** A refusal ends. */
export interface RefusalEnd {
  /** Tells events apart. */
  readonly type: "refusal-end";
}

/** Reasoning begins: the model's own, or progress told by workflow code. */
export interface ReasoningStart {
  /** Tells events apart. */
  readonly type: "reasoning-start";
  /** `model`: the model's own thoughts. `progress`: told by workflow code. */
  readonly source: "model" | "progress";
}
/** More reasoning. */
export interface ReasoningDelta {
  /** Tells events apart. */
  readonly type: "reasoning-delta";
  /** What to append. */
  readonly text: string;
}
/** Reasoning ends. */
export interface ReasoningEnd {
  /** Tells events apart. */
  readonly type: "reasoning-end";
}

/** A call of a tool the client offered begins; the client will run it. */
export interface ToolCallStart {
  /** Tells events apart. */
  readonly type: "tool-call-start";
  /** The id the client answers with. */
  readonly id: string;
  /** Name of the tool, as the client offered it. */
  readonly name: string;
  /** Whether the arguments are JSON or free text. */
  readonly kind: ToolKind;
}
/** More argument text. */
export interface ToolCallDelta {
  /** Tells events apart. */
  readonly type: "tool-call-delta";
  /** What to append: JSON text or free text. */
  readonly arguments: string;
}
/** The call is complete. */
export interface ToolCallEnd {
  /** Tells events apart. */
  readonly type: "tool-call-end";
}

/**
 * The client is asked to consent to something the run wants to do inside. Only for requests with
 * `approvals`; the answer comes with another request.
 */
export interface ApprovalRequest {
  /** Tells events apart. */
  readonly type: "approval-request";
  /** The id the client answers with. */
  readonly id: string;
  /** The operator's words for what is wanted. */
  readonly label: string;
  /** The operator's words for what is to be decided. */
  readonly text: string;
}

/** What went on inside; for logs and tests, never encoded. */
export interface Trace {
  /** Tells events apart. */
  readonly type: "trace";
  /** What went on. */
  readonly trace:
    | { readonly kind: "tool-call"; readonly id: string; readonly name: string }
    | {
      readonly kind: "tool-result";
      readonly id: string;
      readonly name: string;
      readonly outcome: "ok" | "retry" | "failed" | "denied";
      readonly durationMs: number;
    }
    | { readonly kind: "model-call"; readonly step: number; readonly model: string }
    | { readonly kind: "span"; readonly label: string; readonly durationMs: number };
}

/** Tokens of one model call. */
export interface UsageReport {
  /** Tells events apart. */
  readonly type: "usage";
  /** Of this call alone. */
  readonly usage: Usage;
  /** Whether it was a call of a run inside, whose prompt is not the conversation. @default false */
  readonly inner?: boolean;
}

/** The run is over and well. */
export interface Finish {
  /** Tells events apart. */
  readonly type: "finish";
  /** Why the answer ended. */
  readonly reason: FinishReason;
}

/** Anything a Runner may yield. */
export type RunEvent =
  | TextStart
  | TextDelta
  | TextEnd
  | RefusalStart
  | RefusalDelta
  | RefusalEnd
  | ReasoningStart
  | ReasoningDelta
  | ReasoningEnd
  | ToolCallStart
  | ToolCallDelta
  | ToolCallEnd
  | ApprovalRequest
  | Trace
  | UsageReport
  | Finish;
