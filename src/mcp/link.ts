/**
 * What a session runs over, by kind of server. Loaded with the first connection.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import { CallWatch } from "./call_watch.ts";
import {
  InMemoryTransport,
  SSEClientTransport,
  SseError,
  StreamableHTTPClientTransport,
  type Transport,
} from "./sdk.ts";
import type { InProcessServer, ServerAddress } from "./server.ts";
import { StdioTransport } from "./stdio_transport.ts";
import { type FetchLike, watchedFetch } from "./watched_fetch.ts";

/** One way to one server, for one session. */
export interface Link {
  /** Carries the messages. */
  readonly transport: Transport;
  /** Tells which call an error belongs to; absent where an error concerns all. */
  readonly watch?: CallWatch;
  /** Why the other end is gone, where that can be known. */
  readonly endedBy?: () => string | undefined;
  /** Tells the server that the session is over, where servers want to know. */
  readonly goodbye?: () => Promise<void>;
  /** Whether an error means that the session is over; absent where only its end does. */
  readonly isLoss?: (error: Error) => boolean;
}

/** What links need besides the address. */
export interface LinkOptions {
  /** Time. */
  readonly clock: Clock;
  /** Does HTTP requests. */
  readonly fetch: FetchLike;
  /** Longest message of the server, in bytes. */
  readonly maxMessageBytes: number;
  /** Told each line a started server writes to standard error. */
  readonly onErrorLine: (line: string) => void;
}

/** Prepares a way to the server; nothing is started or sent yet. */
export function openLink(address: ServerAddress, options: LinkOptions): Link {
  switch (address.type) {
    case "stdio": {
      const { command, args, env, cwd } = address;
      const transport = new StdioTransport({ command, args, env, cwd, ...options });
      return { transport, endedBy: () => transport.endedBy };
    }
    case "streamable-http": {
      const watch = new CallWatch();
      const transport = new StreamableHTTPClientTransport(new URL(address.url), {
        requestInit: { headers: { ...address.headers } },
        fetch: watchedFetch({ ...options, watch }),
      });
      return { transport, watch, goodbye: () => transport.terminateSession() };
    }
    case "sse": {
      const watch = new CallWatch();
      const transport = new SSEClientTransport(new URL(address.url), {
        requestInit: { headers: { ...address.headers } },
        fetch: watchedFetch({ ...options, watch }),
      });
      // The server ties a session to its stream: a new one is another session.
      return { transport, watch, isLoss: (error) => error instanceof SseError };
    }
    case "in-process":
      return { transport: linked(address.server) };
    default:
      return address satisfies never;
  }
}

function linked(server: InProcessServer): Transport {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const start = ours.start.bind(ours);
  // The time limit for starts holds for what makes the server, too.
  ours.start = async () => {
    const made = typeof server === "function" ? await server() : server;
    // Structural: what the server's own version of the SDK calls a transport is not known here.
    await made.connect(theirs as never);
    await start();
  };
  return ours;
}
