/**
 * Connections with fake sessions, for the tests of connections. Has no tests of its own.
 * @module
 */
import { ManualClock } from "../testing/manual_clock.ts";
import { CollectingLogger } from "../testing/test_context.ts";
import { McpConnection, type OpenSession } from "./connection.ts";
import { McpFailure } from "./failure.ts";
import type { McpSession } from "./session.ts";

/** What a connection uses of a session. */
export class FakeSession {
  failure: McpFailure | undefined;
  retired = false;
  closing = false;
  readonly #closed = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  readonly #onLost: (failure: McpFailure) => void;

  constructor(onLost: (failure: McpFailure) => void) {
    this.#onLost = onLost;
  }

  retire(): Promise<void> {
    this.retired = true;
    return this.#over.promise;
  }

  close(): Promise<void> {
    this.closing = true;
    this.failure ??= new McpFailure("not-sent", "Session is closed");
    this.#over.resolve(this.#closed.promise);
    return this.#closed.promise;
  }

  /** Lets `close` resolve. */
  finish(): void {
    this.#closed.resolve();
  }

  /** Ends as when the server dies. */
  lose(message = "server died"): void {
    this.failure = new McpFailure("lost", message);
    this.#onLost(this.failure);
  }
}

/** An attempt to open a session, which the test decides. */
export type Attempt = Parameters<OpenSession>[0] & {
  readonly open: () => FakeSession;
  readonly fail: (error: unknown) => void;
};

/** A connection whose attempts and sessions are the test's. */
export function connection(options: { readonly slowClose?: boolean } = {}) {
  const clock = new ManualClock();
  const logger = new CollectingLogger();
  const attempts: Attempt[] = [];
  const sessions: FakeSession[] = [];
  /** What an attempt comes to; undefined: the test says. */
  let answer: "open" | Error | undefined = "open";
  const open: OpenSession = (wait) => {
    const { promise, resolve, reject } = Promise.withResolvers<McpSession>();
    const attempt: Attempt = {
      ...wait,
      open: () => {
        const session = new FakeSession(wait.onLost);
        if (!options.slowClose) session.finish();
        sessions.push(session);
        resolve(session as unknown as McpSession);
        return session;
      },
      fail: reject,
    };
    attempts.push(attempt);
    if (answer === "open") attempt.open();
    else if (answer) attempt.fail(answer);
    return promise;
  };
  const made = new McpConnection({
    name: "files",
    open,
    startTimeoutMs: 5000,
    clock,
    logger: () => logger,
  });
  const { signal } = new AbortController();
  return {
    connection: made,
    clock,
    logger,
    attempts,
    sessions,
    signal,
    answerWith: (next: typeof answer) => answer = next,
    session: () => made.session(signal) as unknown as Promise<FakeSession>,
    renew: (session: FakeSession) =>
      made.renew(session as unknown as McpSession, signal) as unknown as Promise<FakeSession>,
    giveUp: (session: FakeSession) =>
      made.giveUp(session as unknown as McpSession, new McpFailure("timeout", "silent")),
  };
}

/** There is nobody. */
export const refused = new McpFailure("not-sent", "connection refused");
