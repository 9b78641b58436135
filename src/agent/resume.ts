/**
 * Parked turns: what a run did inside before it handed calls to the client, put back when the
 * client returns.
 * @module
 */
import type { AssistantMessage, Message } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import type { ParkedTurn } from "../run/seams.ts";

/**
 * The conversation with each parked turn in the place of the assistant message the client got
 * for it, and results under the ids the backend knows. What is no longer parked stays as received.
 * Reading does not consume: regenerated answers and branches find the same turn.
 */
export async function restoreTurns(
  messages: readonly Message[],
  context: RunContext,
): Promise<readonly Message[]> {
  const turns = await findTurns(messages, context);
  if (turns.size === 0) return messages;
  const restored: Message[] = [];
  const placed = new Set<ParkedTurn>();
  const backendIds = new Map<string, string>();
  for (const message of messages) {
    if (message.role === "assistant") {
      const turn = message.toolCalls.map((call) => turns.get(call.id)).find((found) => found);
      if (!turn) {
        restored.push(message);
      } else if (!placed.has(turn)) {
        placed.add(turn);
        restored.push(...turn.messages);
        for (const [id, backendId] of Object.entries(turn.callIds)) backendIds.set(id, backendId);
      }
      // Else a client told one turn's calls as several messages: the first stands for all.
    } else if (message.role === "tool" && backendIds.has(message.toolCallId)) {
      restored.push({ ...message, toolCallId: backendIds.get(message.toolCallId)! });
    } else {
      restored.push(message);
    }
  }
  return restored;
}

/** Parked turns by each call id of the conversation that belongs to one. */
async function findTurns(
  messages: readonly Message[],
  { turns, principal }: RunContext,
): Promise<ReadonlyMap<string, ParkedTurn>> {
  const found = new Map<string, ParkedTurn>();
  const callers = messages.filter((message): message is AssistantMessage =>
    message.role === "assistant" && message.toolCalls.length > 0
  );
  await Promise.all(callers.map(async ({ toolCalls }) => {
    for (const { id } of toolCalls) {
      const turn = found.get(id) ?? await turns.find(principal.tenant, id);
      if (turn && Object.hasOwn(turn.callIds, id)) {
        for (const clientId of Object.keys(turn.callIds)) {
          if (!found.has(clientId)) found.set(clientId, turn);
        }
        return;
      }
    }
  }));
  return found;
}
