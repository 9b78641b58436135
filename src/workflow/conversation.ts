/**
 * Reads a conversation for workflow code.
 * @module
 */
import type { InputPart, Message } from "../run/request.ts";

const SPEAKERS = {
  system: "System",
  user: "User",
  assistant: "Assistant",
  tool: "Tool",
} as const;

/** The text of the last user message, parts joined by a newline; empty when there is none. */
export function latestUserText(messages: readonly Message[]): string {
  const message = messages.findLast((message) => message.role === "user");
  return message ? textOf(message) : "";
}

/** The conversation as a transcript: `User: …`, `Assistant: …`, separated by blank lines. */
export function conversationText(messages: readonly Message[]): string {
  return messages.flatMap((message) => {
    const text = textOf(message);
    return text === "" ? [] : [`${SPEAKERS[message.role]}: ${text}`];
  }).join("\n\n");
}

/** The messages after the last user message: what has happened since the user spoke. */
export function latestTurn(messages: readonly Message[]): readonly Message[] {
  return messages.slice(messages.findLastIndex((message) => message.role === "user") + 1);
}

/**
 * Tool results by call id; of two with one id the later counts. Values are parsed JSON, the text
 * itself when it is not JSON, or the parts when there are others than text. The record has no
 * prototype, since clients choose the ids.
 */
export function toolResultsOf(messages: readonly Message[]): Readonly<Record<string, unknown>> {
  const results: Record<string, unknown> = Object.create(null);
  for (const message of messages) {
    if (message.role === "tool") results[message.toolCallId] = valueOf(message.content);
  }
  return results;
}

function valueOf(content: readonly InputPart[]): unknown {
  if (content.some((part) => part.type !== "text")) return content;
  const text = joinText(content, "");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function textOf(message: Message): string {
  return typeof message.content === "string" ? message.content : joinText(message.content, "\n");
}

function joinText(content: readonly InputPart[], separator: string): string {
  return content.flatMap((part) => part.type === "text" ? [part.text] : []).join(separator);
}
