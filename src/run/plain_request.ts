/**
 * Requests that code makes, without a client.
 * @module
 */
import type { Message, RunRequest, UserMessage } from "./request.ts";

/** What a user says, as a message. */
export function userMessage(text: string): UserMessage {
  return { role: "user", content: [{ type: "text", text }] };
}

/** What a Runner is asked, as messages; a conversation stays as it is. */
export function promptMessages(prompt: string | readonly Message[]): readonly Message[] {
  return typeof prompt === "string" ? [userMessage(prompt)] : prompt;
}

/** A request that asks for text and offers no tools; `fields` replace any of it. */
export function plainRequest(
  prompt: string | readonly Message[],
  fields: Partial<RunRequest> = {},
): RunRequest {
  return {
    messages: promptMessages(prompt),
    tools: [],
    toolChoice: { type: "auto" },
    parallelToolCalls: true,
    output: { type: "text" },
    settings: {},
    stream: false,
    parameters: {},
    extraParameters: {},
    ...fields,
  };
}
