/**
 * Tells `<think>…</think>` at the beginning of an answer from the answer.
 * @module
 */

const OPEN = "<think>";
const CLOSE = "</think>";

/** Receives text as it is told apart. */
export interface ThinkSink {
  /** More reasoning; never empty. */
  reasoning(text: string): void;
  /** More of the answer; never empty. */
  text(text: string): void;
}

/**
 * Splits one answer. Tags are recognised wherever the pieces are cut; at most a tag's length is held
 * back while undecided. Only a tag that comes first counts, so an answer may speak of `<think>`.
 */
export class ThinkTags {
  readonly #sink: ThinkSink;
  #state: "start" | "thinking" | "thought" | "answer" = "start";
  #held = "";

  /**
   * A splitter for one answer.
   *
   * @param sink is called during `add` and `end`
   */
  constructor(sink: ThinkSink) {
    this.#sink = sink;
  }

  /** Whether everything from here on is answer, so that `add` need not be called any more. */
  get done(): boolean {
    return this.#state === "answer";
  }

  /** Takes the next piece. */
  add(piece: string): void {
    let text = this.#held + piece;
    this.#held = "";
    if (this.#state === "start") {
      const start = text.trimStart();
      if (start.length < OPEN.length && OPEN.startsWith(start)) {
        this.#held = text;
        return;
      }
      if (!start.startsWith(OPEN)) {
        this.#state = "answer";
        this.#sink.text(text);
        return;
      }
      this.#state = "thinking";
      text = start.slice(OPEN.length);
    }
    if (this.#state === "thinking") {
      const close = text.indexOf(CLOSE);
      if (close < 0) {
        const keep = overlap(text);
        this.#held = text.slice(text.length - keep);
        if (text.length > keep) this.#sink.reasoning(text.slice(0, text.length - keep));
        return;
      }
      if (close > 0) this.#sink.reasoning(text.slice(0, close));
      this.#state = "thought";
      text = text.slice(close + CLOSE.length);
    }
    if (this.#state === "thought") {
      // The blank lines between reasoning and answer belong to neither.
      text = text.trimStart();
      if (text === "") return;
      this.#state = "answer";
    }
    if (text !== "") this.#sink.text(text);
  }

  /** Gives out what is held back: nothing more comes. */
  end(): void {
    const held = this.#held;
    this.#held = "";
    if (held === "") return;
    if (this.#state === "thinking") this.#sink.reasoning(held);
    else this.#sink.text(held);
  }
}

/** Length of the longest end of `text` that is a beginning of the closing tag. */
function overlap(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(CLOSE.slice(0, length))) return length;
  }
  return 0;
}
