/**
 * Parked turns: what a run did inside before it handed calls or questions to the client, put back
 * when the client returns.
 * @module
 */
import type { ApprovalAnswer, AssistantMessage, Message, ToolCall } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import type { ParkedTurn } from "../run/seams.ts";
import { UNANSWERED_TEXT } from "./retry_text.ts";
import { toolMessage } from "./tool_result.ts";

/** A hidden call that waited for the client's consent, and what the client says. */
export interface AnsweredApproval {
  readonly answer: ApprovalAnswer;
  /** The call that was parked, under the id it has in the conversation. */
  readonly call: ToolCall;
  /** The agent's name of the tool. */
  readonly tool: string;
  /** Where in the conversation its result belongs. */
  readonly index: number;
}

/** A conversation with its parked turns. */
export interface RestoredTurns {
  /** The same array where there are none. */
  readonly messages: readonly Message[];
  readonly answered: readonly AnsweredApproval[];
}

/**
 * The conversation with each parked turn in the place of the assistant message the client got for
 * it, and results under the ids the backend knows. What is no longer parked stays as received.
 * Reading does not consume: regenerated answers and branches find the same turn.
 *
 * A question that was answered only after the assistant had gone on is told where the answer stands:
 * there the call is made again, under the question's id.
 *
 * @param options `approvals`: what the client says to what it was asked
 */
export async function restoreTurns(
  messages: readonly Message[],
  options: { readonly context: RunContext; readonly approvals: readonly ApprovalAnswer[] },
): Promise<RestoredTurns> {
  const turns = await findTurns(messages, options.context);
  if (turns.size === 0) return { messages, answered: [] };
  const answers = new Map(options.approvals.map((answer) => [answer.id, answer]));
  const lastAsked = new Map<string, number>();
  for (const [position, message] of messages.entries()) {
    for (const id of approvalIdsOf(message)) lastAsked.set(id, position);
  }
  const restored: Message[] = [];
  const answered: AnsweredApproval[] = [];
  const placed = new Map<ParkedTurn, TurnPlace>();
  const backendIds = new Map<string, string>();
  for (const [position, message] of messages.entries()) {
    const told = turnsOf(message, turns);
    for (const turn of told) {
      // A client told one turn's calls as several messages: the first stands for all.
      if (placed.has(turn)) continue;
      const end = endOf(turn, { messages, turns, position });
      const questions = questionsOf(turn, { answers, modelId: options.context.modelId });
      placed.set(turn, { end, questions });
      restored.push(...turn.messages);
      for (const [id, { call, tool, answer }] of questions) {
        if (answer && (lastAsked.get(id) ?? 0) < end) {
          answered.push({ answer, call, tool, index: restored.length });
        } else restored.push(toolMessage(call.id, UNANSWERED_TEXT));
      }
      for (const [id, backendId] of Object.entries(turn.callIds)) backendIds.set(id, backendId);
    }
    if (message.role === "assistant" && told.length > 0) {
      let { content } = message;
      for (const id of approvalIdsOf(message)) {
        const turn = turns.get(id);
        const place = turn && placed.get(turn);
        const question = place?.questions.get(id);
        if (!place || position < place.end || !question?.answer) continue;
        const call = { ...question.call, id };
        restored.push({ role: "assistant", content, toolCalls: [call] });
        answered.push({ ...question, answer: question.answer, call, index: restored.length });
        content = "";
      }
    } else if (message.role === "tool" && backendIds.has(message.toolCallId)) {
      restored.push({ ...message, toolCallId: backendIds.get(message.toolCallId)! });
    } else {
      restored.push(message);
    }
  }
  return { messages: restored, answered };
}

/** Where a turn was put back. */
interface TurnPlace {
  /** Position of the first message that does not belong to it. */
  readonly end: number;
  readonly questions: ReadonlyMap<string, Question>;
}

/** A hidden call that waits, or waited, for the client's consent. */
interface Question {
  readonly call: ToolCall;
  readonly tool: string;
  readonly answer: ApprovalAnswer | undefined;
}

/** What a turn asked, by id and in the order of its calls; for another model, nobody has answered. */
function questionsOf(
  { messages, approvals = {} }: ParkedTurn,
  { answers, modelId }: {
    readonly answers: ReadonlyMap<string, ApprovalAnswer>;
    readonly modelId: string;
  },
): ReadonlyMap<string, Question> {
  const calls = messages.flatMap((message) =>
    message.role === "assistant" ? message.toolCalls : []
  );
  const questions = Object.entries(approvals).flatMap(([id, { callId, tool, model }]) => {
    const call = calls.find((made) => made.id === callId);
    const answer = model === modelId ? answers.get(id) : undefined;
    return call ? [[id, { call, tool, answer }] as const] : [];
  });
  return new Map(questions);
}

/** The turns that an assistant message was made of: one, but where it repeats questions of several. */
function turnsOf(
  message: Message,
  turns: ReadonlyMap<string, ParkedTurn>,
): readonly ParkedTurn[] {
  if (message.role !== "assistant") return [];
  return [...new Set(idsOf(message).flatMap((id) => turns.get(id) ?? []))];
}

/** A turn goes on as long as nobody says anything but what belongs to it. */
function endOf(
  turn: ParkedTurn,
  { messages, turns, position }: {
    readonly messages: readonly Message[];
    readonly turns: ReadonlyMap<string, ParkedTurn>;
    readonly position: number;
  },
): number {
  let end = position + 1;
  for (; end < messages.length; end++) {
    const message = messages[end]!;
    if (message.role === "tool") continue;
    const isPiece = turnsOf(message, turns).includes(turn) && message.content === "";
    if (!isPiece) break;
  }
  return end;
}

function approvalIdsOf(message: Message): readonly string[] {
  return message.role === "assistant" ? message.approvalIds ?? [] : [];
}

function idsOf({ toolCalls, approvalIds = [] }: AssistantMessage): readonly string[] {
  return [...toolCalls.map((call) => call.id), ...approvalIds];
}

/** Parked turns by each id of a call or approval in the conversation that belongs to one. */
async function findTurns(
  messages: readonly Message[],
  { turns, principal }: RunContext,
): Promise<ReadonlyMap<string, ParkedTurn>> {
  const found = new Map<string, ParkedTurn>();
  const callers = messages.filter((message): message is AssistantMessage =>
    message.role === "assistant" && idsOf(message).length > 0
  );
  await Promise.all(callers.map(async (message) => {
    for (const id of idsOf(message)) {
      if (found.has(id)) continue;
      const turn = await turns.find(principal.tenant, id);
      const own = turn && [...Object.keys(turn.callIds), ...Object.keys(turn.approvals ?? {})];
      if (!turn || !own?.includes(id)) continue;
      for (const clientId of own) if (!found.has(clientId)) found.set(clientId, turn);
    }
  }));
  return found;
}
