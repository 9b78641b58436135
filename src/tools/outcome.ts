/**
 * What tool code throws to say how a call ended, short of failing the run.
 * @module
 */
import type { ApprovalPrompt } from "./approval.ts";

/** The model shall try again; its message goes to the model and costs one retry. */
export class ModelRetry extends Error {
  /** Tells it from other errors. */
  override readonly name = "ModelRetry";
}

/** The call failed and trying again is no use; its message goes to the model, no retry is spent. */
export class ToolFailed extends Error {
  /** Tells it from other errors. */
  override readonly name = "ToolFailed";
}

/** The call needs a human's consent. Without anyone to ask, the model is told it was denied. */
export class ApprovalRequired extends Error {
  /** Tells it from other errors. */
  override readonly name = "ApprovalRequired";
  /** What is asked; undefined: what the tool or the agent says. */
  readonly prompt: ApprovalPrompt | undefined;

  /** Asks for consent; the message is for logs. */
  constructor(message = "Call needs approval", prompt?: ApprovalPrompt) {
    super(message);
    this.prompt = prompt;
  }
}
