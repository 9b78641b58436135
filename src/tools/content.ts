/**
 * Tool results that are more than text or JSON.
 * @module
 */
import type { InputPart } from "../run/request.ts";

/** What a tool returns to hand images, audio or files to the model. */
export class ToolContent {
  /** Text, and files to be shown to the model, in order. */
  readonly parts: readonly InputPart[];

  /** Makes a result of `parts`. */
  constructor(parts: readonly InputPart[]) {
    this.parts = parts;
  }
}
