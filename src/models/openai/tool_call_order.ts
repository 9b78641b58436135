/**
 * Puts the pieces of several tool calls, which backends may interleave, into one after another.
 * @module
 */
import type { ModelEvent } from "../model.ts";
import { customInput } from "./custom_tools.ts";
import type { WireToolCall } from "./wire.ts";

interface PendingCall {
  readonly key: number;
  id: string | undefined;
  name: string | undefined;
  /** What has come and not been given out. */
  waiting: string;
  started: boolean;
  empty: boolean;
}

/** What the order needs to know. */
export interface ToolCallOrderOptions {
  /** Makes the id of a call that came without one. */
  readonly mintId: () => string;
  /** Names of tools whose calls carry free text in an argument `input`. */
  readonly customTools: ReadonlySet<string>;
}

/**
 * Calls of one answer. The first call's pieces are given out as they come; those of later calls wait
 * for its end, since only the end of the answer tells that a call is complete.
 */
export class ToolCallOrder {
  readonly #emit: (event: ModelEvent) => void;
  readonly #options: ToolCallOrderOptions;
  readonly #calls: PendingCall[] = [];
  readonly #ids = new Set<string>();
  #last: PendingCall | undefined;

  /**
   * An order for the calls of one answer.
   *
   * @param emit receives events in an order that keeps the grammar
   */
  constructor(emit: (event: ModelEvent) => void, options: ToolCallOrderOptions) {
    this.#emit = emit;
    this.#options = options;
  }

  /** Whether any piece has come, so that a call may be open. */
  get begun(): boolean {
    return this.#calls.length > 0;
  }

  /** Number of calls given out so far. */
  get count(): number {
    return this.#ids.size;
  }

  /** Takes the next piece of a call. */
  add(piece: WireToolCall): void {
    const id = piece.id || undefined;
    const name = piece.function?.name || undefined;
    const call = this.#find(piece.index ?? undefined, id, name);
    this.#last = call;
    call.id ??= id;
    call.name ??= name;
    call.waiting += argumentText(piece.function?.arguments);
    if (call === this.#calls[0]) this.#release(call, false);
  }

  /** Completes all calls: nothing more comes. Calls that never got a name are dropped. */
  end(): void {
    for (const call of this.#calls) {
      if (call.name !== undefined) this.#release(call, true);
    }
  }

  /** The call a piece belongs to; a new id with a name begins a call even at an index in use. */
  #find(index: number | undefined, id: string | undefined, name: string | undefined): PendingCall {
    const known = index === undefined
      ? (id === undefined ? this.#last : this.#calls.findLast((call) => call.id === id))
      : this.#calls.findLast((call) => call.key === index);
    const another = known !== undefined && name !== undefined && known.name !== undefined &&
      (id === undefined ? index === undefined : known.id !== undefined && known.id !== id);
    if (known && !another) return known;
    const call: PendingCall = {
      key: index ?? this.#calls.length,
      id: undefined,
      name: undefined,
      waiting: "",
      started: false,
      empty: true,
    };
    this.#calls.push(call);
    return call;
  }

  /** Gives out what waits of a call. */
  #release(call: PendingCall, complete: boolean): void {
    const { name } = call;
    if (name === undefined) return;
    const custom = this.#options.customTools.has(name);
    if (!call.started) {
      // Without an id yet, a later piece may still bring it.
      if (call.id === undefined && !complete) return;
      const id = call.id !== undefined && !this.#ids.has(call.id)
        ? call.id
        : this.#options.mintId();
      this.#ids.add(id);
      call.started = true;
      this.#emit({ type: "tool-call-start", id, name, kind: custom ? "custom" : "function" });
    }
    // Free text comes wrapped in JSON, which is readable as a whole only.
    if (custom && !complete) return;
    let text = call.waiting;
    call.waiting = "";
    if (custom) text = customInput(text);
    else if (complete && call.empty && text.trim() === "") text = "{}";
    if (text !== "") {
      call.empty = false;
      this.#emit({ type: "tool-call-delta", arguments: text });
    }
    if (complete) this.#emit({ type: "tool-call-end" });
  }
}

function argumentText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
