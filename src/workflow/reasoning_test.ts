import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RunError } from "../run/error.ts";
import type { ReasoningStart, RunEvent } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { RunResult } from "../run/result.ts";
import type { Runner } from "../run/runner.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { transcript } from "../testing/transcript.ts";
import type { WorkflowRequest } from "./request.ts";
import { WorkflowResponse } from "./response.ts";
import { AgenticWorkflow, type WorkflowFunction } from "./workflow.ts";

function run(
  answer: WorkflowFunction,
  source: ReasoningStart["source"] | "nobody" = "progress",
): Promise<RunResult> {
  const context = testContext(source === "nobody" ? {} : { reasoning: source });
  const events = new AgenticWorkflow(answer).run(testRequest(), context);
  return fold(checkGrammar(events));
}

async function lines(answer: WorkflowFunction, request = testRequest()): Promise<string[]> {
  const events = new AgenticWorkflow(answer).run(request, testContext({ reasoning: "progress" }));
  return (await transcript(checkGrammar(events))).trim().split("\n");
}

/** Thinks twice around a word said on the way, then answers. */
const thinker: Runner = {
  async *run(): AsyncGenerator<RunEvent> {
    yield { type: "reasoning-start", source: "model" };
    yield { type: "reasoning-delta", text: "Hm" };
    yield { type: "reasoning-delta", text: "m" };
    yield { type: "reasoning-end" };
    yield { type: "text-start" };
    yield { type: "text-delta", text: "Wait." };
    yield { type: "text-end", phase: "interim" };
    yield { type: "reasoning-start", source: "model" };
    yield { type: "reasoning-delta", text: "Aha" };
    yield { type: "reasoning-end" };
    yield { type: "finish", reason: "stop" };
    await Promise.resolve();
  },
};

Deno.test("emitProgress() reaches the reader while the function is still at work", async () => {
  const work = Promise.withResolvers<string>();
  const workflow = new AgenticWorkflow((request) => {
    request.emitProgress("Searching");
    return work.promise;
  });
  const events = workflow.run(testRequest(), testContext({ reasoning: "progress" }));
  assertEquals((await events.next()).value, { type: "reasoning-start", source: "progress" });
  assertEquals((await events.next()).value, { type: "reasoning-delta", text: "Searching" });
  work.resolve("Found");
  assertEquals((await events.next()).value, { type: "reasoning-end" });
  assertEquals((await events.next()).value, { type: "text-start" });
});

Deno.test("emitProgress() makes paragraphs of one span, emit() appends as it is", async () => {
  assertEquals(
    await lines((request) => {
      request.emitProgress("One");
      request.emitProgress("Two");
      request.reasoning?.emit("Th");
      request.reasoning?.emit("ree");
      request.emitProgress("");
      request.emitProgress("Four");
      return "Done";
    }),
    [
      "reasoning-start progress",
      'reasoning-delta "One"',
      'reasoning-delta "\\n\\nTwo"',
      'reasoning-delta "\\n\\nTh"',
      'reasoning-delta "ree"',
      'reasoning-delta "\\n\\nFour"',
      "reasoning-end",
      "text-start",
      'text-delta "Done"',
      "text-end final",
      "finish stop",
    ],
  );
});

Deno.test("what is told closes before calls, before a refusal and before a bare end", async () => {
  const tools = [{ name: "look", kind: "function" }] as const;
  assertEquals(
    (await lines((request) => {
      request.emitProgress("Asking");
      return new WorkflowResponse({ toolCalls: [{ name: "look", id: "c" }] });
    }, testRequest({ tools }))).slice(2, 4),
    ["reasoning-end", "tool-call-start function look c"],
  );
  const refuser: Runner = {
    async *run(): AsyncGenerator<RunEvent> {
      yield { type: "refusal-start" };
      yield { type: "refusal-delta", text: "No" };
      yield { type: "refusal-end" };
      yield { type: "finish", reason: "stop" };
      await Promise.resolve();
    },
  };
  assertEquals(
    (await lines((request) => {
      request.emitProgress("Asking");
      return request.run(refuser);
    })).slice(2, 4),
    ["reasoning-end", "refusal-start"],
  );
  assertEquals(
    (await lines((request) => {
      request.emitProgress("Nothing");
      return "";
    })).slice(2),
    ["reasoning-end", "finish stop"],
  );
});

Deno.test("nothing told after the first text cuts the answer in two", async () => {
  const result = await run(async function* (request) {
    request.emitProgress("Before");
    yield "An ";
    request.emitProgress("Between");
    request.reasoning?.emit("the lines");
    yield "answer";
    request.emitProgress("After");
    await Promise.resolve();
  });
  assertEquals([result.reasoning, result.text], ["Before", "An answer"]);
  assertEquals(result.parts.length, 2);
});

Deno.test("what is told after the run is over goes nowhere", async () => {
  let seen: WorkflowRequest | undefined;
  await run((request) => {
    seen = request;
    return "Done";
  });
  seen!.emitProgress("Too late");
  seen!.reasoning!.emit("Too late");
});

