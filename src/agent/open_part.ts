/**
 * Which part of a stream is open, for streams that may break off anywhere.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { ReasoningEnd, RefusalEnd, RunEvent, TextEnd } from "../run/event.ts";

type PartName = "text" | "refusal" | "reasoning" | "tool-call";

/** Follows a stream. */
export class OpenPart {
  #name: PartName | undefined;

  /**
   * Takes the next event. One that begins a part may come while another is open: `close` first.
   *
   * @throws {RunError} `internal` when it continues or ends a part that is not open
   */
  take({ type }: RunEvent): void {
    switch (type) {
      case "text-start":
      case "refusal-start":
      case "reasoning-start":
      case "tool-call-start":
        this.#name = type.slice(0, -"-start".length) as PartName;
        return;
      case "text-delta":
      case "refusal-delta":
      case "reasoning-delta":
      case "tool-call-delta":
        this.#expect(type, "-delta");
        return;
      case "text-end":
      case "refusal-end":
      case "reasoning-end":
      case "tool-call-end":
        this.#expect(type, "-end");
        this.#name = undefined;
    }
  }

  /** Ends what is open and can end early; half a call is none. */
  *close(): Generator<TextEnd | RefusalEnd | ReasoningEnd> {
    const name = this.#name;
    this.#name = undefined;
    if (name === "text") yield { type: "text-end", phase: "interim" };
    if (name === "refusal" || name === "reasoning") yield { type: `${name}-end` };
  }

  #expect(type: string, ending: string): void {
    if (this.#name === type.slice(0, -ending.length)) return;
    const open = this.#name ?? "no";
    throw new RunError("internal", `Event "${type}" came while ${open} part is open`);
  }
}
