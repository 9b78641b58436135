/**
 * Neutral messages -> messages of a chat completion request.
 * @module
 */
import type OpenAI from "openai";
import type {
  AssistantMessage,
  InputPart,
  Message,
  ToolCall,
  ToolMessage,
} from "../../run/request.ts";
import { customArguments } from "./custom_tools.ts";
import type { ReasoningField } from "./decode_completion.ts";
import { type ContentOptions, encodeContent } from "./encode_content.ts";

type WireMessage = OpenAI.Chat.ChatCompletionMessageParam;

/** What encoding messages depends on. */
export interface MessageOptions extends ContentOptions {
  /** Where this backend puts reasoning, and so takes it back; undefined while it is not known. */
  readonly reasoningField: ReasoningField | undefined;
}

/**
 * The whole conversation. Images and files in tool results follow as a user message after the last
 * result, since a tool message takes text alone.
 *
 * @throws {RequestError} `unsupported-value` when the backend cannot take a part
 */
export function encodeMessages(
  messages: readonly Message[],
  options: MessageOptions,
): WireMessage[] {
  const encoded: WireMessage[] = [];
  let files: InputPart[] = [];
  for (const message of messages) {
    if (message.role !== "tool" && files.length > 0) {
      encoded.push({ role: "user", content: encodeContent(files, options) });
      files = [];
    }
    switch (message.role) {
      case "system":
        encoded.push({ role: "system", content: message.content });
        break;
      case "user":
        encoded.push({
          role: "user",
          content: encodeContent(message.content, options),
          ...(message.name !== undefined && { name: message.name }),
        });
        break;
      case "assistant":
        encoded.push(encodeAssistant(message, options.reasoningField));
        break;
      case "tool":
        encoded.push(encodeToolResult(message, files));
        break;
      default:
        message satisfies never;
    }
  }
  if (files.length > 0) encoded.push({ role: "user", content: encodeContent(files, options) });
  return encoded;
}

function encodeAssistant(
  { content, refusal, reasoning, toolCalls }: AssistantMessage,
  field: ReasoningField | undefined,
): WireMessage {
  const tagged = reasoning && field === "think-tags"
    ? `<think>\n${reasoning}\n</think>\n\n${content}`
    : content;
  const message: OpenAI.Chat.ChatCompletionAssistantMessageParam = {
    role: "assistant",
    content: tagged === "" && (toolCalls.length > 0 || refusal !== undefined) ? null : tagged,
    ...(refusal !== undefined && { refusal }),
    ...(toolCalls.length > 0 && { "tool_calls": toolCalls.map(encodeCall) }),
  };
  return reasoning && field && field !== "think-tags"
    ? { ...message, [field]: reasoning }
    : message;
}

function encodeCall(call: ToolCall): OpenAI.Chat.ChatCompletionMessageFunctionToolCall {
  const args = call.kind === "custom" ? customArguments(call.arguments) : jsonText(call.arguments);
  return { id: call.id, type: "function", function: { name: call.name, arguments: args } };
}

/** Arguments as backends accept them: some refuse a history with text that is no JSON. */
function jsonText(text: string): string {
  if (text.trim() === "") return "{}";
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify({ "INVALID_JSON": text });
  }
}

/** The result's text; its images and files are added to `files`, each under a name. */
function encodeToolResult({ toolCallId, content }: ToolMessage, files: InputPart[]): WireMessage {
  const lines: string[] = [];
  for (const part of content) {
    if (part.type === "text") {
      lines.push(part.text);
      continue;
    }
    const name = `${toolCallId}-${files.length / 2 + 1}`;
    lines.push(`See file ${name}.`);
    files.push({ type: "text", text: `This is file ${name}:` }, part);
  }
  return { role: "tool", "tool_call_id": toolCallId, content: lines.join("\n") };
}
