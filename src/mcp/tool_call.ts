/**
 * One call of a tool in the SDK's terms, answered at once or as a task. Loaded with the first
 * connection.
 * @module
 */
import {
  type CallToolResult,
  CallToolResultSchema,
  type Client,
  CreateTaskResultSchema,
} from "./sdk.ts";

/** What a request of the SDK is told. */
export interface RequestOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeout: number;
  /** Longest wait in spite of signs of progress, in milliseconds. */
  readonly maxTotalTimeout: number;
  /** Told when the server can be asked again for what a broken stream did not bring. */
  readonly onresumptiontoken: (token: string) => void;
}

/** What is called. */
export interface CalledTool {
  /** The server's own name of it. */
  readonly name: string;
  /** Its arguments. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Goes along as `_meta`. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** How long a server is waited for that is told that nobody wants its task, in milliseconds. */
const CANCEL_MS = 500;

/** Calls a tool and waits for its result. */
export async function callTool(
  client: Client,
  call: CalledTool,
  options: RequestOptions,
): Promise<CallToolResult> {
  return await client.request(requestOf(call), CallToolResultSchema, options);
}

/** Calls a tool that takes its time: the server says that it has begun, and is asked for the end. */
export async function runTask(
  client: Client,
  call: CalledTool,
  options: RequestOptions,
): Promise<CallToolResult> {
  const { tasks } = client.experimental;
  const { task: { taskId } } = await client.request(
    requestOf(call),
    CreateTaskResultSchema,
    { ...options, task: {} },
  );
  try {
    return await tasks.getTaskResult(taskId, CallToolResultSchema, options);
  } catch (error) {
    if (options.signal.aborted) {
      void tasks.cancelTask(taskId, { timeout: CANCEL_MS }).catch(() => {});
    }
    throw error;
  }
}

function requestOf({ name, args, meta }: CalledTool) {
  const params = { name, arguments: { ...args }, ...meta ? { _meta: { ...meta } } : {} };
  return { method: "tools/call" as const, params };
}
