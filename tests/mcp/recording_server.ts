/**
 * An MCP server at a loopback port that remembers who sent what.
 * @module
 */
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";

/** One request. */
export interface RecordedRequest {
  /** The HTTP method, and that of the message in a POST. */
  readonly method: string;
  /** The session it was sent in, or that it began. */
  readonly session: string | undefined;
  /** What it said of who is calling. */
  readonly user: string | undefined;
}

/** A server whose tool `who_am_i` says what its caller's request said. */
export class RecordingServer implements AsyncDisposable {
  /** Every request, oldest first. */
  readonly requests: RecordedRequest[] = [];
  /** Most sessions there were at once. */
  mostSessions = 0;
  readonly #transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Listens. */
  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#answer(request),
    );
  }

  /** Where it is. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/mcp`;
  }

  /** What clients may not hear of it. */
  get secrets(): readonly string[] {
    return ["127.0.0.1", `:${this.#server.addr.port}`];
  }

  /** Number of sessions. */
  get sessions(): number {
    return this.#transports.size;
  }

  /** Who sent requests in each session. */
  usersBySession(): ReadonlyMap<string, ReadonlySet<string | undefined>> {
    return Map.groupBy(this.requests, ({ session }) => session ?? "none").entries().reduce(
      (users, [session, requests]) => users.set(session, new Set(requests.map(({ user }) => user))),
      new Map<string, Set<string | undefined>>(),
    );
  }

  /** Stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const transport of this.#transports.values()) await transport.close();
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { method, headers } = request;
    const user = headers.get("x-user") ?? undefined;
    const given = headers.get("mcp-session-id") ?? undefined;
    const body = method === "POST" ? await request.text() : undefined;
    const message = body === undefined ? undefined : JSON.parse(body);
    const record = (session: string | undefined) => {
      const kind = message ? `POST ${message.method}` : method;
      this.requests.push({ method: kind, session, user });
    };
    if (given !== undefined) record(given);
    const transport = given === undefined ? await this.#open() : this.#transports.get(given);
    if (!transport) return new Response("Session not found", { status: 404 });
    const response = await transport.handleRequest(
      new Request(request.url, { method, headers, body }),
    );
    if (given === undefined) record(transport.sessionId);
    return response;
  }

  async #open(): Promise<WebStandardStreamableHTTPServerTransport> {
    const server = new McpServer({ name: "recording", version: "1.0.0" });
    server.registerTool("who_am_i", {}, ({ requestInfo }) => ({
      content: [{ type: "text", text: `${requestInfo?.headers["x-user"] ?? "nobody"}` }],
    }));
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => {
        this.#transports.set(id, transport);
        this.mostSessions = Math.max(this.mostSessions, this.#transports.size);
      },
      onsessionclosed: (id) => void this.#transports.delete(id),
    });
    await server.connect(transport);
    return transport;
  }
}
