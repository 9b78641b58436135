/**
 * Answers of a client to what nobody knows.
 * @module
 */
import { RequestError } from "../run/error.ts";
import type { ApprovalAnswer, Message } from "../run/request.ts";
import type { AnsweredApproval } from "./resume.ts";

/**
 * Whoever consents just now must learn that it comes too late. Of earlier answers the conversation
 * has the outcome.
 *
 * @throws {RequestError} `invalid-value` for an answer to what nobody knows
 */
export function checkAnswers(
  history: readonly Message[],
  { approvals, answered }: {
    readonly approvals: readonly ApprovalAnswer[];
    readonly answered: readonly AnsweredApproval[];
  },
): void {
  if (approvals.length === 0) return;
  const known = new Set(answered.map(({ answer }) => answer.id));
  const asked = new Set(openQuestions(history));
  for (const { id } of approvals) {
    if (!asked.has(id) || known.has(id)) continue;
    throw new RequestError(
      "invalid-value",
      `Approval request "${id}" is not known, or has expired: send the user's message again`,
      { param: "input" },
    );
  }
}

/**
 * Ids of the questions that the assistant has not gone on from: those it asked last, and older ones
 * that were answered since.
 */
export function openQuestions(messages: readonly Message[]): readonly string[] {
  const first = new Map<string, Message>();
  for (const message of messages) {
    for (const id of questionsOf(message)) if (!first.has(id)) first.set(id, message);
  }
  const open: string[] = [];
  if (first.size === 0) return open;
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index]!;
    if (message.role !== "assistant") continue;
    const ids = questionsOf(message);
    open.push(...ids);
    const repeats = ids.length > 0 && ids.every((id) => first.get(id) !== message);
    if (!repeats) break;
  }
  return open;
}

function questionsOf(message: Message): readonly string[] {
  return message.role === "assistant" ? message.approvalIds ?? [] : [];
}
