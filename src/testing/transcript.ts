/**
 * Events as lines of text, for comparing runs.
 * @module
 */
import { HttpError, RequestError, RunError } from "../run/error.ts";
import type { RunEvent, Trace } from "../run/event.ts";

/** How a transcript is written. */
export interface TranscriptOptions {
  /** Writes deltas that follow each other as one. @default false */
  readonly joinDeltas?: boolean;
}

/**
 * One line for each event, and a last one for what was thrown. Only what a run decides is written:
 * no durations, no stacks.
 */
export async function transcript(
  events: AsyncIterable<RunEvent>,
  options: TranscriptOptions = {},
): Promise<string> {
  const lines: string[] = [];
  let pending: RunEvent | undefined;
  try {
    for await (const event of events) {
      const joined = options.joinDeltas && pending ? join(pending, event) : undefined;
      if (pending && !joined) lines.push(eventLine(pending));
      pending = joined ?? event;
    }
  } catch (error) {
    if (pending) lines.push(eventLine(pending));
    return `${[...lines, errorLine(error)].join("\n")}\n`;
  }
  if (pending) lines.push(eventLine(pending));
  return `${lines.join("\n")}\n`;
}

/** One event as a line: its type, then its fields in a fixed order, texts as JSON strings. */
export function eventLine(event: RunEvent): string {
  switch (event.type) {
    case "text-start":
    case "refusal-start":
    case "refusal-end":
    case "reasoning-end":
    case "tool-call-end":
      return event.type;
    case "text-delta": {
      const logprobs = event.logprobs ? ` logprobs=${JSON.stringify(event.logprobs)}` : "";
      return `text-delta ${JSON.stringify(event.text)}${logprobs}`;
    }
    case "refusal-delta":
    case "reasoning-delta":
      return `${event.type} ${JSON.stringify(event.text)}`;
    case "text-end":
      return `text-end ${event.phase ?? "final"}`;
    case "reasoning-start":
      return `reasoning-start ${event.source}`;
    case "tool-call-start":
      return `tool-call-start ${event.kind} ${event.name} ${event.id}`;
    case "tool-call-delta":
      return `tool-call-delta ${JSON.stringify(event.arguments)}`;
    case "approval-request":
      return `approval-request ${event.id} ${JSON.stringify(event.label)} ` +
        JSON.stringify(event.text);
    case "trace":
      return `trace ${traceText(event.trace)}`;
    case "usage": {
      const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = event.usage;
      return `usage in=${inputTokens} cached=${cachedInputTokens} out=${outputTokens} ` +
        `reasoning=${reasoningTokens}${event.inner ? " inner" : ""}`;
    }
    case "finish":
      return `finish ${event.reason}`;
    default:
      event satisfies never;
      return "";
  }
}

function traceText(trace: Trace["trace"]): string {
  switch (trace.kind) {
    case "tool-call":
      return `tool-call ${trace.name} ${trace.id}`;
    case "tool-result":
      return `tool-result ${trace.name} ${trace.id} ${trace.outcome}`;
    case "model-call":
      return `model-call ${trace.step} ${trace.model}`;
    case "span":
      return `span ${JSON.stringify(trace.label)}`;
    default:
      trace satisfies never;
      return "";
  }
}

function errorLine(error: unknown): string {
  if (error instanceof RequestError || error instanceof RunError) {
    return `throw ${error.name} ${error.code}: ${error.message}`;
  }
  if (error instanceof HttpError) return `throw HttpError ${error.status}: ${error.message}`;
  return `throw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
}

/** Two deltas as one, or undefined when they are not of one kind. */
function join(a: RunEvent, b: RunEvent): RunEvent | undefined {
  if (a.type === "tool-call-delta" && b.type === "tool-call-delta") {
    return { ...a, arguments: a.arguments + b.arguments };
  }
  if (a.type === "text-delta" && b.type === "text-delta") {
    const logprobs = a.logprobs || b.logprobs
      ? [...a.logprobs ?? [], ...b.logprobs ?? []]
      : undefined;
    return { type: "text-delta", text: a.text + b.text, ...(logprobs && { logprobs }) };
  }
  if (
    (a.type === "refusal-delta" || a.type === "reasoning-delta") && a.type === b.type
  ) {
    return { ...a, text: a.text + b.text };
  }
  return undefined;
}
