import { assert, assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { RunError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import type { Message } from "../run/request.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ToolContent } from "../tools/content.ts";
import type { ToolContext } from "../tools/context.ts";
import { ApprovalRequired, ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { type Tool, tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import type { AgentOptions } from "./plan.ts";
import { NOBODY_TO_ASK_TEXT } from "./retry_text.ts";

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

const FIX = "\n\nFix the errors and try again.";

Deno.test("a returned value goes to the model: strings verbatim, null empty, else JSON", async () => {
  const values: unknown[] = ["plain", "", null, undefined, { a: 1 }, 2, [true]];
  const give = tool({ name: "give", execute: ({ i }) => values[Number(i)] });
  const calls = values.map((_, i) => ({ name: "give", arguments: { i } }));
  assertEquals(results(await afterCalls(calls, { tools: [openTool(give)] })), [
    "plain",
    "",
    "",
    "",
    '{"a":1}',
    "2",
    "[true]",
  ]);
});

/** The same tool, taking any object. */
function openTool(inner: Tool): Tool {
  return { ...toolFields(inner), parse: (value) => ({ ok: true, value }) };
}

function toolFields(inner: Tool): Tool {
  return {
    name: inner.name,
    definition: inner.definition,
    parse: inner.parse,
    execute: inner.execute,
  };
}

Deno.test("bad arguments give the model the findings", async () => {
  const parameters = z.object({ a: z.string(), b: z.number() });
  const strict = tool({ name: "strict", parameters, execute: () => "ran" });
  const bad = (args: unknown) =>
    afterCalls([{ name: "strict", arguments: args }], { tools: [strict] }).then(results);
  const [two] = await bad({ a: 1 });
  assert(two!.startsWith('2 validation errors:\n```json\n[\n  {\n    "path": "a"'), two);
  assert(two!.endsWith("\n```" + FIX), two);
  const [one] = await bad({ a: "x" });
  assert(one!.startsWith("1 validation error:\n"), one);
  const [broken] = await bad('{"a":');
  assert(broken!.includes("Invalid JSON"), broken);
});

Deno.test("raw JSON Schema is checked as well", async () => {
  const raw = tool({
    name: "raw",
    parameters: { type: "object", properties: { n: { type: "number" } }, required: ["n"] },
    execute: ({ n }) => `got ${n}`,
  });
  const calls = [{ name: "raw", arguments: { n: 1 } }, { name: "raw", arguments: {} }];
  const [good, bad] = results(await afterCalls(calls, { tools: [raw] }));
  assertEquals(good, "got 1");
  assert(bad!.includes('required property \\"n\\"'), bad);
});

Deno.test("ModelRetry, ToolFailed and unknown names tell the model what to do", async () => {
  const tools = [
    tool({
      name: "again",
      execute: () => {
        throw new ModelRetry("Use a bigger number");
      },
    }),
    tool({
      name: "broken",
      execute: () => {
        throw new ToolFailed("No such city");
      },
    }),
    tool({
      name: "picky",
      execute: () => "ran",
      validate: () => {
        throw new ModelRetry("Not today");
      },
    }),
  ];
  const calls = ["again", "broken", "picky", "ghost"].map((name) => ({ name }));
  assertEquals(results(await afterCalls(calls, { tools })), [
    `Use a bigger number${FIX}`,
    '{"error":"No such city"}',
    `Not today${FIX}`,
    `Unknown tool name: 'ghost'. Available tools: 'again', 'broken', 'picky'${FIX}`,
  ]);
  assertEquals(results(await afterCalls([{ name: "ghost" }], {})), [
    `Unknown tool name: 'ghost'. No tools available.${FIX}`,
  ]);
});

Deno.test("a tool that takes too long is aborted and retried", async () => {
  const context = testContext();
  let signal: AbortSignal | undefined;
  const slow = tool({
    name: "slow",
    timeoutMs: 1500,
    execute: (_, ctx) => {
      signal = ctx.signal;
      queueMicrotask(() => context.clock.advance(1500));
      return new Promise(() => {});
    },
  });
  const messages = await afterCalls([{ name: "slow" }], { tools: [slow] }, context);
  assertEquals(results(messages), [`Timed out after 1.5 seconds.${FIX}`]);
  assert(signal?.aborted);
  assertEquals(context.clock.pending, 0);
});

Deno.test("the agent's tool timeout holds for tools without their own, unless it is Infinity", async () => {
  const context = testContext();
  const pending: Record<string, number> = {};
  const watch = (name: string, timeoutMs?: number) =>
    tool({
      name,
      timeoutMs,
      sequential: true,
      execute: () => pending[name] = context.clock.pending,
    });
  const tools = [watch("own", 5), watch("none"), watch("free", Infinity)];
  const calls = tools.map(({ name }) => ({ name }));
  await afterCalls(calls, { tools, toolTimeoutMs: 10 }, context);
  assertEquals(pending, { own: 1, none: 1, free: 0 });
  assertEquals(context.clock.pending, 0);
});

Deno.test("anything else thrown ends the run, without its words", async () => {
  const secret = new Error("database password is hunter2");
  const bad = tool({
    name: "bad",
    execute: () => {
      throw secret;
    },
  });
  const error = await assertRejects(
    () => afterCalls([{ name: "bad" }], { tools: [bad] }),
    RunError,
  );
  assertEquals([error.code, error.cause], ["internal", secret]);
  assert(!error.message.includes("hunter2"));
});

Deno.test("a backend failure inside a tool keeps its code", async () => {
  const bad = tool({
    name: "bad",
    execute: () => {
      throw new RunError("rate-limit-exceeded", "Slow down", { retryAfterMs: 9 });
    },
  });
  const error = await assertRejects(
    () => afterCalls([{ name: "bad" }], { tools: [bad] }),
    RunError,
  );
  assertEquals([error.code, error.retryAfterMs], ["rate-limit-exceeded", 9]);
});

Deno.test("files of a result follow in a user message of their own", async () => {
  const url = "data:image/png;base64,AAAA";
  const shot = tool({
    name: "shot",
    execute: () => new ToolContent([{ type: "text", text: "Here:" }, { type: "image", url }]),
  });
  const look = tool({ name: "look", execute: () => "seen" });
  const calls = [{ id: "c1", name: "shot" }, { id: "c2", name: "look" }];
  const messages = await afterCalls(calls, { tools: [shot, look] });
  assertEquals(results(messages), ["Here:|See file c1_1.", "seen"]);
  assertEquals(messages.at(-1), {
    role: "user",
    content: [{ type: "text", text: "This is file c1_1:" }, { type: "image", url }],
  });
});

Deno.test("instead of a file its model does not take, an agent's model reads that there is one", async () => {
  const clip = tool({
    name: "clip",
    execute: () =>
      new ToolContent([
        { type: "text", text: "Listen:" },
        { type: "audio", data: "UklGRg==", format: "wav" },
        { type: "file", url: "https://files.test/a.pdf" },
      ]),
  });
  assertEquals(results(await afterCalls([{ name: "clip" }], { tools: [clip] })), [
    "Listen:|This model does not take audio: a result was left out.|" +
    "This model does not take files by URL: a result was left out.",
  ]);
});

Deno.test("a call that needs approval is denied without anyone to ask", async () => {
  let ran = false;
  const guarded = tool({ name: "guarded", requiresApproval: true, execute: () => ran = true });
  const asks = tool({
    name: "asks",
    execute: (_, ctx) => {
      if (!ctx.approved) throw new ApprovalRequired();
      return "approved";
    },
  });
  const calls = [{ name: "guarded" }, { name: "asks" }];
  const denied = "The tool call was denied.";
  assertEquals(results(await afterCalls(calls, { tools: [guarded, asks] })), [
    NOBODY_TO_ASK_TEXT,
    NOBODY_TO_ASK_TEXT,
  ]);
  assert(!ran);
  const approve = ({ name }: { name: string }) => name === "asks";
  assertEquals(results(await afterCalls(calls, { tools: [guarded, asks], approve })), [
    denied,
    "approved",
  ]);
});

Deno.test("a tool is told of its call and its run", async () => {
  let seen: ToolContext<string> | undefined;
  const look = tool({
    name: "look",
    retries: 3,
    execute: (_, ctx: ToolContext<string>) => {
      seen = ctx;
    },
  });
  const model = new ScriptedModel([{ toolCalls: [{ id: "c9", name: "look" }] }, "done"]);
  const context = testContext({ deps: "mine" });
  await fold(new Agent({ model, tools: [look] }).run(testRequest("What?"), context));
  assertEquals(
    [seen?.deps, seen?.toolCallId, seen?.toolName, seen?.retry, seen?.maxRetries, seen?.step],
    ["mine", "c9", "look", 0, 3, 1],
  );
  assertEquals([seen?.prompt, seen?.model, seen?.runId], ["What?", "scripted", context.runId]);
  assertEquals(seen?.usage.inputTokens, 0);
});
