/**
 * The server `journal` behind an agent behind the API.
 * @module
 */
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { Journal } from "./journal.ts";
import { until } from "./processes.ts";
import { type RealServer, realServer, type TransportKind } from "./real_servers.ts";
import { type AskOptions, Served } from "./served.ts";

/** What the model is told of a call whose server died. */
export const LOST =
  '{"error":"The connection to the tool was lost. Whether the call took effect is not known."}';
/** What it is told of a call that took too long. */
export const LATE =
  '{"error":"The tool did not answer in time. Whether the call took effect is not known."}';
/** What it is told of a call that was not sent. */
export const GONE = '{"error":"The tool is not available at the moment."}';

/** Starts it over one of the transports; `options` are the toolset's. */
export async function journalled(kind: TransportKind, options = {}) {
  const stack = new AsyncDisposableStack();
  const journal = stack.use(await Journal.make());
  const server: RealServer = stack.use(await realServer("journal", kind, { env: journal.env }));
  const toolset = new MCPToolset({
    id: "srv-journal",
    timeoutMs: 5000,
    ...server.options,
    ...options,
  });
  const secrets = [...server.secrets, "journal", "hangs"];
  const served = stack.use(new Served({ toolsets: [toolset], secrets }));
  /** Makes calls that hang, and waits until they have reached the server. */
  const hang = async (names: readonly string[], ask: AskOptions & { hangs?: number } = {}) => {
    const before = journal.lines.length;
    const { hangs = 1000, ...rest } = ask;
    const asked = served.ask(names.map((name) => [name, { hangs }]), rest);
    asked.catch(() => {});
    await until("calls are there", () => journal.lines.length >= before + names.length);
    return { asked };
  };
  return {
    journal,
    server,
    served,
    toolset,
    hang,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** How long something takes, in milliseconds. */
export async function timed<T>(work: Promise<T>): Promise<readonly [value: T, ms: number]> {
  const startedAt = performance.now();
  const value = await work;
  return [value, performance.now() - startedAt];
}