Deno.test("request.reasoning is there only where the client would see what it emits", async () => {
  for (
    const [source, there] of [["progress", true], ["model", false], [undefined, false]] as const
  ) {
    const context = testContext({ reasoning: source });
    const workflow = new AgenticWorkflow((request) => {
      request.emitProgress("Never mind");
      return String(request.reasoning !== undefined);
    });
    const result = await fold(checkGrammar(workflow.run(testRequest(), context)));
    assertEquals([result.text, result.reasoning], [String(there), there ? "Never mind" : ""]);
  }
});

Deno.test("emitProgress() refuses what is no text", async () => {
  const error = await assertRejects(
    () => run((request) => String(request.emitProgress(7 as unknown as string))),
    RunError,
  );
  assertEquals([error.code, error.message], ["run-failed", "Workflow must tell text, got number"]);
});

Deno.test("a failing workflow leaves its span to the encoder", async () => {
  const events = await lines((request) => {
    request.emitProgress("Trying");
    throw new RunError("backend-down", "Down");
  });
  assertEquals(events.slice(1), ['reasoning-delta "Trying"', "throw RunError backend-down: Down"]);
});

Deno.test("request.run() keeps reasoning inside unless it is forwarded", async () => {
  for (const source of ["progress", "model", "nobody"] as const) {
    const hidden = await run((request) => request.run(thinker), source);
    assertEquals([hidden.reasoning, hidden.text], ["", "Wait."]);
    const shown = await run(
      (request) => request.run(thinker, undefined, { forwardReasoning: true }),
      source,
    );
    assertEquals(shown.reasoning, source === "nobody" ? "" : "Hmm\n\nAha");
    assertEquals(
      shown.parts.flatMap((part) => part.type === "reasoning" ? [part.source] : []),
      source === "nobody" ? [] : [source],
    );
  }
});

Deno.test("request.run() gives the reasoning to workflow code", async () => {
  const { text } = await run(async (request) => (await request.run(thinker)).reasoning);
  assertEquals(text, "Hmm\n\nAha");
});

Deno.test("forwarded spans of runs at the same time stay whole", async () => {
  const { reasoning } = await run(async (request) => {
    const options = { forwardReasoning: true };
    await Promise.all([
      request.run(thinker, undefined, options),
      request.run(thinker, undefined, options),
    ]);
    return "";
  });
  assertEquals(reasoning.split("\n\n").sort(), ["Aha", "Aha", "Hmm", "Hmm"]);
});

Deno.test("an inner workflow tells the client only what its outer one forwards", async () => {
  const inner = new AgenticWorkflow((request) => {
    request.emitProgress("Inner work");
    return String(request.reasoning !== undefined);
  });
  const hidden = await run((request) => request.run(inner));
  assertEquals([hidden.text, hidden.reasoning], ["false", ""]);
  const shown = await run((request) => request.run(inner, undefined, { forwardReasoning: true }));
  assertEquals([shown.text, shown.reasoning], ["true", "Inner work"]);
});

Deno.test("span() tells its label, and its duration to the trace and the log", async () => {
  const clock = new ManualClock();
  const context = testContext({ reasoning: "progress", clock });
  const traces: RunEvent[] = [];
  const workflow = new AgenticWorkflow(async (request) => {
    const elapsed: number[] = [];
    {
      await using span = request.span("Reading the archive");
      clock.advance(5);
      elapsed.push(span.elapsedMs);
      clock.advance(7);
      await span[Symbol.asyncDispose]();
      clock.advance(100);
      elapsed.push(span.elapsedMs);
    }
    {
      using _span = request.span("Sorting");
    }
    return elapsed.join();
  });
  const told = async function* () {
    for await (const event of workflow.run(testRequest(), context)) {
      if (event.type === "trace") traces.push(event);
      yield event;
    }
  };
  const { text, reasoning } = await fold(checkGrammar(told()));
  assertEquals([text, reasoning], ["5,12", "Reading the archive\n\nSorting"]);
  assertEquals(traces, [
    { type: "trace", trace: { kind: "span", label: "Reading the archive", durationMs: 12 } },
    { type: "trace", trace: { kind: "span", label: "Sorting", durationMs: 0 } },
  ]);
  assertEquals(
    context.logger.entries.map(({ level, message, fields }) => [level, message, fields]),
    [
      ["debug", "workflow span", {
        requestId: context.runId,
        label: "Reading the archive",
        durationMs: 12,
      }],
      ["debug", "workflow span", { requestId: context.runId, label: "Sorting", durationMs: 0 }],
    ],
  );
});

Deno.test("span() measures a stretch that fails, and hides its label where nothing is shown", async () => {
  const context = testContext();
  const workflow = new AgenticWorkflow(async (request) => {
    await using _span = request.span("Failing");
    throw new Error("No");
  });
  const told = await transcript(workflow.run(testRequest(), context));
  assertEquals(told, 'trace span "Failing"\nthrow Error: No\n');
  assertEquals(context.logger.entries.length, 1);
  assertStringIncludes(context.logger.entries[0]!.message, "span");
});
