/**
 * A Runner that says 100 words, for `guest.ts` to serve in process and as a guest.
 * @module
 */
import type { RunEvent } from "../src/run/event.ts";
import type { Runner } from "../src/run/runner.ts";

const WORDS = Array.from({ length: 100 }, (_, index) => `word${index} `);

/** Milliseconds before each word, where it is said slowly: a fast LLM's. */
const PAUSE_MS = 2;

/** Says them as fast as they are read; to whoever wants no more than 100 tokens, as an LLM would. */
export const agent: Runner = {
  async *run({ settings: { maxTokens } }): AsyncGenerator<RunEvent> {
    yield { type: "text-start" };
    for (const text of WORDS) {
      if (maxTokens === WORDS.length) {
        await new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      yield { type: "text-delta", text };
    }
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  },
};
