/**
 * Sessions with fake servers, for the tests of sessions. Has no tests of its own.
 * @module
 */
import { systemClock } from "../context/system.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import type { McpFailure } from "./failure.ts";
import { type HandlerExtra, SERVER_URL, type ServerSetup, textResult } from "./fixture_test.ts";
import { openLink } from "./link.ts";
import type { ServerAddress } from "./server.ts";
import { McpSession } from "./session.ts";
import type { FetchLike } from "./watched_fetch.ts";

/** A session and what it told whoever opened it. */
export async function open(
  address: ServerAddress,
  { fetch = globalThis.fetch, clock = new ManualClock(), signal = new AbortController().signal }: {
    readonly fetch?: FetchLike;
    readonly clock?: ManualClock;
    readonly signal?: AbortSignal;
  } = {},
) {
  const link = openLink(address, {
    clock: systemClock,
    fetch,
    maxMessageBytes: 1_000_000,
    onErrorLine: () => {},
  });
  const losses: McpFailure[] = [];
  let changes = 0;
  const session = await McpSession.open(link, {
    signal,
    timeoutMs: 1000,
    clock,
    onLost: (failure) => losses.push(failure),
    onToolsChanged: () => changes += 1,
  });
  return {
    session,
    clock,
    losses,
    changes: () => changes,
    call: (name: string, options: Partial<Parameters<McpSession["callTool"]>[2]> = {}) => {
      const wait = { signal: new AbortController().signal, timeoutMs: 500 };
      return session.callTool(name, {}, { ...wait, ...options });
    },
    [Symbol.asyncDispose]: () => session.close(),
  };
}

export function httpAddress(type: "streamable-http" | "sse" = "streamable-http"): ServerAddress {
  return { type, url: SERVER_URL, headers: { "x-app": "fakellm" } };
}

/** A tool whose calls end when the test says. */
export function heldTool() {
  const calls: (HandlerExtra & { readonly end: (text: string) => void })[] = [];
  const setup: ServerSetup = (server) => {
    server.registerTool("hold", {}, async (extra: HandlerExtra) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      calls.push({ ...extra, signal: extra.signal, end: resolve });
      return textResult(await promise);
    });
    server.registerTool("hello", {}, () => textResult("Hello"));
    server.registerTool("fail", {}, () => {
      throw new Error("no such thing");
    });
  };
  return { calls, setup };
}
