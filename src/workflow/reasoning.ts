/**
 * What workflow code tells while it works -> one span of reasoning before the answer.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { ReasoningStart, RunEvent } from "../run/event.ts";
import { TEXT_SEPARATOR } from "../run/result.ts";

/** Where workflow code tells what it is about, in its own words and at its own pace. */
export interface WorkflowReasoning {
  /**
   * Appends `text` as it is to what was told before. Without effect once the answer's text has begun:
   * the client then sees the answer itself, which nothing may cut in two.
   *
   * @throws {RunError} `run-failed` when `text` is no text
   */
  emit(text: string): void;
}

/** Opens its span with the first text and keeps it open until the answer comes. */
export class ReasoningWriter implements WorkflowReasoning {
  readonly #source: ReasoningStart["source"];
  readonly #emit: (event: RunEvent) => void;
  #state: "new" | "open" | "ended" = "new";
  /** Whether the next text is to stand apart from what came before. */
  #apart = false;

  /** Takes whose reasoning it writes, and where the events go. */
  constructor(source: ReasoningStart["source"], emit: (event: RunEvent) => void) {
    this.#source = source;
    this.#emit = emit;
  }

  /** Appends text as it is. */
  emit(text: string): void {
    this.#write(text, this.#apart);
    this.#apart = false;
  }

  /** Writes a paragraph of its own. */
  note(text: string): void {
    this.#write(text, true);
    this.#apart = true;
  }

  /** Closes the span for good: the answer begins. */
  end(): void {
    if (this.#state === "open") this.#emit({ type: "reasoning-end" });
    this.#state = "ended";
  }

  #write(text: string, apart: boolean): void {
    if (typeof text !== "string") {
      throw new RunError("run-failed", `Workflow must tell text, got ${typeof text}`);
    }
    if (text === "" || this.#state === "ended") return;
    if (this.#state === "open") {
      this.#emit({ type: "reasoning-delta", text: apart ? TEXT_SEPARATOR + text : text });
      return;
    }
    this.#state = "open";
    this.#emit({ type: "reasoning-start", source: this.#source });
    this.#emit({ type: "reasoning-delta", text });
  }
}
