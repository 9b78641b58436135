/**
 * A client of an app in the same process: no socket, no port.
 * @module
 */
import type { App } from "./app.ts";

/** Where in-process requests seem to go. */
const ORIGIN = "http://localhost";

/** Stands in where an SDK insists on a key. */
const NO_KEY = "no-key";

/** A client of the OpenAI SDK. */
export type OpenAIClient = InstanceType<typeof import("openai")["OpenAI"]>;

/** What a client of the OpenAI SDK can be told. */
export type OpenAIClientOptions = NonNullable<
  ConstructorParameters<typeof import("openai")["OpenAI"]>[0]
>;

/** How a live client finds its API. */
export interface LiveClientOptions {
  /** Which API of the app. @default the first */
  readonly prefix?: string;
  /** Sent as `Authorization: Bearer`. @default none */
  readonly apiKey?: string;
}

/** A client of a running app. Disposing it stops the app. */
export class LiveClient implements AsyncDisposable {
  /** URL of the API, as `http://localhost/v1`. */
  readonly baseURL: string;
  /** Like the global `fetch`; `/ready` is a path of the app, `models` one of the API. */
  readonly fetch: typeof globalThis.fetch;
  readonly #app: App;
  readonly #apiKey: string | undefined;

  /**
   * Binds a client to an app.
   *
   * @param app started with the first request
   */
  constructor(app: App, options: LiveClientOptions = {}) {
    this.#app = app;
    this.#apiKey = options.apiKey;
    this.baseURL = ORIGIN + (options.prefix ?? app.prefixes[0] ?? "");
    this.fetch = (input, init) => this.#fetch(input, init);
  }

  /** Gets a path, as `models` or `/health`. */
  get(path: string, init: RequestInit = {}): Promise<Response> {
    return this.fetch(path, { ...init, method: "GET" });
  }

  /** Posts a value as JSON to a path, as `chat/completions`. */
  post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("content-type", "application/json");
    return this.fetch(path, { ...init, method: "POST", headers, body: JSON.stringify(body) });
  }

  /** The OpenAI SDK, bound to the app. Nothing is taken from the environment. */
  async openai(options: OpenAIClientOptions = {}): Promise<OpenAIClient> {
    const { OpenAI } = await import("openai");
    return new OpenAI({
      apiKey: this.#apiKey ?? NO_KEY,
      organization: null,
      project: null,
      ...options,
      baseURL: this.baseURL,
      fetch: this.fetch,
    });
  }

  /** Stops the app. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.stop();
  }

  async #fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    await this.#app.start();
    const request = new Request(this.#resolve(input), init);
    if (this.#apiKey !== undefined && !request.headers.has("authorization")) {
      request.headers.set("authorization", `Bearer ${this.#apiKey}`);
    }
    const { signal } = request;
    signal.throwIfAborted();
    return untilAborted(await settled(this.#app.fetch(request), signal), signal);
  }

  #resolve(input: RequestInfo | URL): RequestInfo | URL {
    return typeof input === "string" ? new URL(input, `${this.baseURL}/`) : input;
  }
}

/**
 * A client of `app`, without a socket. The app's start and stop happen for real: `await using`.
 *
 * @example
 * ```ts ignore
 * await using client = liveClient(createApp(agent));
 * const openai = await client.openai();
 * ```
 */
export function liveClient(app: App, options: LiveClientOptions = {}): LiveClient {
  return new LiveClient(app, options);
}

/** The response, unless the signal comes first; `fetch` rejects then too. */
function settled(response: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason);
      // Nobody will read what still comes.
      response.then((late) => late.body?.cancel()).catch(() => {});
    };
    signal.addEventListener("abort", abort, { once: true });
    response.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A response whose body ends with the signal, as it does when a connection is cut. */
function untilAborted(response: Response, signal: AbortSignal): Response {
  if (!response.body) return response;
  const reader = response.body.getReader();
  let abort: () => void;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      abort = () => {
        controller.error(signal.reason);
        reader.cancel(signal.reason).catch(() => {});
      };
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (!done) return controller.enqueue(value);
      signal.removeEventListener("abort", abort);
      controller.close();
    },
    async cancel(reason) {
      signal.removeEventListener("abort", abort);
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
