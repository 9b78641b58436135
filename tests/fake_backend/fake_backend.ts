/**
 * A real HTTP server on loopback that speaks chat completions, and misbehaves as told.
 * @module
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type Reply, sendReply } from "./reply.ts";

/** One request as it arrived. */
export interface RecordedRequest {
  /** As sent, in capitals. */
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** As sent, repeated ones joined. */
  readonly headers: Headers;
  /** The parsed JSON body; empty when there was none. */
  readonly body: FakeRequestBody;
  /** Settles when the answer has been sent (`complete`) or the connection is gone before that. */
  readonly closed: Promise<"complete" | "aborted">;
}

/** The body of a recorded request, as far as tests look at it. */
export type FakeRequestBody = Readonly<Record<string, unknown>> & {
  readonly model?: string;
  readonly stream?: boolean;
  readonly messages?: readonly Readonly<Record<string, unknown>>[];
  readonly tools?: readonly Readonly<Record<string, unknown>>[];
};

/** How a fake backend answers. */
export interface FakeBackendOptions {
  /**
   * One reply for all requests, a list used in order (the last one stays), or a function of the
   * request and its number from 0. @default a text reply
   */
  readonly reply?: Reply | readonly Reply[] | ((request: RecordedRequest, call: number) => Reply);
  /** Where to listen on loopback. @default a free port */
  readonly port?: number;
}

/** A running fake backend. */
export interface FakeBackend extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/v1` */
  readonly baseURL: string;
  /** All requests so far, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Settles with the request of number `call`, from 0, once it has arrived. */
  request(call: number): Promise<RecordedRequest>;
}

/**
 * Starts a fake backend.
 *
 * @example
 * ```ts ignore
 * await using backend = await fakeBackend({ reply: { text: ["Hel", "lo"] } });
 * const model = new OpenAICompatibleBackend({ baseURL: backend.baseURL, model: "m" });
 * ```
 */
export async function fakeBackend(options: FakeBackendOptions = {}): Promise<FakeBackend> {
  const requests: RecordedRequest[] = [];
  const waiting: { call: number; resolve: (request: RecordedRequest) => void }[] = [];
  const replyOf = (request: RecordedRequest, call: number): Reply => {
    const { reply = { text: "Hello" } } = options;
    if (typeof reply === "function") return reply(request, call);
    if (!Array.isArray(reply)) return reply as Reply;
    return reply[Math.min(call, reply.length - 1)] ?? {};
  };
  // Not `Deno.serve`: tests break connections on purpose, which that reports on stderr.
  const server = createServer(async (incoming, response) => {
    const closed = Promise.withResolvers<"complete" | "aborted">();
    const gone = new AbortController();
    response.on("close", () => {
      closed.resolve(response.writableFinished ? "complete" : "aborted");
      gone.abort();
    });
    const text = await readText(incoming);
    const request: RecordedRequest = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers: headersOf(incoming),
      body: text === "" ? {} : JSON.parse(text),
      closed: closed.promise,
    };
    const call = requests.push(request) - 1;
    for (const { resolve } of waiting.filter((waiter) => waiter.call === call)) resolve(request);
    await sendReply(replyOf(request, call), response, {
      stream: request.body.stream === true,
      model: request.body.model ?? "fake",
      gone: gone.signal,
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    requests,
    request(call) {
      const known = requests[call];
      if (known) return Promise.resolve(known);
      return new Promise((resolve) => waiting.push({ call, resolve }));
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of incoming) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

function headersOf(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}
