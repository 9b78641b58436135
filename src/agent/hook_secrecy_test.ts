import { assert } from "@std/assert";
import { HttpError, RequestError, RunError, toPublicError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { EventGrammar } from "../run/grammar.ts";
import { FunctionModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ApprovalRequired, ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import type { AgentHooks } from "./hooks.ts";
import { nativeOutput, toolOutput } from "./output.ts";

const RUNS = 600;

/** Numbers from 0 to 1 that follow from a seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const NAMES = [
  "Run",
  "ModelRequest",
  "ToolValidate",
  "ToolExecute",
  "OutputValidate",
  "OutputProcess",
];
const POINTS = NAMES.flatMap((name) => [
  `before${name}`,
  `wrap${name}`,
  `after${name}`,
  `on${name}Error`,
]);

class Chance {
  readonly words: string[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  pick(count: number): number {
    return Math.floor(this.#random() * count);
  }

  canary(): string {
    const word = `canary${this.pick(1e12).toString(36)}x`;
    this.words.push(word);
    return word;
  }

  /** Something to throw, in whose words nobody outside may read. */
  error(): Error {
    const word = this.canary();
    const errors = [
      () => new Error(word),
      () => new RequestError("invalid-value", word, { param: word }),
      () => new HttpError(418, word),
      () => new RunError("backend-down", word),
      () => new ModelRetry(word),
      () => new ToolFailed(word),
      () => new ApprovalRequired(word),
    ];
    return errors[this.pick(errors.length)]!();
  }
}

/** Hooks that do nothing or throw, now or later, before or after what they are around. */
function randomHooks(chance: Chance): AgentHooks {
  const hooks: Record<string, unknown> = {};
  for (const point of POINTS) {
    if (chance.pick(3) > 0) continue;
    const mayThrow = () => {
      if (chance.pick(25) === 0) throw chance.error();
    };
    if (!point.startsWith("wrap")) {
      hooks[point] = chance.pick(2) === 0 ? mayThrow : async () => await mayThrow();
    } else if (point === "wrapRun" || point === "wrapModelRequest") {
      hooks[point] = async function* (_: unknown, ...rest: unknown[]) {
        const next = rest.at(-1) as (input?: unknown) => AsyncIterable<unknown>;
        mayThrow();
        for await (const event of next(rest[0])) {
          yield event;
          mayThrow();
        }
        mayThrow();
      };
    } else {
      hooks[point] = async (
        _: unknown,
        subject: Record<string, unknown>,
        next: (input: unknown) => Promise<unknown>,
      ) => {
        mayThrow();
        const result = await next("args" in subject ? subject.args : subject.value);
        mayThrow();
        return result;
      };
    }
  }
  return hooks;
}

async function randomRun(random: () => number): Promise<{ words: string[]; visible: string }> {
  const chance = new Chance(random);
  const name = chance.canary();
  const hidden = tool({
    name,
    parameters: { type: "object", properties: { n: { type: "number" } } },
    execute: () => {
      if (chance.pick(6) === 0) throw chance.error();
      return chance.canary();
    },
  });
  const outputs = [
    "text",
    toolOutput({ type: "object" }),
    nativeOutput({ type: "object" }),
  ] as const;
  const output = outputs[chance.pick(outputs.length)]!;
  const model = new FunctionModel((_, call): ScriptedTurn => {
    const final = { text: output === "text" ? "Fine." : '{"fine":true}' };
    const args = chance.pick(5) === 0 ? { n: chance.canary() } : { n: 1 };
    if (call > 3 || chance.pick(3) === 0) {
      return output !== "text" && output.type === "tool"
        ? { toolCalls: [{ name: "final_result", arguments: { fine: true } }] }
        : final;
    }
    const error = chance.pick(8) === 0 ? new Error(chance.canary()) : undefined;
    return { reasoning: "Hm.", text: "On it.", toolCalls: [{ name, arguments: args }], error };
  });
  const agent = new Agent<unknown, unknown>({
    model,
    tools: [hidden],
    output,
    retries: 9,
    outputRetries: 9,
    approve: () => chance.pick(2) === 0,
    hooks: Array.from({ length: 1 + chance.pick(3) }, () => randomHooks(chance)),
  });
  const grammar = new EventGrammar();
  const visible: RunEvent[] = [];
  let failure = "";
  try {
    for await (const event of agent.run(testRequest(), testContext())) {
      grammar.accept(event);
      if (event.type !== "trace") visible.push(event);
    }
    grammar.end();
  } catch (error) {
    assert((error as Error).name !== "GrammarError", `${error}`);
    failure = JSON.stringify(toPublicError(error, "req"));
  }
  return { words: chance.words, visible: JSON.stringify(visible) + failure };
}

Deno.test(`nothing that hooks throw is read outside, and the grammar holds, ${RUNS} random runs`, async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = randomFrom(seed);
  let planted = 0;
  let finished = 0;
  for (let index = 0; index < RUNS; index++) {
    const { words, visible } = await randomRun(random);
    planted += words.length;
    if (visible.includes('"finish"')) finished += 1;
    const leaked = words.find((word) => visible.includes(word));
    assert(leaked === undefined, `Seed ${seed}, run ${index}: "${leaked}" in ${visible}`);
  }
  assert(planted > RUNS * 2, `Seed ${seed}: only ${planted} canaries planted`);
  assert(finished > RUNS / 10, `Seed ${seed}: only ${finished} runs finished`);
});
