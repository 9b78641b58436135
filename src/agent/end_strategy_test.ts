import { assertEquals } from "@std/assert";
import { z } from "zod";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { Message } from "../run/request.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import { nativeOutput, toolOutput } from "./output.ts";
import type { EndStrategy } from "./plan.ts";

const DONE = "Final result processed.";
const SKIPPED = "Tool not executed - a final result was already processed.";

/** Runs the turns under a strategy; `log` says what ran in which order. */
async function settle(endStrategy: EndStrategy | undefined, ...turns: ScriptedTurn[]) {
  const log: string[] = [];
  let failures = 1;
  const tools = [
    tool({ name: "work", execute: () => log.push("work") }),
    tool({
      name: "flaky",
      execute: () => {
        log.push("flaky");
        if (failures-- > 0) throw new ModelRetry("again");
      },
    }),
  ];
  const output = toolOutput(z.object({ n: z.number() }), {
    process: ({ n }) => {
      log.push(`output ${n}`);
      return n;
    },
  });
  const agent = new Agent({ model: new ScriptedModel(turns), tools, output, endStrategy });
  const result = await agent.generate("x");
  return { log, output: result.output, results: results(result.messages) };
}

function results(messages: readonly Message[]): string[] {
  return messages.flatMap((message) =>
    message.role === "tool"
      ? message.content.map((part) => part.type === "text" ? part.text : "")
      : []
  );
}

const out = (n: unknown) => ({ name: "final_result", arguments: { n } });
const work = { name: "work" };
const flaky = { name: "flaky" };

Deno.test("graceful keeps the model's order, the first valid output wins, functions run", async () => {
  const settled = await settle(undefined, { toolCalls: [work, out(1), out(2), work] });
  assertEquals(settled.output, 1);
  assertEquals(settled.log, ["work", "output 1", "work"]);
  assertEquals(settled.results, ["1", DONE, SKIPPED, "3"]);
});

Deno.test("graceful passes over an invalid output to a valid one", async () => {
  const settled = await settle("graceful", { toolCalls: [out("x"), out(2)] });
  assertEquals([settled.output, settled.log], [2, ["output 2"]]);
});

Deno.test("early takes outputs first and skips functions on success", async () => {
  const settled = await settle("early", { toolCalls: [work, out(1), flaky] });
  assertEquals([settled.output, settled.log], [1, ["output 1"]]);
  assertEquals(settled.results, [SKIPPED, DONE, SKIPPED]);
});

Deno.test("early runs functions when no output is valid", async () => {
  const settled = await settle("early", { toolCalls: [work, out("x")] }, { toolCalls: [out(2)] });
  assertEquals([settled.output, settled.log], [2, ["work", "output 2"]]);
});

Deno.test("exhaustive runs everything; the first valid output wins", async () => {
  const settled = await settle("exhaustive", { toolCalls: [out(1), work, out(2)] });
  assertEquals([settled.output, settled.log], [1, ["output 1", "work", "output 2"]]);
  assertEquals(settled.results, [DONE, "2", DONE]);
});

Deno.test("a function that must be repeated cancels the won output, except under early", async () => {
  for (const strategy of ["graceful", "exhaustive"] as const) {
    const settled = await settle(strategy, { toolCalls: [out(1), flaky] }, {
      toolCalls: [flaky, out(2)],
    });
    assertEquals([settled.output, settled.log], [2, ["output 1", "flaky", "flaky", "output 2"]]);
  }
});

Deno.test("client calls beside a won output are not handed out", async () => {
  const model = new ScriptedModel([{ toolCalls: [{ name: "ask" }, out(1)] }]);
  const agent = new Agent({ model, output: z.object({ n: z.number() }) });
  const request = testRequest({ tools: [{ name: "ask", kind: "function" }] });
  const result = await fold(checkGrammar(agent.run(request, testContext())));
  assertEquals([result.text, result.toolCalls.length, result.finishReason], ['{"n":1}', 0, "stop"]);
});

Deno.test("early lets valid JSON text end the run beside calls", async () => {
  const ran: string[] = [];
  const tools = [tool({ name: "work", execute: () => ran.push("work") })];
  const output = nativeOutput(z.object({ n: z.number() }));
  const turn = { text: '{"n":1}', toolCalls: [work] };
  const early = new ScriptedModel([turn]);
  const settled = await new Agent({ model: early, tools, output, endStrategy: "early" }).generate(
    "x",
  );
  assertEquals([settled.output, ran], [{ n: 1 }, []]);
  const graceful = new ScriptedModel([turn, '{"n":2}']);
  const later = await new Agent({ model: graceful, tools, output }).generate("x");
  assertEquals([later.output, ran], [{ n: 2 }, ["work"]]);
});
