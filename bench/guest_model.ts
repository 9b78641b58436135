/**
 * A Runner that says 100 words, for `guest.ts` to serve in process and as a guest.
 * @module
 */
import type { RunEvent } from "../src/run/event.ts";
import type { Runner } from "../src/run/runner.ts";

const WORDS = Array.from({ length: 100 }, (_, index) => `word${index} `);

/** Says them as fast as they are read. */
export const agent: Runner = {
  async *run(): AsyncGenerator<RunEvent> {
    yield { type: "text-start" };
    for (const text of WORDS) yield { type: "text-delta", text };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  },
};
