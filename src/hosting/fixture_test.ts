/**
 * Runners and requests for the tests of this folder. Has no tests of its own.
 * @module
 */
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { SequentialIds } from "../testing/sequential_ids.ts";
import { CollectingLogger } from "../testing/test_context.ts";
import { type FakeModelOptions, FakeModels, type ModelSource } from "./fake_models.ts";
import { HostedModel } from "./hosted_model.ts";

/** The events of a text answer. */
export function* textEvents(...deltas: readonly string[]): Generator<RunEvent> {
  yield { type: "text-start" };
  for (const text of deltas) yield { type: "text-delta", text };
  yield { type: "text-end" };
  yield {
    type: "usage",
    usage: { inputTokens: 3, cachedInputTokens: 0, outputTokens: 2, reasoningTokens: 0 },
  };
  yield { type: "finish", reason: "stop" };
}

/** A Runner from a function, counting its starts and disposals. */
export class TestRunner implements Runner {
  starts = 0;
  disposals = 0;
  runs = 0;
  /** What `start` waits for and may fail with. */
  starting: () => Promise<void> = () => Promise.resolve();
  /** What disposal waits for and may fail with. */
  disposing: () => Promise<void> = () => Promise.resolve();
  readonly #events: (request: RunRequest, context: RunContext) => AsyncIterable<RunEvent>;

  constructor(
    events: (request: RunRequest, context: RunContext) => AsyncIterable<RunEvent> = sayHello,
  ) {
    this.#events = events;
  }

  run(request: RunRequest, context: RunContext): AsyncIterable<RunEvent> {
    this.runs += 1;
    return this.#events(request, context);
  }

  async start(): Promise<void> {
    this.starts += 1;
    await this.starting();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposals += 1;
    await this.disposing();
  }
}

async function* sayHello(): AsyncGenerator<RunEvent> {
  yield* textEvents("Hello");
}

/** A Runner that says these deltas. */
export function saying(...deltas: readonly string[]): TestRunner {
  return new TestRunner(async function* () {
    yield* textEvents(...deltas);
  });
}

/** A Runner that fails before it says anything. */
export function failing(error: () => unknown): TestRunner {
  // deno-lint-ignore require-yield -- it fails before it could.
  return new TestRunner(async function* () {
    throw error();
  });
}

/** A promise with its ends. */
export function gate<T = void>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>();
}

/** Rejects when the signal aborts, as everything that waits on the outside world does. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Options of an app whose time stands still, whose ids count and whose log can be read. */
export function testOptions(): {
  readonly clock: ManualClock;
  readonly ids: SequentialIds;
  readonly logger: CollectingLogger;
} {
  return { clock: new ManualClock(), ids: new SequentialIds(), logger: new CollectingLogger() };
}

/** A model served as "m" whose time stands still and whose log can be read. */
export function hostedModel(source: ModelSource, options: FakeModelOptions = {}): {
  readonly host: HostedModel;
  readonly clock: ManualClock;
  readonly logger: CollectingLogger;
} {
  const clock = new ManualClock();
  const logger = new CollectingLogger();
  const model = new FakeModels().add("m", source, options).get("m")!;
  return { host: new HostedModel(model, { clock, logger, reasoning: undefined }), clock, logger };
}

/** A chat completion request; `init` adds headers or replaces anything. */
export function chatRequest(
  body: Readonly<Record<string, unknown>> = {},
  init: RequestInit & { readonly url?: string } = {},
): Request {
  const { url = "http://localhost/v1/chat/completions", headers, ...rest } = init;
  return new Request(url, {
    method: "POST",
    body: JSON.stringify({
      model: "agent",
      messages: [{ role: "user", content: "Hi" }],
      ...body,
    }),
    ...rest,
    headers: { "content-type": "application/json", ...Object.fromEntries(new Headers(headers)) },
  });
}

/** Reads one frame; undefined at the end. */
export async function nextFrame(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<string | undefined> {
  const { done, value } = await reader.read();
  return done ? undefined : new TextDecoder().decode(value);
}

/** Lets everything run that only waits for promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}
