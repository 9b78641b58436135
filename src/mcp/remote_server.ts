/**
 * One server as one identity reaches it: its connection and its tools.
 * @module
 */
import type { Logger } from "../run/seams.ts";
import type { ToolContext } from "../tools/context.ts";
import { McpConnection, type OpenSession } from "./connection.ts";
import { RemoteTools } from "./remote_tools.ts";
import { environmentOf, type ServerAddress } from "./server.ts";
import type { McpPlan } from "./toolset_options.ts";
import { resolveValues } from "./values.ts";

/** Longest wait for a sign of life when somebody asks for the server's health, in milliseconds. */
const CHECK_TIMEOUT_MS = 3000;

/** What may differ between the servers of one toolset. */
export interface RemoteServerOptions {
  /**
   * Headers, or variables of the program. Asked for each session anew: secrets can be replaced while
   * the process runs.
   */
  readonly values: () => Readonly<Record<string, string>>;
  /** Told what happens; asked for each time, since it may come later. */
  readonly logger: () => Logger;
}

/** A server, until it is closed. */
export class RemoteServer<Deps> {
  /** How it is reached. */
  readonly connection: McpConnection;
  /** What it can do. */
  readonly tools: RemoteTools<Deps>;

  /** Connects nothing yet. */
  constructor(plan: McpPlan<Deps>, options: RemoteServerOptions) {
    const { id: name, clock, startTimeoutMs, valuesPerCall, values } = plan;
    const { logger } = options;
    const open = sessionOpener(plan, options);
    this.connection = new McpConnection({ name, startTimeoutMs, clock, logger, open });
    this.tools = new RemoteTools<Deps>(this.connection, {
      ...plan,
      name,
      logger,
      headersOf: valuesPerCall
        ? (ctx: ToolContext<Deps>) =>
          new Headers(resolveValues(values, ctx.deps, { use: "header" }))
        : undefined,
    });
  }

  /**
   * Looks whether the server answers.
   *
   * @throws {McpFailure} when it does not
   */
  async check(signal: AbortSignal): Promise<void> {
    const wait = { signal, timeoutMs: CHECK_TIMEOUT_MS };
    await this.connection.ask((session) => session.ping(wait), signal);
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return this.connection.close();
  }
}

function sessionOpener<Deps>(plan: McpPlan<Deps>, options: RemoteServerOptions): OpenSession {
  const { id: server, clock, fetch, maxMessageBytes } = plan;
  return async (wait) => {
    const [{ openLink }, { McpSession }] = await Promise.all([
      import("./link.ts"),
      import("./session.ts"),
    ]);
    const link = openLink(addressOf(plan, options.values()), {
      clock,
      fetch,
      maxMessageBytes,
      onErrorLine: (line) => options.logger().log("debug", "MCP server says", { server, line }),
    });
    return await McpSession.open(link, { ...wait, clock });
  };
}

function addressOf<Deps>(
  { target }: McpPlan<Deps>,
  values: Readonly<Record<string, string>>,
): ServerAddress {
  switch (target.type) {
    case "stdio":
      return { ...target, env: environmentOf(values) };
    case "streamable-http":
    case "sse":
      return { ...target, headers: values };
    case "in-process":
      return target;
    default:
      return target satisfies never;
  }
}
