/**
 * Failures that code is told of, where it made the call.
 * @module
 */

/** Thrown at the call; its message is for the model that wrote the code. */
export class CallError extends Error {
  /** Tells it from other errors. */
  override readonly name = "CallError";
}
