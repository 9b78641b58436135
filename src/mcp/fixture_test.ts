/**
 * MCP servers without processes and sockets for the tests of this folder. Has no tests of its own.
 * @module
 */
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { assert } from "@std/assert";
import { untilAborted } from "../run/until_aborted.ts";
import { macrotask } from "../testing/macrotask.ts";
import type { JSONRPCMessage, Transport } from "./sdk.ts";
import type { FetchLike } from "./watched_fetch.ts";

export { McpServer };

/** Where fake servers seem to be. */
export const SERVER_URL = "http://mcp.test/mcp";

/** What a handler of the SDK is told besides arguments. */
export interface HandlerExtra {
  readonly signal: AbortSignal;
  readonly _meta?: Readonly<Record<string, unknown>>;
  readonly requestInfo?: { readonly headers: Readonly<Record<string, unknown>> };
}

/** What a server object offers; kept when it makes another for another session. */
export type ServerSetup = (server: McpServer) => void;

/** A server object of the SDK. */
export function makeServer(
  setup: ServerSetup,
  options: { readonly instructions?: string } = {},
): McpServer {
  const server = new McpServer({ name: "fake", version: "1.0.0" }, {
    ...options,
    // Many notices of one moment are one.
    debouncedNotificationMethods: ["notifications/tools/list_changed"],
  });
  setup(server);
  return server;
}

/** The result of a tool that returns text. */
export function textResult(text: string) {
  return { content: [{ type: "text" as const, text }] };
}

/** Waits, without a clock, until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    assert(turn < 10_000, `it never holds: ${holds}`);
    await macrotask();
  }
}

/** A request that a fake server got. */
export interface Received {
  readonly method: string;
  readonly headers: Headers;
  /** The message of a POST. */
  readonly message: { readonly method?: string; readonly params?: unknown } | undefined;
}

/** What fake servers over HTTP have in common: a `fetch` that fails as the real one does. */
abstract class FakeHttpServer {
  /** Every request, oldest first. */
  readonly received: Received[] = [];
  /** Whether nobody listens. */
  down = false;
  /** Whether requests are taken and not answered. */
  hung = false;
  /** Bodies that are being read, and the HTTP methods they answer. */
  readonly #streams = new Map<TransformStreamDefaultController, string>();

  /** Number of bodies that are being read. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** Does the requests of clients. */
  readonly fetch: FetchLike = async (url, init) => {
    const request = new Request(url, init);
    const { method, headers, signal } = request;
    signal.throwIfAborted();
    if (this.down) {
      const cause = new Error("client error (Connect): tcp connect error: Connection refused");
      throw new TypeError(`error sending request for url (${url})`, { cause });
    }
    const message = method === "POST" ? await request.clone().json() : undefined;
    this.received.push({ method, headers, message });
    if (this.hung) await untilAborted(new Promise(() => {}), signal);
    const answer = this.answer(request);
    const response = await untilAborted(answer, signal).catch((error: unknown) => {
      // Nobody reads an answer that comes after the abort.
      answer.then((late) => late.body?.cancel()).catch(() => {});
      throw error;
    });
    if (signal.aborted) await response.body?.cancel();
    // It may have been aborted in the same moment.
    signal.throwIfAborted();
    if (!response.body) return response;
    const { status, statusText } = response;
    const body = this.#breakable(response.body, request);
    return new Response(body, { status, statusText, headers: response.headers });
  };

  /** The messages of one method, oldest first. */
  messages(method: string): Received[] {
    return this.received.filter(({ message }) => message?.method === method);
  }

  /** Breaks every body that is being read, or those of some methods, as when a connection is reset. */
  breakStreams(...methods: readonly string[]): void {
    for (const [stream, method] of this.#streams) {
      if (methods.length > 0 && !methods.includes(method)) continue;
      stream.error(new TypeError("error reading a body from connection"));
      this.#streams.delete(stream);
    }
  }

  protected abstract answer(request: Request): Promise<Response>;

