/**
 * An app with OpenAI's own client at its door: in process, or over a real socket.
 * @module
 */
import OpenAI, { type ClientOptions } from "openai";
import { Agent, type App, createApp, type LiveClient, liveClient } from "../../mod.ts";
import type { AgentOptions, AppOptions, AppSource } from "../../mod.ts";
import { ScriptedModel, type ScriptedTurn } from "../../src/testing/mod.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";

/** The one message most tests send. */
export const MESSAGES: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Hello" }];

/** A running app and its foreign client. */
export interface ServedApp extends AsyncDisposable {
  readonly app: App;
  /** In process. */
  readonly live: LiveClient;
  /** Bound to `live`; never retries unless told to. */
  readonly openai: OpenAI;
  /** What operators read. */
  readonly logger: CollectingLogger;
}

/** How to serve. */
export interface ServedOptions extends AppOptions {
  /** Settings of the foreign client. @default no retries */
  readonly sdk?: ClientOptions;
}

/** Serves anything. */
export async function served(
  source: AppSource,
  { sdk, ...options }: ServedOptions = {},
): Promise<ServedApp> {
  const logger = new CollectingLogger();
  const app = createApp(source, { logger, ...options });
  const apiKey = options.apiKeys?.[0]?.key;
  const live = liveClient(app, { apiKey });
  const openai = await live.openai({ maxRetries: 0, ...sdk });
  return { app, live, openai, logger, [Symbol.asyncDispose]: () => app.stop() };
}

/** An agent served as `agent`, and the model behind it. */
export interface ServedAgent extends ServedApp {
  /** Its `requests` tell what reached the backend. */
  readonly model: ScriptedModel;
}

/** Serves an agent whose model plays `turns`. */
export async function servedAgent(
  turns: readonly (ScriptedTurn | string)[],
  { agent = {}, profile, ...options }: ServedOptions & {
    readonly agent?: Omit<AgentOptions, "model">;
    readonly profile?: Partial<ScriptedModel["profile"]>;
  } = {},
): Promise<ServedAgent> {
  const model = new ScriptedModel(turns, { profile });
  return { ...await served(new Agent({ ...agent, model }), options), model };
}

/** OpenAI's client over a socket to `app`, which the caller still has to stop. */
export async function overSocket(
  app: App,
  options: ClientOptions = {},
): Promise<AsyncDisposable & { readonly openai: OpenAI; readonly baseURL: string }> {
  const server = await app.serve({ port: 0 });
  const baseURL = `http://127.0.0.1:${server.port}/v1`;
  const openai = new OpenAI({ apiKey: "no-key", maxRetries: 0, ...options, baseURL });
  return { openai, baseURL, [Symbol.asyncDispose]: () => server.drain() };
}

/** Everything a stream brings. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
