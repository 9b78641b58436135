import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { z } from "zod";
import { RunError } from "../run/error.ts";
import type { Trace } from "../run/event.ts";
import { fold } from "../run/fold.ts";
import type { Message } from "../run/request.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import type { AgentOptions } from "./plan.ts";

type Call = NonNullable<ScriptedTurn["toolCalls"]>[number];

/** Runs one batch of calls, then a final text; returns what the model then saw. */
async function afterCalls(
  calls: readonly Call[],
  options: Omit<AgentOptions, "model">,
  context = testContext(),
): Promise<readonly Message[]> {
  const model = new ScriptedModel([{ toolCalls: calls }, "done"]);
  await fold(new Agent({ model, ...options }).run(testRequest(), context));
  return model.requests[1]!.messages;
}

function results(messages: readonly Message[]): string[] {
  return messages.flatMap((message) =>
    message.role === "tool"
      ? [message.content.map((part) => part.type === "text" ? part.text : part.type).join("|")]
      : []
  );
}

Deno.test("a fatal throw aborts the calls beside it", async () => {
  let aborted = false;
  const { promise: waiting, resolve } = Promise.withResolvers<void>();
  const tools = [
    tool({
      name: "waits",
      execute: (_, ctx) =>
        new Promise((_, reject) => {
          ctx.signal.addEventListener("abort", () => {
            aborted = true;
            reject(ctx.signal.reason);
          });
          resolve();
        }),
    }),
    tool({
      name: "dies",
      execute: async () => {
        await waiting;
        throw new Error("dead");
      },
    }),
  ];
  const error = await assertRejects(
    () => afterCalls([{ name: "waits" }, { name: "dies" }], { tools }),
    RunError,
    'Tool "dies" failed',
  );
  assertInstanceOf(error.cause, Error);
  assert(aborted);
});

Deno.test("N retries are N+1 attempts, tool before toolset before agent", async () => {
  const failing = (name: string, retries?: number) => {
    let attempts = 0;
    const made = tool({
      name,
      retries,
      execute: () => {
        attempts += 1;
        throw new ModelRetry("no");
      },
    });
    return { made, attempts: () => attempts };
  };
  const own = failing("x", 2);
  const set = failing("x");
  const agents = failing("x");
  const cases = [
    [own, { toolsets: [new FunctionToolset([own.made], { retries: 5 })] }, 2],
    [set, { toolsets: [new FunctionToolset([set.made], { retries: 3 })], retries: 7 }, 3],
    [agents, { tools: [agents.made] }, 1],
  ] as const;
  for (const [counter, options, retries] of cases) {
    const model = new ScriptedModel(
      Array.from({ length: 9 }, () => ({ toolCalls: [{ name: "x" }] })),
    );
    const error = await assertRejects(
      () => fold(new Agent({ model, ...options }).run(testRequest(), testContext())),
      RunError,
      `Tool 'x' exceeded max retries count of ${retries}`,
    );
    assertEquals([error.code, counter.attempts()], ["run-failed", retries + 1]);
  }
});

Deno.test("unknown names have a budget of their own", async () => {
  const turn = (name: string) => ({ toolCalls: [{ name }] });
  const ok = new ScriptedModel([turn("a"), turn("b"), "done"]);
  await fold(new Agent({ model: ok }).run(testRequest(), testContext()));
  const twice = new ScriptedModel([turn("a"), turn("a"), "done"]);
  await assertRejects(
    () => fold(new Agent({ model: twice }).run(testRequest(), testContext())),
    RunError,
    "Tool 'a' exceeded max retries count of 1",
  );
});

Deno.test("failures of one batch count once, and a success forgets them", async () => {
  const seen: number[] = [];
  const outcomes = ["fail", "fail", "ok", "fail", "ok"];
  const flaky = tool({
    name: "flaky",
    execute: (_, ctx) => {
      seen.push(ctx.retry);
      if (outcomes.shift() === "fail") throw new ModelRetry("no");
      return "ok";
    },
  });
  const once = { toolCalls: [{ name: "flaky" }] };
  const model = new ScriptedModel([
    { toolCalls: [{ id: "a", name: "flaky" }, { id: "b", name: "flaky" }] },
    once,
    once,
    once,
    "done",
  ]);
  await fold(new Agent({ model, tools: [flaky] }).run(testRequest(), testContext()));
  assertEquals(seen, [0, 0, 1, 0, 1]);
});

Deno.test("all arguments are checked before anything runs", async () => {
  let ran = false;
  const tools = [
    tool({ name: "first", execute: () => ran = true }),
    tool({ name: "second", parameters: z.object({ a: z.string() }), retries: 0, execute: () => 1 }),
  ];
  await assertRejects(
    () => afterCalls([{ name: "first" }, { name: "second", arguments: {} }], { tools }),
    RunError,
    "Tool 'second' exceeded max retries count of 0",
  );
  assert(!ran);
});

async function* tracesOf(agent: Agent): AsyncGenerator<Trace> {
  for await (const event of agent.run(testRequest(), testContext())) {
    if (event.type === "trace") yield event;
  }
}

Deno.test("calls run in parallel; results keep call order, traces completion order", async () => {
  const gate = Promise.withResolvers<string>();
  const tools = [
    tool({ name: "slow", execute: () => gate.promise }),
    tool({ name: "quick", execute: () => "quick result" }),
  ];
  const model = new ScriptedModel([{ toolCalls: [{ name: "slow" }, { name: "quick" }] }, "done"]);
  const traces: string[] = [];
  for await (const { trace } of tracesOf(new Agent({ model, tools }))) {
    if (trace.kind !== "tool-call" && trace.kind !== "tool-result") continue;
    traces.push(`${trace.kind} ${trace.name}`);
    if (trace.kind === "tool-result") gate.resolve("slow result");
  }
  assertEquals(traces, [
    "tool-call slow",
    "tool-call quick",
    "tool-result quick",
    "tool-result slow",
  ]);
  assertEquals(results(model.requests[1]!.messages), ["slow result", "quick result"]);
});

Deno.test("a sequential tool is a barrier", async () => {
  const log: string[] = [];
  const noted = (name: string, sequential: boolean) =>
    tool({
      name,
      sequential,
      execute: async () => {
        log.push(`${name}+`);
        await Promise.resolve();
        await Promise.resolve();
        log.push(`${name}-`);
      },
    });
  const tools = [noted("a", false), noted("b", false), noted("s", true), noted("c", false)];
  const calls = ["a", "b", "s", "c"].map((name) => ({ name }));
  await afterCalls(calls, { tools });
  assertEquals(log.join(" "), "a+ b+ a- b- s+ s- c+ c-");
});
