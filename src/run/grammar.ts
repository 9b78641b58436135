/**
 * Checks that events keep the grammar of `event.ts`. Used by tests and at the border of guests.
 * @module
 */
import type { RunEvent } from "./event.ts";

/** Raised when an event may not come where it came. */
export class GrammarError extends Error {
  override readonly name = "GrammarError";
}

type PartName = "text" | "refusal" | "reasoning" | "tool-call";

/** Follows one run. */
export class EventGrammar {
  #open: PartName | undefined;
  #finished = false;
  /** Of tool calls and approvals. */
  readonly #callIds = new Set<string>();

  /** Whether `finish` has come. */
  get finished(): boolean {
    return this.#finished;
  }

  /**
   * Takes the next event.
   *
   * @throws {GrammarError} when it may not come here
   */
  accept(event: RunEvent): void {
    if (this.#finished) throw new GrammarError(`Event "${event.type}" after "finish"`);
    switch (event.type) {
      case "text-start":
      case "refusal-start":
      case "reasoning-start":
      case "tool-call-start":
        if (this.#open) {
          throw new GrammarError(`Event "${event.type}" while a ${this.#open} part is open`);
        }
        if (event.type === "tool-call-start") this.#takeId(event.id);
        this.#open = event.type.slice(0, -"-start".length) as PartName;
        return;
      case "text-delta":
      case "refusal-delta":
      case "reasoning-delta":
      case "tool-call-delta":
        this.#expectOpen(event.type, "-delta");
        return;
      case "text-end":
      case "refusal-end":
      case "reasoning-end":
      case "tool-call-end":
        this.#expectOpen(event.type, "-end");
        this.#open = undefined;
        return;
      case "approval-request":
        if (this.#open) {
          throw new GrammarError(`Event "${event.type}" while a ${this.#open} part is open`);
        }
        return this.#takeId(event.id);
      case "trace":
      case "usage":
        return;
      case "finish":
        if (this.#open) throw new GrammarError(`Event "finish" while a ${this.#open} part is open`);
        if (
          this.#callIds.size > 0 ? event.reason === "stop" : event.reason === "tool-calls"
        ) {
          throw new GrammarError(
            `Finish reason "${event.reason}" with ${this.#callIds.size} tool calls or approvals`,
          );
        }
        this.#finished = true;
        return;
      default:
        event satisfies never;
        throw new GrammarError(`Unknown event "${(event as { type: unknown }).type}"`);
    }
  }

  /**
   * Ends the run.
   *
   * @throws {GrammarError} when `finish` has not come
   */
  end(): void {
    if (!this.#finished) throw new GrammarError("Events ended without finish");
  }

  #takeId(id: string): void {
    if (this.#callIds.has(id)) throw new GrammarError(`Tool call id "${id}" used twice`);
    this.#callIds.add(id);
  }

  #expectOpen(type: string, ending: string): void {
    const part = type.slice(0, -ending.length);
    if (this.#open !== part) {
      throw new GrammarError(`Event "${type}" while ${this.#open ?? "no"} part is open`);
    }
  }
}

/** Passes events on, checking each. */
export async function* checkGrammar(events: AsyncIterable<RunEvent>): AsyncGenerator<RunEvent> {
  const grammar = new EventGrammar();
  for await (const event of events) {
    grammar.accept(event);
    yield event;
  }
  grammar.end();
}
