/**
 * The app that is attacked.
 * @module
 */
import { Agent, type App, createApp, DemoBackend, tool } from "../../mod.ts";
import type { AppOptions } from "../../mod.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import { type Answer, read } from "./answers.ts";
import type { Surface } from "./surface.ts";

/** An app under attack. */
export interface Target extends AsyncDisposable {
  readonly app: App;
  readonly logger: CollectingLogger;
  /** Posts a body as JSON to the API, in process. */
  post(body: BodyInit | null, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Sends something else, in process; a path is that of a URL. */
  send(method: string, path: string): Promise<Answer>;
}

/** An agent with a hidden tool over the demo backend, served as `agent`. */
export function target(surface: Surface, options: AppOptions = {}): Target {
  const logger = new CollectingLogger();
  const clock = tool({ name: "clock", description: "The time", execute: () => "12:00" });
  const app = createApp(new Agent({ model: new DemoBackend(), tools: [clock] }), {
    modelName: "agent",
    logger,
    ...options,
  });
  const fetch = async (url: string, init: RequestInit) =>
    await read(await app.fetch(new Request(url, init)));
  return {
    app,
    logger,
    post: (body, headers = {}) =>
      fetch(surface.url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
      }),
    send: (method, path) => fetch(new URL(surface.url).origin + path, { method }),
    [Symbol.asyncDispose]: () => app.stop(),
  };
}
