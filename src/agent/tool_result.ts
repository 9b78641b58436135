/**
 * What a tool returns -> what the model reads.
 * @module
 */
import type { ModelProfile } from "../models/model.ts";
import type { Message, ToolMessage, UserMessage } from "../run/request.ts";
import { ToolContent } from "../tools/content.ts";
import { unsupportedPart } from "./request_check.ts";

/** A result for the model: the tool message, and files it cannot hold. */
export interface ToolResultMessages {
  readonly result: ToolMessage;
  readonly files: readonly UserMessage[];
}

/** Makes a tool message of text. */
export function toolMessage(toolCallId: string, text: string): ToolMessage {
  return { role: "tool", toolCallId, content: [{ type: "text", text }] };
}

/**
 * A string goes as it is, null and undefined as an empty string, anything else as JSON. Tool
 * messages take text only, so files follow in user messages of their own; instead of one the model
 * does not take, it reads that there is one.
 */
export function toResultMessages(
  toolCallId: string,
  value: unknown,
  { profile }: { readonly profile: ModelProfile },
): ToolResultMessages {
  if (!(value instanceof ToolContent)) {
    return { result: toolMessage(toolCallId, toText(value)), files: [] };
  }
  const files: UserMessage[] = [];
  const content = value.parts.map((part) => {
    if (part.type === "text") return part;
    const problem = unsupportedPart(part, profile);
    if (problem) return { type: "text" as const, text: `${problem}: a result was left out.` };
    const id = `${toolCallId}_${files.length + 1}`;
    files.push({ role: "user", content: [{ type: "text", text: `This is file ${id}:` }, part] });
    return { type: "text" as const, text: `See file ${id}.` };
  });
  return { result: { role: "tool", toolCallId, content }, files };
}

/** The results of a batch in call order, then the files. */
export function inCallOrder(results: readonly ToolResultMessages[]): Message[] {
  return [
    ...results.map((entry) => entry.result),
    ...results.flatMap((entry) => entry.files),
  ];
}

function toText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  return JSON.stringify(value) ?? "";
}
