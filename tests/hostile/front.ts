/**
 * An app on a socket before a backend that misbehaves, and what its clients may learn of that.
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Agent, createApp, OpenAICompatibleBackend } from "../../mod.ts";
import type { Model, OpenAICompatibleBackendOptions } from "../../mod.ts";
import { ManualClock } from "../../src/testing/mod.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import type { FakeBackend } from "../fake_backend/fake_backend.ts";
import type { Reply } from "../fake_backend/reply.ts";
import { type Answer, checkError, checkGood, read, type WireError } from "./answers.ts";

/** What only operators may read. */
export const SECRET = "sk-backend-Zq7xK";
/** What a backend says of itself. */
export const INSIDE = "Zq7xK-inside-the-backend";
/** Longest call of the backend. */
export const TIMEOUT_MS = 60_000;
/** Longest silence of the backend within an answer. */
export const IDLE_MS = 20_000;

/** The app in front of the backend. */
export interface Front extends AsyncDisposable {
  readonly url: string;
  /** Of the backend client. */
  readonly clock: ManualClock;
  /** Of the app. */
  readonly appClock: ManualClock;
  readonly logger: CollectingLogger;
  ask(fields: { readonly stream: boolean }, init?: RequestInit): Promise<Response>;
}

/** An agent over a backend, on a socket. */
export async function front(
  baseURL: string,
  options: Partial<OpenAICompatibleBackendOptions> & { readonly wrap?: (model: Model) => Model } =
    {},
): Promise<Front> {
  const { wrap = (model: Model) => model, ...rest } = options;
  const clock = new ManualClock();
  const appClock = new ManualClock();
  const logger = new CollectingLogger();
  const model = new OpenAICompatibleBackend({
    baseURL,
    apiKey: SECRET,
    model: "upstream",
    maxRetries: 0,
    clock,
    timeoutMs: TIMEOUT_MS,
    idleTimeoutMs: IDLE_MS,
    ...rest,
  });
  const app = createApp(new Agent({ model: wrap(model) }), {
    modelName: "agent",
    logger,
    clock: appClock,
    shutdownGraceMs: 1,
  });
  const server = await app.serve({ port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    clock,
    appClock,
    logger,
    ask: ({ stream }, init = {}) =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          model: "agent",
          stream,
          messages: [{ role: "user", content: "Hi" }],
        }),
        ...init,
      }),
    async [Symbol.asyncDispose]() {
      const stopped = server.drain();
      appClock.advance(10_000);
      await stopped;
    },
  };
}

/** Nothing of the backend is told to the client. */
export function checkQuiet({ text, headers }: Answer): void {
  for (const secret of [SECRET, INSIDE, "127.0.0.1", "upstream", "ECONNREFUSED", "fetch"]) {
    assert(!text.includes(secret), `"${secret}" in ${text}`);
    assert(![...headers.values()].some((value) => value.includes(secret)));
  }
}

/** How an HTTP failure looks. */
export interface Expected {
  readonly status: number;
  readonly code: string;
  /** @default undefined */
  readonly retryAfter?: string;
}

/** Checks an HTTP failure. */
export function checkFailure(answer: Answer, { status, code, retryAfter }: Expected): WireError {
  assertEquals(answer.status, status, answer.text);
  checkQuiet(answer);
  const error = checkError(answer);
  assertEquals(error.code, code);
  if (retryAfter !== undefined) assertEquals(answer.headers.get("retry-after"), retryAfter);
  return error;
}

/** What a backend that is not there looks like. */
export const DOWN: Expected = { status: 502, code: "server_error" };
/** Answers these bytes. */
export const raw = (text: Reply["raw"], more: Partial<Reply> = {}): Reply => ({
  raw: text,
  ...more,
});
/** Answers an error. */
export const refusal = (status: number, more: Partial<Reply> = {}): Reply => ({
  status,
  raw: JSON.stringify({ error: { message: INSIDE, type: "x", code: "y", param: INSIDE } }),
  ...more,
});
/** Events of a stream. */
export const sse = (...data: string[]) => data.map((text) => `data: ${text}\n\n`).join("");
/** The data of one chunk. */
export const chunk = (delta: unknown, reason: string | null = null) =>
  JSON.stringify({ id: "x", choices: [{ index: 0, delta, "finish_reason": reason }] });

/** Checks that the next answer, `Well again`, is a good one. */
export async function goesOn(server: Front, backend: FakeBackend): Promise<void> {
  const before = backend.requests.length;
  const answer = await read(await server.ask({ stream: false }));
  assertEquals(checkGood(answer), undefined);
  assertStringIncludes(answer.text, "Well again");
  assertEquals(backend.requests.length, before + 1);
  const health = await fetch(`${server.url}/health`);
  await health.body?.cancel();
  assertEquals(health.status, 200);
}
