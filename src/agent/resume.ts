/**
 * Parked turns: what a run did inside before it handed calls or questions to the client, put back
 * when the client returns.
 * @module
 */
import type { ApprovalAnswer, AssistantMessage, Message, ToolCall } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import type { ParkedTurn } from "../run/seams.ts";

/** A hidden call that waited for the client's consent, and what the client says. */
export interface AnsweredApproval {
  readonly answer: ApprovalAnswer;
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
 * The conversation with each parked turn in the place of the assistant message the client got
 * for it, and results under the ids the backend knows. What is no longer parked stays as received.
 * Reading does not consume: regenerated answers and branches find the same turn.
 *
 * @param options `approvals`: what the client says to what it was asked
 */
export async function restoreTurns(
  messages: readonly Message[],
  options: { readonly context: RunContext; readonly approvals: readonly ApprovalAnswer[] },
): Promise<RestoredTurns> {
  const turns = await findTurns(messages, options.context);
  if (turns.size === 0) return { messages, answered: [] };
  const restored: Message[] = [];
  const answered: AnsweredApproval[] = [];
  const placed = new Set<ParkedTurn>();
  const backendIds = new Map<string, string>();
  for (const message of messages) {
    if (message.role === "assistant") {
      const turn = idsOf(message).map((id) => turns.get(id)).find((found) => found);
      if (!turn) {
        restored.push(message);
      } else if (!placed.has(turn)) {
        placed.add(turn);
        restored.push(...turn.messages);
        answered.push(...answersTo(turn, { ...options, index: restored.length }));
        for (const [id, backendId] of Object.entries(turn.callIds)) backendIds.set(id, backendId);
      }
      // Else a client told one turn's calls as several messages: the first stands for all.
    } else if (message.role === "tool" && backendIds.has(message.toolCallId)) {
      restored.push({ ...message, toolCallId: backendIds.get(message.toolCallId)! });
    } else {
      restored.push(message);
    }
  }
  return { messages: restored, answered };
}

function answersTo(
  { messages, approvals = {} }: ParkedTurn,
  options: { readonly approvals: readonly ApprovalAnswer[]; readonly index: number },
): AnsweredApproval[] {
  const calls = messages.flatMap((message) =>
    message.role === "assistant" ? message.toolCalls : []
  );
  return options.approvals.flatMap((answer) => {
    const awaited = Object.hasOwn(approvals, answer.id) ? approvals[answer.id] : undefined;
    const call = calls.find(({ id }) => id === awaited?.callId);
    return awaited && call ? [{ answer, call, tool: awaited.tool, index: options.index }] : [];
  });
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
      const turn = found.get(id) ?? await turns.find(principal.tenant, id);
      const own = turn && [...Object.keys(turn.callIds), ...Object.keys(turn.approvals ?? {})];
      if (turn && own?.includes(id)) {
        for (const clientId of own) if (!found.has(clientId)) found.set(clientId, turn);
        return;
      }
    }
  }));
  return found;
}
