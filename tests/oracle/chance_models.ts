/**
 * Agents that play by chance, and the same way whenever they are asked the same.
 * @module
 */
import { assert } from "@std/assert";
import type OpenAI from "openai";
import { z } from "zod";
import { Agent, FakeModels, ModelRetry, RunError, tool, toolOutput } from "../../mod.ts";
import { FunctionModel, type ScriptedTurn } from "../../src/testing/mod.ts";
import { Random } from "../secrecy/random.ts";

/** Pieces of text; some cut a character in two. */
const PIECES = [
  "Hello",
  " ",
  "\n\n",
  "",
  "wörld",
  "\ud83c",
  "\udca1",
  "\u2028",
  '"\\',
  "data: x\n\n",
];
const FAILURES = ["run-failed", "backend-down", "rate-limit-exceeded", "internal"] as const;

function pieces(random: Random): string[] {
  return random.list(0, 5, () => random.pick(PIECES));
}

/** What a model does in one call; follows from the seed and the call's number. */
function turn(seed: number, step: number, names: readonly string[]): ScriptedTurn {
  const random = new Random(seed * 31 + step);
  const usage = { inputTokens: random.below(99), outputTokens: random.below(99) };
  const reasoning = random.chance(0.3) ? "Because" : undefined;
  if (random.chance(0.05)) {
    const error = new RunError(random.pick(FAILURES), "detail", { retryAfterMs: 1 });
    return { reasoning, text: pieces(random), usage, error };
  }
  if (random.chance(0.08)) return { reasoning, refusal: "I will not.", usage };
  if (step > 5 || names.length === 0 || random.chance(0.35)) {
    const text = random.chance(0.3) ? ['{"a"', ":1}"] : pieces(random);
    const finishReason = random.chance(0.15)
      ? random.pick(["length", "content-filter"] as const)
      : undefined;
    return { reasoning, text, usage, finishReason };
  }
  const toolCalls = random.list(1, 3, () => ({
    name: random.chance(0.05) ? "unknown" : random.pick(names),
    arguments: random.pick(["", "{}", { a: 1 }, { a: "\ud83c\udca1" }, "{"]),
  }));
  return { reasoning, text: pieces(random), toolCalls, usage };
}

/** Names of `chanceModels`, the plain one more often. */
export const NAMES: readonly string[] = ["plain", "plain", "tool", "either"];

/** Agents that do the same for the same seed, which the user says. */
export function chanceModels(): FakeModels {
  const model = () =>
    new FunctionModel(({ messages, tools }) => {
      const said = messages.find(({ role }) => role === "user");
      assert(said?.role === "user" && said.content[0]?.type === "text");
      const step = messages.filter(({ role }) => role === "assistant").length;
      return turn(Number(said.content[0].text), step, tools.map(({ name }) => name));
    });
  const look = tool({
    name: "look",
    parameters: z.object({ a: z.number().optional() }),
    execute: ({ a }) => {
      if (a === 1) throw new ModelRetry("not one");
      return "seen";
    },
  });
  return new FakeModels()
    .add("plain", new Agent({ model: model(), tools: [look], retries: 2 }))
    .add(
      "tool",
      new Agent({ model: model(), tools: [look], output: toolOutput(z.object({ a: z.number() })) }),
    )
    .add(
      "either",
      new Agent({ model: model(), output: ["text", toolOutput(z.object({ a: z.number() }))] }),
    );
}

/**
 * What went wrong, by one code whichever way it was told. OpenAI's helpers wrap what comes in band
 * and leave only the words.
 */
export function codeOf({ code, message }: InstanceType<typeof OpenAI.APIError>): string {
  if (code) return code === "invalid_prompt" ? "run_failed" : code;
  if (message.includes("could not produce")) return "run_failed";
  return message.startsWith("Rate limit") ? "rate_limit_exceeded" : "server_error";
}
