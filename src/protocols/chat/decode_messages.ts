/**
 * `messages` -> neutral messages.
 * @module
 */
import type { AssistantMessage, Message, ToolCall } from "../../run/request.ts";
import { at, isGiven, type Path, readFilled, readItems, readShape, wrongValue } from "../issue.ts";
import {
  decodeAssistantContent,
  decodeContent,
  decodeSystemContent,
  TOOL_PARTS,
  USER_PARTS,
} from "./decode_parts.ts";
import { ToolPairing } from "./tool_pairing.ts";
import { type FunctionCallWire, type MessageWire, messageWire, toolCallWire } from "./wire.ts";

/**
 * Reads the conversation, in time linear in its length.
 *
 * @throws {RequestError} naming the offending message or part of it
 */
export function decodeMessages(messages: unknown): readonly Message[] {
  const decoder = new MessageDecoder();
  const decoded = readFilled(messages, {
    path: at(null, "messages"),
    read: (item, path) => decoder.message(readShape(item, { schema: messageWire, path }), path),
  });
  decoder.end();
  return decoded;
}

type AssistantWire = Extract<MessageWire, { readonly role: "assistant" }>;

/** Reads messages in order, pairing calls with replies. */
class MessageDecoder {
  readonly #pairing = new ToolPairing();

  end(): void {
    this.#pairing.close();
  }

  message(message: MessageWire, path: Path): Message {
    switch (message.role) {
      case "system":
      case "developer":
        this.#pairing.close();
        return { role: "system", content: decodeSystemContent(message.content, path) };
      case "user": {
        this.#pairing.close();
        const content = decodeContent(message.content, path, { allowed: USER_PARTS });
        const { name } = message;
        return isGiven(name) ? { role: "user", content, name } : { role: "user", content };
      }
      case "assistant":
        this.#pairing.close();
        return this.#assistant(message, path);
      case "tool": {
        const { tool_call_id: toolCallId } = message;
        this.#pairing.reply(toolCallId, at(path, "tool_call_id"));
        const content = decodeContent(message.content, path, { allowed: TOOL_PARTS });
        return { role: "tool", toolCallId, content };
      }
      case "function": {
        const toolCallId = this.#pairing.legacyReply(message.name, at(path, "name"));
        // The legacy shape has null for a function that returned nothing.
        const content = decodeContent(message.content ?? "", path, { allowed: TOOL_PARTS });
        return { role: "tool", toolCallId, content };
      }
      default:
        return message satisfies never;
    }
  }

  #assistant(message: AssistantWire, path: Path): AssistantMessage {
    const said = decodeAssistantContent(message.content, path);
    const refusal = message.refusal ?? said.refusal;
    const reasoning = reasoningOf(message.reasoning_content) ?? reasoningOf(message.reasoning);
    const decoded: { -readonly [Key in keyof AssistantMessage]: AssistantMessage[Key] } = {
      role: "assistant",
      content: said.content,
      toolCalls: this.#calls(message, path),
    };
    if (refusal !== undefined) decoded.refusal = refusal;
    if (reasoning !== undefined) decoded.reasoning = reasoning;
    return decoded;
  }

  #calls(message: AssistantWire, path: Path): readonly ToolCall[] {
    const { tool_calls: toolCalls, function_call: functionCall } = message;
    if (functionCall) {
      if (isGiven(toolCalls)) {
        throw wrongValue(at(path, "function_call"), {
          got: functionCall,
          expected: "either tool_calls or function_call",
        });
      }
      return [this.#legacyCall(functionCall, path)];
    }
    if (!isGiven(toolCalls)) return NO_CALLS;
    return readItems(toolCalls, {
      path: at(path, "tool_calls"),
      read: (item, callPath) => this.#toolCall(item, callPath),
    });
  }

  #toolCall(item: unknown, path: Path): ToolCall {
    const call = readShape(item, { schema: toolCallWire, path });
    const { id, type: kind } = call;
    this.#pairing.call(id, at(path, "id"));
    return call.type === "function"
      ? { id, name: call.function.name, kind, arguments: call.function.arguments }
      : { id, name: call.custom.name, kind, arguments: call.custom.input };
  }

  #legacyCall(call: FunctionCallWire, path: Path): ToolCall {
    // Unique in the conversation: a message has one such call at most.
    const id = `function_call_${path?.key}`;
    this.#pairing.legacyCall(call.name, { id, path: at(path, "function_call") });
    return { id, name: call.name, kind: "function", arguments: call.arguments };
  }
}

/** Clients replay reasoning in several shapes of their own making; only text is of use. */
function reasoningOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

const NO_CALLS: readonly ToolCall[] = Object.freeze([]);
