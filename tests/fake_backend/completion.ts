/**
 * The JSON of a fake backend's completions.
 * @module
 */
import type { Reply, ReplyToolCall } from "./reply.ts";

const ENVELOPE = { id: "chatcmpl-fake", created: 1_700_000_000 };

/** The body of an unstreamed completion. */
export function completionBody(reply: Reply, model: string): Readonly<Record<string, unknown>> {
  const calls = reply.toolCalls?.map((call, index) => ({
    id: idOf(call, index),
    type: "function",
    function: { name: call.name, arguments: pieces(call.arguments).join("") },
  }));
  const message = {
    role: "assistant",
    content: reply.text === undefined ? null : pieces(reply.text).join(""),
    refusal: reply.refusal ?? null,
    ...(reply.reasoning !== undefined && {
      [reply.reasoningField ?? "reasoning_content"]: reply.reasoning,
    }),
    ...(calls && { "tool_calls": calls }),
  };
  return {
    ...ENVELOPE,
    object: "chat.completion",
    model,
    choices: [{ index: 0, message, logprobs: null, "finish_reason": finishReason(reply) }],
    ...usage(reply),
  };
}

/** The data of each event of a streamed completion. */
export function streamEvents(reply: Reply, model: string): string[] {
  const events: string[] = [];
  const choice = (delta: unknown, reason: string | null = null) =>
    events.push(JSON.stringify({
      ...ENVELOPE,
      object: "chat.completion.chunk",
      model,
      choices: [{ index: 0, delta, logprobs: null, "finish_reason": reason }],
    }));
  choice({ role: "assistant", content: "" });
  if (reply.reasoning !== undefined) {
    choice({ [reply.reasoningField ?? "reasoning_content"]: reply.reasoning });
  }
  for (const content of pieces(reply.text ?? [])) choice({ content });
  if (reply.refusal !== undefined) choice({ refusal: reply.refusal });
  for (const delta of toolDeltas(reply)) choice({ "tool_calls": [delta] });
  const reason = finishReason(reply);
  if (reason !== null) choice({}, reason);
  const counts = usage(reply);
  if (counts) {
    events.push(JSON.stringify({
      ...ENVELOPE,
      object: "chat.completion.chunk",
      model,
      choices: [],
      ...counts,
    }));
  }
  if (reply.done ?? true) events.push("[DONE]");
  return events;
}

function toolDeltas(reply: Reply): unknown[] {
  const perCall = (reply.toolCalls ?? []).map((call, index) => {
    const id = idOf(call, index);
    return [
      {
        index,
        ...(id !== null && { id }),
        type: "function",
        function: { name: call.name, arguments: "" },
      },
      ...pieces(call.arguments).map((text) => ({ index, function: { arguments: text } })),
    ];
  });
  if (!reply.interleaved) return perCall.flat();
  const longest = Math.max(0, ...perCall.map((deltas) => deltas.length));
  return Array.from({ length: longest }, (_, turn) => perCall.map((deltas) => deltas[turn])).flat()
    .filter((delta) => delta !== undefined);
}

function idOf(call: ReplyToolCall, index: number): string | null {
  return call.id === undefined ? `call_${index}` : call.id;
}

function pieces(text: string | readonly string[]): readonly string[] {
  return typeof text === "string" ? [text] : text;
}

function finishReason(reply: Reply): string | null {
  if (reply.finishReason !== undefined) return reply.finishReason;
  return reply.toolCalls && reply.toolCalls.length > 0 ? "tool_calls" : "stop";
}

function usage(reply: Reply): Readonly<Record<string, unknown>> | undefined {
  if (reply.usage === null) return undefined;
  return {
    usage: reply.usage ??
      { "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 },
  };
}
