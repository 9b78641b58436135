import { assert } from "@std/assert";
import { RunError, toPublicError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { EventGrammar } from "../run/grammar.ts";
import type { ToolSpec } from "../run/request.ts";
import { FunctionModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";

const RUNS = 500;

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

/** One agent with random hidden tools, driven at random; returns the canaries and what came out. */
async function randomRun(random: () => number): Promise<{ canaries: string[]; visible: string }> {
  const canaries: string[] = [];
  const canary = () => {
    const word = `canary${Math.floor(random() * 1e12).toString(36)}x`;
    canaries.push(word);
    return word;
  };
  const pick = (count: number) => Math.floor(random() * count);
  const ask: ToolSpec = { name: "ask", kind: "function" };
  const names = Array.from({ length: 1 + pick(3) }, canary);
  const tools = names.map((name) =>
    tool({
      name,
      retries: pick(3),
      sequential: pick(4) === 0,
      requiresApproval: pick(8) === 0,
      parameters: { type: "object", properties: { n: { type: "number" } } },
      execute: () => {
        const word = canary();
        switch (pick(6)) {
          case 0:
            throw new ModelRetry(word);
          case 1:
            throw new ToolFailed(word);
          case 2:
            if (pick(3) === 0) throw new Error(word);
            return word;
          case 3:
            return { [word]: canary() };
          default:
            return word;
        }
      },
    })
  );
  const clash = pick(4) === 0;
  if (clash) tools.push(tool({ name: "ask", execute: canary }));
  const structured = pick(4) === 0;
  const model = new FunctionModel((request, call): ScriptedTurn => {
    if (call > 3) return { text: structured ? '{"fine":true}' : "Fine." };
    const offered = request.tools.map((spec) => spec.name);
    const calls = Array.from({ length: pick(4) }, () => ({
      id: pick(3) === 0 ? "call_0" : canary(),
      name: pick(6) === 0 ? canary() : offered[pick(offered.length)]!,
      arguments: pick(5) === 0 ? `{"${canary()}` : { n: pick(4) === 0 ? canary() : 1 },
    })).filter((made) => made.name !== "ask");
    if (pick(5) === 0) calls.push({ id: "call_1", name: "ask", arguments: { n: 1 } });
    return { text: pick(2) === 0 ? "On my way." : undefined, toolCalls: calls };
  });
  const agent = new Agent({ model, tools, outputRetries: 9 });
  const request = testRequest({
    tools: pick(2) === 0 || clash ? [ask] : [],
    stream: pick(2) === 0,
    output: structured ? { type: "json-object" } : { type: "text" },
  });
  const visible: RunEvent[] = [];
  const grammar = new EventGrammar();
  let failure = "";
  try {
    for await (const event of agent.run(request, testContext())) {
      grammar.accept(event);
      if (event.type !== "trace") visible.push(event);
    }
    grammar.end();
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    failure = JSON.stringify(toPublicError(error, "req"));
  }
  return { canaries, visible: JSON.stringify(visible) + failure };
}

Deno.test(`nothing of hidden tools is in any event but traces, ${RUNS} random runs`, async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = randomFrom(seed);
  let planted = 0;
  for (let index = 0; index < RUNS; index++) {
    const { canaries, visible } = await randomRun(random);
    planted += canaries.length;
    const leaked = canaries.find((word) => visible.includes(word));
    assert(leaked === undefined, `Seed ${seed}, run ${index}: "${leaked}" in ${visible}`);
  }
  assert(planted > RUNS * 3, `Seed ${seed}: only ${planted} canaries planted`);
});