  #breakable(
    body: ReadableStream<Uint8Array>,
    { signal, method }: Request,
  ): ReadableStream<Uint8Array> {
    let controller: TransformStreamDefaultController;
    const over = () => {
      this.#streams.delete(controller);
      signal.removeEventListener("abort", abort);
    };
    const abort = () => {
      over();
      controller.error(signal.reason);
    };
    const transform = new TransformStream<Uint8Array, Uint8Array>({
      start: (given) => {
        controller = given;
        this.#streams.set(given, method);
        if (signal.aborted) abort();
        else signal.addEventListener("abort", abort);
      },
      flush: over,
      cancel: over,
    });
    body.pipeTo(transform.writable).catch(() => {});
    return transform.readable;
  }
}

/** How a fake server behaves. */
export interface HttpServerOptions {
  /** Whether it answers with JSON instead of streams. */
  readonly json?: boolean;
  /** Whether streams can be taken up again. */
  readonly resumable?: boolean;
}

/** A server over streamable HTTP. */
export class HttpServer extends FakeHttpServer {
  /** Server objects by session. */
  readonly sessions = new Map<string, McpServer>();
  readonly #transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
  readonly #setup: ServerSetup;
  readonly #options: HttpServerOptions;
  #count = 0;

  constructor(setup: ServerSetup, options: HttpServerOptions = {}) {
    super();
    this.#setup = setup;
    this.#options = options;
  }

  /** Forgets every session, as a new process of it would. */
  restart(): void {
    this.breakStreams();
    this.sessions.clear();
    this.#transports.clear();
  }

  protected override async answer(request: Request): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    const known = id === null ? await this.#open() : this.#transports.get(id);
    if (!known) return new Response("Session not found", { status: 404 });
    return await known.handleRequest(request);
  }

  async #open(): Promise<WebStandardStreamableHTTPServerTransport> {
    const server = makeServer(this.#setup);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => `session-${++this.#count}`,
      enableJsonResponse: this.#options.json ?? false,
      eventStore: this.#options.resumable ? eventStore() : undefined,
      retryInterval: this.#options.resumable ? 1 : undefined,
      onsessioninitialized: (id) => {
        this.sessions.set(id, server);
        this.#transports.set(id, transport);
      },
      onsessionclosed: (id) => {
        this.sessions.delete(id);
        this.#transports.delete(id);
      },
    });
    await server.connect(transport);
    return transport;
  }
}

/** Keeps what streams have carried. */
function eventStore() {
  const events: { readonly streamId: string; readonly message: JSONRPCMessage }[] = [];
  return {
    storeEvent(streamId: string, message: JSONRPCMessage) {
      return Promise.resolve(`${events.push({ streamId, message })}`);
    },
    async replayEventsAfter(
      lastId: string,
      { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
    ) {
      const { streamId } = events[Number(lastId) - 1]!;
      for (const [index, event] of events.entries()) {
        if (index >= Number(lastId) && event.streamId === streamId && "jsonrpc" in event.message) {
          await send(`${index + 1}`, event.message);
        }
      }
      return streamId;
    },
  };
}

/** A server over SSE, as they were before 2025. */
export class SseServer extends FakeHttpServer {
  readonly #setup: ServerSetup;
  readonly #transports = new Map<string, Transport>();
  #count = 0;

  constructor(setup: ServerSetup) {
    super();
    this.#setup = setup;
  }

  protected override async answer(request: Request): Promise<Response> {
    if (request.method === "GET") return await this.#open();
    const id = new URL(request.url).searchParams.get("session")!;
    const transport = this.#transports.get(id);
    if (!transport) return new Response("Session not found", { status: 404 });
    transport.onmessage?.(await request.json());
    return new Response("Accepted", { status: 202 });
  }

  async #open(): Promise<Response> {
    const id = `${++this.#count}`;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    writer.closed.catch(() => this.#transports.delete(id));
    const write = (text: string) => {
      writer.write(new TextEncoder().encode(text)).catch(() => {});
      return Promise.resolve();
    };
    const transport: Transport = {
      start: () => write(`event: endpoint\ndata: /message?session=${id}\n\n`),
      send: (message) => write(`event: message\ndata: ${JSON.stringify(message)}\n\n`),
      close: () => writer.close(),
    };
    this.#transports.set(id, transport);
    await makeServer(this.#setup).connect(transport);
    return new Response(readable, { headers: { "content-type": "text/event-stream" } });
  }
}
