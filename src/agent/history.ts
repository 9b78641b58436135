/**
 * A conversation as received -> one that every backend takes.
 * @module
 */
import type {
  AssistantMessage,
  Message,
  ToolCall,
  ToolMessage,
  UserMessage,
} from "../run/request.ts";
import { TEXT_SEPARATOR } from "../run/result.ts";
import { INTERRUPTED_TEXT } from "./retry_text.ts";

/**
 * Repairs a conversation; the same input always gives the same output.
 *
 * - Results come right after the calls they answer; results without an earlier call are dropped.
 * - Calls without a result get one that says so. They are never executed.
 * - Adjacent messages of one role become one; assistant messages without content vanish.
 * - Arguments that are no JSON object are wrapped, custom calls told as the functions they are
 *   offered as.
 */
export function normaliseHistory(messages: readonly Message[]): Message[] {
  const result: Message[] = [];
  let group: Message[] = [];
  let assistant: AssistantMessage | undefined;
  for (const message of messages) {
    if (message.role !== "assistant") {
      group.push(message);
      continue;
    }
    if (isEmpty(message)) continue;
    if (assistant && group.length === 0) {
      const merged = mergeAssistants(assistant, message);
      if (merged) {
        assistant = merged;
        continue;
      }
    }
    flush(result, assistant, group);
    assistant = message;
    group = [];
  }
  flush(result, assistant, group);
  return result;
}

/** Appends an assistant message and all that came between it and the next one. */
function flush(
  result: Message[],
  assistant: AssistantMessage | undefined,
  group: readonly Message[],
): void {
  if (assistant) {
    const sent = sendable(assistant);
    result.push(sent);
    if (sent.toolCalls.length > 0) pushResults(result, sent.toolCalls, group);
  }
  for (const message of group) {
    if (message.role === "tool") continue;
    const last = result.at(-1);
    if (message.role === "user" && last?.role === "user" && last.name === message.name) {
      result[result.length - 1] = mergeUsers(last, message);
    } else {
      result.push(message);
    }
  }
}

function pushResults(
  result: Message[],
  calls: readonly ToolCall[],
  group: readonly Message[],
): void {
  const answers = new Map<string, ToolMessage>();
  for (const message of group) {
    if (message.role === "tool" && !answers.has(message.toolCallId)) {
      answers.set(message.toolCallId, message);
    }
  }
  for (const { id } of calls) result.push(answers.get(id) ?? interrupted(id));
}

function interrupted(toolCallId: string): ToolMessage {
  return { role: "tool", toolCallId, content: [{ type: "text", text: INTERRUPTED_TEXT }] };
}

function isEmpty(message: AssistantMessage): boolean {
  return message.content.trim() === "" && message.toolCalls.length === 0 && !message.refusal;
}

/** Undefined when the two have calls of one id, which could not be told apart. */
function mergeAssistants(
  first: AssistantMessage,
  second: AssistantMessage,
): AssistantMessage | undefined {
  const ids = new Set(first.toolCalls.map((call) => call.id));
  if (second.toolCalls.some((call) => ids.has(call.id))) return undefined;
  return {
    role: "assistant",
    content: joinTexts(first.content, second.content) ?? "",
    refusal: joinTexts(first.refusal, second.refusal),
    reasoning: joinTexts(first.reasoning, second.reasoning),
    toolCalls: [...first.toolCalls, ...second.toolCalls],
  };
}

function joinTexts(first: string | undefined, second: string | undefined): string | undefined {
  if (!first) return second;
  return second ? first + TEXT_SEPARATOR + second : first;
}

function mergeUsers(first: UserMessage, second: UserMessage): UserMessage {
  return { ...first, content: [...first.content, ...second.content] };
}

function sendable(message: AssistantMessage): AssistantMessage {
  const seen = new Set<string>();
  let changed = false;
  const toolCalls: ToolCall[] = [];
  for (const call of message.toolCalls) {
    const sent = sendableCall(call);
    // Two calls of one id cannot both be answered.
    if (seen.has(call.id)) changed = true;
    else toolCalls.push(sent);
    if (sent !== call) changed = true;
    seen.add(call.id);
  }
  return changed ? { ...message, toolCalls } : message;
}

function sendableCall(call: ToolCall): ToolCall {
  if (call.kind === "custom") {
    return { ...call, kind: "function", arguments: JSON.stringify({ input: call.arguments }) };
  }
  if (call.arguments === "") return { ...call, arguments: "{}" };
  return isJsonObject(call.arguments)
    ? call
    : { ...call, arguments: JSON.stringify({ INVALID_JSON: call.arguments }) };
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
