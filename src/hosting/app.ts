/**
 * The app: what `createApp` makes and everything web-standard can serve.
 * @module
 */
import { createHost } from "./host.ts";
import type { Entrypoint, SharedOptions } from "./entrypoint.ts";
import type { AppSource } from "./fake_models.ts";
import type { Served, ServeOptions } from "./server.ts";

/** What a server knows of a connection; `Deno.serve` passes it along with the request. */
export interface ConnectionInfo {
  /** The other end; `hostname` is there for TCP. */
  readonly remoteAddr?: object;
}

/** Models behind OpenAI's API. `export default app` works under `deno serve`. */
export interface App extends AsyncDisposable {
  /** Paths the APIs live under, as `/v1`. */
  readonly prefixes: readonly string[];
  /** Whether every API needs a key. */
  readonly keyed: boolean;
  /** Answers one request; bound. Starts the app if nobody did. */
  readonly fetch: (request: Request, info?: ConnectionInfo) => Promise<Response>;
  /**
   * Builds and enters what lives as long as the app. Runs once; further calls share its outcome,
   * and a failed start is tried again at the next call.
   *
   * @throws {SetupError} when the configuration turns out wrong
   */
  start(): Promise<void>;
  /** Stops every run and releases everything; further requests get 503. Idempotent. */
  stop(): Promise<void>;
  /**
   * Starts the app and listens.
   *
   * @throws {SetupError} when the host is reachable from outside and an API needs no key
   */
  serve(options?: ServeOptions): Promise<Served>;
}

/** What `createApp` takes besides the models. */
export interface AppOptions extends SharedOptions, Omit<Entrypoint, "models" | "prefix"> {
  /** Path of the API. @default "/v1" */
  readonly prefix?: string;
}

/**
 * An app with one API.
 *
 * @param source an agent, a workflow, a factory, `FakeModels` or a record of those
 * @throws {SetupError} when an option or the source is wrong
 */
export function createApp(source: AppSource, options: AppOptions = {}): App {
  const {
    prefix = "/v1",
    modelName,
    apiKeys,
    auth,
    requestContextFactory,
    responsesReasoning,
    ...shared
  } = options;
  return createHost({
    ...shared,
    entrypoints: [{
      prefix,
      models: source,
      modelName,
      apiKeys,
      auth,
      requestContextFactory,
      responsesReasoning,
    }],
  });
}
