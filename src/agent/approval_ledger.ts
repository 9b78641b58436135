/**
 * What became of calls that the client was asked about, as the next request will find it.
 * @module
 */
import type { Message, ToolCall } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import { untilAborted } from "../run/until_aborted.ts";
import type { CallWatcher } from "./call_batch.ts";
import type { SettledOutcome } from "./call_outcome.ts";
import type { AnsweredApproval } from "./resume.ts";
import { deniedText, NOT_RUN_TEXT, UNKNOWN_RESULT_TEXT } from "./retry_text.ts";
import { inCallOrder, toolMessage } from "./tool_result.ts";

/**
 * The answered calls of one run. Each outcome is kept as soon as it is known, so that it outlives
 * whatever befalls the others, and the run. Only a call that began and did not end stays unknown.
 */
export class ApprovalLedger implements CallWatcher {
  readonly #context: RunContext;
  readonly #results = new Map<ToolCall, readonly Message[]>();
  /** Approval ids of the calls that are this run's to make. */
  readonly #own = new Map<ToolCall, string>();
  /** Those of `#own` whose tool has not begun. */
  readonly #waiting = new Set<ToolCall>();
  readonly #writes: Promise<void>[] = [];
  #closed = false;

  /** Nothing is known yet. */
  constructor(context: RunContext) {
    this.#context = context;
  }

  /**
   * Takes a call and its answer.
   *
   * @returns whether it is to be run, now and here
   * @throws whatever the store throws: then nothing may run
   */
  async begin({ call, answer: { id, approve, reason } }: AnsweredApproval): Promise<boolean> {
    const { turns, principal: { tenant } } = this.#context;
    const refused = approve ? undefined : [toolMessage(call.id, deniedText(reason))];
    const known = await turns.begin(tenant, id, refused);
    if (known) {
      const messages = known.messages ?? [toolMessage(call.id, UNKNOWN_RESULT_TEXT)];
      this.#results.set(call, messages.map((message) => underIdOf(call, message)));
    } else if (refused) {
      this.#results.set(call, refused);
    } else {
      this.#own.set(call, id);
      this.#waiting.add(call);
      if (!this.#closed) return true;
      this.end(call, NOT_RUN_TEXT);
    }
    return false;
  }

  /** A tool begins to run. Bound. */
  readonly onBegin = (call: ToolCall): void => {
    this.#waiting.delete(call);
  };

  /** A call has ended. Bound. */
  readonly onOutcome = (call: ToolCall, { messages }: SettledOutcome): void =>
    this.#keep(call, inCallOrder([messages]));

  /** Ends a call that does not run, with words for the model. */
  end(call: ToolCall, text: string): void {
    this.#keep(call, [toolMessage(call.id, text)]);
  }

  /** What the model is told of a call; nothing while that is not known. */
  resultOf(call: ToolCall): readonly Message[] {
    return this.#results.get(call) ?? [];
  }

  /** Waits until everything is kept, but no longer than until the signal's abort. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    for (const call of this.#waiting) this.end(call, NOT_RUN_TEXT);
    try {
      await untilAborted(Promise.all(this.#writes), signal);
    } catch {
      // They go on; who started the run does not wait for them.
    }
  }

  #keep(call: ToolCall, messages: readonly Message[]): void {
    this.#waiting.delete(call);
    this.#results.set(call, messages);
    const id = this.#own.get(call);
    if (id !== undefined) this.#writes.push(this.#write(id, messages));
  }

  /** A result that cannot be kept is in this answer all the same; later ones will not know it. */
  async #write(id: string, messages: readonly Message[]): Promise<void> {
    const { turns, principal: { tenant }, logger, runId } = this.#context;
    try {
      await turns.settle(tenant, id, messages);
    } catch {
      logger.log("warn", "Result of a call with consent could not be kept", { runId });
    }
  }
}

/** A kept result may have been made under another id of its call. */
function underIdOf({ id }: ToolCall, message: Message): Message {
  return message.role === "tool" ? { ...message, toolCallId: id } : message;
}
