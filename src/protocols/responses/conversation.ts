/**
 * Items one after another -> messages, where an assistant's words and calls are one message.
 *
 * Replies stand right after the message of their calls, wherever the client has put them.
 * @module
 */
import { RequestError } from "../../run/error.ts";
import type {
  AssistantMessage,
  InputPart,
  Message,
  SystemMessage,
  ToolCall,
  ToolMessage,
  UserMessage,
} from "../../run/request.ts";
import { TEXT_SEPARATOR } from "../../run/result.ts";
import { describeValue, paramOf, type Path, wrongValue } from "../issue.ts";
import type { AssistantContent } from "./decode_parts.ts";

/** An assistant's turn in the making. */
interface AssistantTurn {
  readonly texts: string[];
  readonly refusals: string[];
  readonly reasoning: string[];
  readonly calls: ToolCall[];
  readonly replies: ToolMessage[];
  /** Ids of what the client was asked. */
  readonly approvals: string[];
  /** Whether it only repeats questions, for answers that came late. */
  readonly repeats: boolean;
  /** Whether the client has come back to it; no more is asked in it then. */
  consulted: boolean;
  /** Whether the client has it as a message, however empty. */
  said: boolean;
  openCalls: number;
}

/** Gathers the items of one request; time and space are linear in their number. */
export class Conversation {
  readonly #turns: (SystemMessage | UserMessage | AssistantTurn)[] = [];
  readonly #open = new Map<string, { readonly turn: AssistantTurn; readonly path: Path }>();
  readonly #answered = new Set<string>();
  readonly #asked = new Map<string, AssistantTurn>();
  /** The last turn that is more than a repetition. */
  #spoken: AssistantTurn | undefined;

  /** What a system or user says. */
  add(message: SystemMessage | UserMessage): void {
    this.#turns.push(message);
  }

  /** What the assistant says. Between calls and their replies there is no room for a message. */
  say({ text, refusal }: AssistantContent): void {
    const last = this.#assistant();
    const joins = last && last.approvals.length === 0 &&
      (last.calls.length > 0 ? this.#takesCalls(last) : !last.said);
    const turn = joins ? last : this.#begin();
    turn.said = true;
    if (text !== "") turn.texts.push(text);
    if (refusal !== "") turn.refusals.push(refusal);
  }

  /** What the assistant thought before it went on. */
  think(text: string): void {
    const last = this.#assistant();
    const turn = last && last.calls.length > 0 && this.#takesCalls(last) ? last : this.#begin();
    turn.reasoning.push(text);
  }

  /**
   * A call of the assistant.
   *
   * @param path where its id stands
   * @throws {RequestError} when a call of this id waits for its reply
   */
  call(call: ToolCall, path: Path): void {
    if (this.#open.has(call.id)) {
      throw wrongValue(path, { got: call.id, expected: "an id no other call without a reply has" });
    }
    const last = this.#assistant();
    const turn = last && this.#takesCalls(last) ? last : this.#begin();
    turn.calls.push(call);
    turn.openCalls += 1;
    this.#open.set(call.id, { turn, path });
  }

  /**
   * A question of the assistant.
   *
   * @param path where its id stands
   * @throws {RequestError} when it was asked before
   */
  ask(id: string, path: Path): void {
    if (this.#asked.has(id)) {
      throw wrongValue(path, { got: id, expected: "an id no other approval request has" });
    }
    this.#ask(id);
  }

  /**
   * An answer to a question. Where the assistant has gone on since, the question is repeated, for what
   * comes of the answer belongs here. One that the client has left out stands before its answer.
   */
  answer(id: string): void {
    const turn = this.#asked.get(id) ?? this.#ask(id);
    turn.consulted = true;
    if (turn === this.#spoken) return;
    const last = this.#assistant();
    const repetition = last?.repeats ? last : this.#begin({ repeats: true });
    repetition.approvals.push(id);
  }

  /**
   * A reply to a call.
   *
   * @param path where the id of the call stands
   * @throws {RequestError} when there is no such call, or it has its reply
   */
  reply(toolCallId: string, { content, path }: {
    readonly content: readonly InputPart[];
    readonly path: Path;
  }): void {
    const call = this.#open.get(toolCallId);
    if (!call) {
      const expected = this.#answered.has(toolCallId)
        ? "one output for each call"
        : "the call_id of a call before";
      throw wrongValue(path, { got: toolCallId, expected });
    }
    this.#open.delete(toolCallId);
    this.#answered.add(toolCallId);
    call.turn.openCalls -= 1;
    // Whatever is asked from now on is another answer's question.
    if (call.turn.approvals.length > 0) call.turn.consulted = true;
    call.turn.replies.push({ role: "tool", toolCallId, content });
  }

  /**
   * The whole conversation.
   *
   * @throws {RequestError} when a call has no reply
   */
  end(): Message[] {
    for (const [id, { path }] of this.#open) {
      const param = paramOf(path);
      throw new RequestError(
        "invalid-value",
        `Cannot read "${param}": call ${describeValue(id)} has no output, expected one after it`,
        { param },
      );
    }
    const messages: Message[] = [];
    for (const turn of this.#turns) {
      if ("role" in turn) {
        messages.push(turn);
      } else if (turn.said || turn.calls.length > 0 || turn.approvals.length > 0) {
        messages.push(messageOf(turn), ...turn.replies);
      }
    }
    return messages;
  }

  #assistant(): AssistantTurn | undefined {
    const last = this.#turns.at(-1);
    return last && !("role" in last) ? last : undefined;
  }

  /** Whether more calls belong to the turn: its replies have not begun, or are not complete. */
  #takesCalls(turn: AssistantTurn): boolean {
    return turn.approvals.length === 0 && (turn.replies.length === 0 || turn.openCalls > 0);
  }

  #ask(id: string): AssistantTurn {
    const last = this.#assistant();
    // Questions come last in a turn; an answer ends it.
    const joins = last && (last.approvals.length > 0 ? !last.consulted : this.#takesCalls(last));
    const turn = joins ? last : this.#begin();
    turn.approvals.push(id);
    this.#asked.set(id, turn);
    return turn;
  }

  #begin({ repeats }: { readonly repeats: boolean } = { repeats: false }): AssistantTurn {
    const turn: AssistantTurn = {
      texts: [],
      refusals: [],
      reasoning: [],
      calls: [],
      replies: [],
      approvals: [],
      repeats,
      consulted: repeats,
      said: false,
      openCalls: 0,
    };
    this.#turns.push(turn);
    if (!repeats) this.#spoken = turn;
    return turn;
  }
}

function messageOf(
  { texts, refusals, reasoning, calls, approvals }: AssistantTurn,
): AssistantMessage {
  const message: { -readonly [Key in keyof AssistantMessage]: AssistantMessage[Key] } = {
    role: "assistant",
    content: texts.join(TEXT_SEPARATOR),
    toolCalls: calls,
  };
  if (refusals.length > 0) message.refusal = refusals.join("");
  if (reasoning.length > 0) message.reasoning = reasoning.join(TEXT_SEPARATOR);
  if (approvals.length > 0) message.approvalIds = approvals;
  return message;
}
