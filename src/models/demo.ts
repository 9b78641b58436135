/**
 * A backend without an LLM: for first impressions, examples and trying out.
 * @module
 */
import type { Usage } from "../run/result.ts";
import type { Clock } from "../run/seams.ts";
import { demoReply } from "./demo_reply.ts";
import type { Model, ModelCallOptions, ModelEvent, ModelProfile, ModelRequest } from "./model.ts";

/** Settings of a DemoBackend. */
export interface DemoBackendOptions {
  /** For logs. @default "demo" */
  readonly name?: string;
  /** Pause before each word of a streamed answer, as if it were thought up. @default 0 */
  readonly wordDelayMs?: number;
  /** Measures the pause. @default the runtime's timers */
  readonly clock?: Pick<Clock, "schedule">;
}

/** Roughly how many characters of a prompt make a token. */
const CHARS_PER_TOKEN = 4;

const runtimeClock: Pick<Clock, "schedule"> = {
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * Answers by fixed rules, and says so: it is not a language model. Greets, counts, does sums, calls
 * the tools whose names or descriptions the user's words touch and tells their results, and fills
 * JSON Schemas. The same request always gets the same answer, and no network is used.
 *
 * @example
 * ```ts
 * import { DemoBackend } from "@x/fakellm";
 *
 * const backend = new DemoBackend({ wordDelayMs: 20 });
 * ```
 */
export class DemoBackend implements Model {
  /** As given. */
  readonly name: string;
  /** What the rules can do; recordings are taken, not understood. */
  readonly profile: ModelProfile = {
    structuredOutput: "json-schema",
    logprobs: false,
    audioInput: true,
    fetchUrls: false,
  };
  readonly #wordDelayMs: number;
  readonly #clock: Pick<Clock, "schedule">;

  /**
   * A backend that needs nothing.
   *
   * @param options all have defaults
   */
  constructor(options: DemoBackendOptions = {}) {
    this.name = options.name ?? "demo";
    this.#wordDelayMs = options.wordDelayMs ?? 0;
    this.#clock = options.clock ?? runtimeClock;
  }

  /** One call: tool calls if the rules say so, else text, word by word when streamed. */
  async *call(
    request: ModelRequest,
    { signal }: ModelCallOptions,
  ): AsyncGenerator<ModelEvent, undefined> {
    signal.throwIfAborted();
    const { text, calls } = demoReply(request);
    const { settings } = request;
    let outputTokens = 0;
    let cut = false;
    if (text !== "") {
      const words = untilStop(text, settings.stop ?? []).match(/\s*\S+\s*$|\s*\S+/g) ?? [];
      const said = words.slice(0, settings.maxTokens);
      cut = said.length < words.length;
      outputTokens += said.length;
      yield { type: "text-start" };
      for (const piece of request.stream ? said : [said.join("")]) {
        if (request.stream && this.#wordDelayMs > 0) await this.#pause(signal);
        signal.throwIfAborted();
        yield { type: "text-delta", text: piece };
      }
      yield { type: "text-end" };
    }
    for (const [index, { name, kind, arguments: args }] of calls.entries()) {
      const id = `call_demo_${request.messages.length}_${index}`;
      yield { type: "tool-call-start", id, name, kind };
      yield { type: "tool-call-delta", arguments: args };
      yield { type: "tool-call-end" };
      outputTokens += tokens(args);
    }
    yield { type: "usage", usage: usage(request, outputTokens) };
    yield {
      type: "finish",
      reason: cut ? "length" : calls.length > 0 ? "tool-calls" : "stop",
    };
  }

  #pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        cancel();
        reject(signal.reason);
      };
      const cancel = this.#clock.schedule(this.#wordDelayMs, () => {
        signal.removeEventListener("abort", stop);
        resolve();
      });
      signal.addEventListener("abort", stop, { once: true });
    });
  }
}

function untilStop(text: string, stops: readonly string[]): string {
  const ends = stops.filter((stop) => stop !== "").map((stop) => text.indexOf(stop))
    .filter((at) => at >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
}

function usage({ messages, tools }: ModelRequest, outputTokens: number): Usage {
  let inputTokens = tools.length === 0 ? 0 : tokens(JSON.stringify(tools));
  for (const message of messages) {
    if (typeof message.content === "string") inputTokens += tokens(message.content);
    else {
      for (const part of message.content) {
        inputTokens += part.type === "text" ? tokens(part.text) : 100;
      }
    }
  }
  return { inputTokens, cachedInputTokens: 0, outputTokens, reasoningTokens: 0 };
}

function tokens(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}
