/**
 * What a fake backend answers, as data.
 * @module
 */
import type { ServerResponse } from "node:http";
import { completionBody, streamEvents } from "./completion.ts";

/** A call in a reply. */
export interface ReplyToolCall {
  /** Null leaves it out. @default "call_" and its position */
  readonly id?: string | null;
  /** The tool's name. */
  readonly name: string;
  /** JSON text, or a list of pieces of it, each a delta. */
  readonly arguments: string | readonly string[];
}

/** One reply. Without `raw` or `status` it is a well-formed completion, streamed if asked so. */
export interface Reply {
  /** Visible text; an array is one delta each. */
  readonly text?: string | readonly string[];
  /** Reasoning, before the text. */
  readonly reasoning?: string;
  /** Where reasoning goes. @default "reasoning_content" */
  readonly reasoningField?: "reasoning" | "reasoning_content";
  /** A refusal, after the text. */
  readonly refusal?: string;
  /** Calls of tools, after everything else. */
  readonly toolCalls?: readonly ReplyToolCall[];
  /** Sends the pieces of parallel calls by turns. @default false */
  readonly interleaved?: boolean;
  /** Null leaves it out. @default "tool_calls" if there are any, else "stop" */
  readonly finishReason?: string | null;
  /** Null leaves it out. @default 11 in, 7 out */
  readonly usage?: Readonly<Record<string, unknown>> | null;
  /** Whether a stream ends with `[DONE]`. @default true */
  readonly done?: boolean;
  /** Awaited before the head of the answer is sent. */
  readonly before?: () => Promise<void>;
  /** Awaited before write number `index`, from 0, of the body. */
  readonly beforeWrite?: (index: number) => Promise<void> | void;
  /** Number of writes that go out before `ending` takes place. @default all */
  readonly endAfter?: number;
  /** What happens after the writes. @default "answer" */
  readonly ending?:
    /** The body ends as it should. */
    | "answer"
    /** The connection breaks within the body. */
    | "cut"
    /** Nothing more comes, and the connection stays open. */
    | "hang"
    /** Nothing comes at all, not even a head. */
    | "never";
  /** How a stream's bytes are cut into writes. @default "events" */
  readonly writes?: "events" | "one" | "bytes";
  /** What ends a line of a stream. @default "\n" */
  readonly lineEnd?: "\n" | "\r\n" | "\r";
  /** Sends a comment before each event of a stream. @default false */
  readonly comments?: boolean;
  /** Answers this body instead of a completion. */
  readonly raw?: string | readonly string[] | Uint8Array;
  /** HTTP status. @default 200 */
  readonly status?: number;
  /** Added to `content-type`, or instead of it. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a reply answers. */
export interface ReplyContext {
  /** Whether the request asks for a stream. */
  readonly stream: boolean;
  /** The model the request names. */
  readonly model: string;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
}

const encoder = new TextEncoder();

/** Sends a reply. */
export async function sendReply(
  reply: Reply,
  response: ServerResponse,
  context: ReplyContext,
): Promise<void> {
  await reply.before?.();
  if (reply.ending === "never") return;
  const type = reply.raw === undefined && context.stream ? "text/event-stream" : "application/json";
  response.writeHead(reply.status ?? 200, { "content-type": type, ...reply.headers });
  response.flushHeaders();
  const writes = writesOf(reply, context);
  for (const [index, write] of writes.slice(0, reply.endAfter).entries()) {
    await reply.beforeWrite?.(index);
    if (context.gone.aborted) return;
    await written(response, write, context.gone);
  }
  if (reply.ending === "cut") response.destroy();
  else if (reply.ending !== "hang") response.end();
}

function writesOf(reply: Reply, { stream, model }: ReplyContext): readonly (string | Uint8Array)[] {
  const { raw } = reply;
  if (raw !== undefined) return typeof raw === "string" || raw instanceof Uint8Array ? [raw] : raw;
  if (!stream) return [JSON.stringify(completionBody(reply, model))];
  const end = reply.lineEnd ?? "\n";
  const events = streamEvents(reply, model).map((data) =>
    `${reply.comments ? `: keep-alive${end}` : ""}data: ${data}${end}${end}`
  );
  if (reply.writes === "one") return [events.join("")];
  if (reply.writes !== "bytes") return events;
  return Array.from(encoder.encode(events.join("")), (byte) => Uint8Array.of(byte));
}

/** Writes, and waits until it is on its way or the client has gone. */
function written(
  response: ServerResponse,
  write: string | Uint8Array,
  gone: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    gone.addEventListener("abort", () => resolve(), { once: true });
    response.write(write, () => resolve());
  });
}
