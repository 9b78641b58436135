import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { z } from "zod";
import { RunError } from "../run/error.ts";
import type { ToolSpec } from "../run/request.ts";
import { FunctionModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext } from "../testing/test_context.ts";
import { ApprovalRequiredToolset } from "../tools/approval_required.ts";
import { ToolContent } from "../tools/content.ts";
import type { ToolContext } from "../tools/context.ts";
import { DynamicToolset } from "../tools/dynamic.ts";
import { FilteredToolset } from "../tools/filtered.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import { ApprovalRequired, ModelRetry, ToolFailed } from "../tools/outcome.ts";
import { type Tool, tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";
import { agentTool } from "./agent_tool.ts";
import {
  asked,
  asking,
  assertAsked,
  calls,
  careful,
  Client,
  type Executions,
  seen,
  USER,
  WatchedTurns,
} from "./approval_fixture_test.ts";
import {
  DENIED_TEXT,
  GONE_TOOL_TEXT,
  NOT_RUN_TEXT,
  TOOL_LIMIT_TEXT,
  UNANSWERED_TEXT,
  UNKNOWN_RESULT_TEXT,
} from "./retry_text.ts";

const FIX = "\n\nFix the errors and try again.";
const ask: ToolSpec = { name: "ask", kind: "function" };

Deno.test("consent runs what was parked, once, and the model goes on from its result", async () => {
  const { client, model, executions } = await asked([
    { text: "Let me.", toolCalls: [{ id: "b", name: "act", arguments: { path: "/a", n: [1] } }] },
    "Done.",
  ]);
  const result = await client.answer(true).ask();
  assertEquals([result.text, result.finishReason], ["Done.", "stop"]);
  assertEquals(executions, ['act {"path":"/a","n":[1]}']);
  assertEquals(seen(model), ["user Hello", "assistant Let me. act#b", "tool#b act done"]);
  assertEquals(model.requests[1]!.messages[1], {
    role: "assistant",
    content: "Let me.",
    toolCalls: [{ id: "b", name: "act", kind: "function", arguments: '{"path":"/a","n":[1]}' }],
  });
});

Deno.test("a refusal is told to the model, with its reason where there is one", async () => {
  for (
    const [answer, told] of [
      [false, DENIED_TEXT],
      ["", DENIED_TEXT],
      ["Too dear", `${DENIED_TEXT} Reason: Too dear`],
    ] as const
  ) {
    const { client, model, executions } = await asked([calls("act"), "Well."]);
    assertEquals((await client.answer(answer).ask()).text, "Well.");
    assertEquals([seen(model).at(-1), executions], [`tool#b0 ${told}`, []]);
  }
});

Deno.test("several answers at once: calls run side by side, results stand in call order", async () => {
  const both = Promise.withResolvers<void>();
  const executions: Executions = [];
  let waiting = 0;
  const meet = () => {
    if (++waiting === 2) both.resolve();
    return both.promise.then(() => "met");
  };
  const { client, model } = await asked([calls("one", "two", "three"), "Done."], {
    tools: [
      careful("one", executions, { execute: meet }),
      careful("two", executions),
      careful("three", executions, { execute: meet }),
    ],
  });
  client.answer(undefined, undefined, true).answer(undefined, "no").answer(true);
  await client.ask();
  assertEquals(executions, ["one {}", "three {}"]);
  assertEquals(seen(model), [
    "user Hello",
    "assistant one#b0 two#b1 three#b2",
    "tool#b0 met",
    `tool#b1 ${DENIED_TEXT} Reason: no`,
    "tool#b2 met",
  ]);
});

Deno.test("tools that run alone do so in call order, whatever the order of the answers", async () => {
  const executions: Executions = [];
  const { client } = await asked([calls("one", "two"), "Done."], {
    tools: ["one", "two"].map((name) => careful(name, executions, { sequential: true })),
  });
  await client.answer(undefined, true).answer(true).ask();
  assertEquals(executions, ["one {}", "two {}"]);
});

Deno.test("a question without an answer waits, and the model knows that its call has not run", async () => {
  const { client, model, executions } = await asked([
    calls("act", "act"),
    "One is done.",
    "Both are.",
    "Yes.",
  ]);
  const { questions } = client;
  await client.answer(true).ask();
  assertEquals(executions, ["act {}"]);
  assertEquals(seen(model), [
    "user Hello",
    "assistant act#b0 act#b1",
    "tool#b0 act done",
    `tool#b1 ${UNANSWERED_TEXT}`,
  ]);
  // Answered after the assistant had gone on, it is told where the answer stands.
  const late = questions[1]!.id;
  const { messages } = client;
  messages.push({ role: "assistant", content: "", toolCalls: [], approvalIds: [late] });
  client.approvals.push({ id: late, approve: true });
  const result = await client.ask();
  assertEquals([result.text, executions], ["Both are.", ["act {}", "act {}"]]);
  const lines = [
    "user Hello",
    "assistant act#b0 act#b1",
    "tool#b0 act done",
    `tool#b1 ${UNANSWERED_TEXT}`,
    `assistant One is done. act#${late}`,
    `tool#${late} act done`,
  ];
  assertEquals(seen(model), lines);
  // The conversation stays what it was.
  await client.say("Sure?").ask();
  assertEquals(seen(model), [...lines, "assistant Both are.", "user Sure?"]);
  assertEquals(executions.length, 2);
});

Deno.test("a late refusal, and one beside a late consent, are told in the same way", async () => {
  const { client, model, executions } = await asked([calls("act", "act", "act"), "Well.", "So."]);
  const [first, second, third] = client.questions.map(({ id }) => id);
  await client.answer(true).ask();
  client.messages.push({
    role: "assistant",
    content: "",
    toolCalls: [],
    approvalIds: [third!, second!],
  });
  client.approvals.push({ id: third!, approve: false, reason: "no" }, {
    id: second!,
    approve: true,
  });
  await client.ask();
  assertEquals(seen(model).slice(-4), [
    `assistant Well. act#${third}`,
    `tool#${third} ${DENIED_TEXT} Reason: no`,
    `assistant act#${second}`,
    `tool#${second} act done`,
  ]);
  assertEquals([executions.length, first !== second], [2, true]);
});

Deno.test("a result is found where its answer stands, in whichever branch it was made", async () => {
  for (const lateFirst of [true, false]) {
    const { client, model, executions } = await asked([calls("act"), "a", "b", "c"]);
    const { id } = client.questions[0]!;
    client.answer(true);
    const [user, question] = client.messages;
    const words = { role: "assistant", content: "Well.", toolCalls: [] } as const;
    const repeated = { role: "assistant", content: "", toolCalls: [], approvalIds: [id] } as const;
    const late = [user!, question!, words, repeated];
    const here = [user!, question!];
    for (const messages of lateFirst ? [late, here, late] : [here, late, here]) {
      client.messages = [...messages];
      await client.send();
      const at = messages === late ? id : "b0";
      assertEquals(seen(model).at(-1), `tool#${at} act done`);
    }
    assertEquals(executions.length, 1);
  }
});

Deno.test("late answers to questions of several turns are told one after another", async () => {
  const { client, model, executions } = await asked([
    calls("act", "act"),
    calls("act", "act"),
    "So.",
    "Well.",
  ]);
  const [, first] = client.questions.map(({ id }) => id);
  await client.answer(true).ask();
  const [, second] = client.questions.map(({ id }) => id);
  await client.answer(true).ask();
  const late = [first!, second!];
  client.messages.push({ role: "assistant", content: "", toolCalls: [], approvalIds: late });
  client.approvals.push(...late.map((id, index) => ({ id, approve: index === 0 })));
  await client.send();
  assertEquals(executions.length, 3);
  assertEquals(seen(model).slice(-4), [
    `assistant So. act#${first}`,
    `tool#${first} act done`,
    `assistant act#${second}`,
    `tool#${second} ${DENIED_TEXT}`,
  ]);
});

Deno.test("words that a client puts beside a late answer are not lost", async () => {
  const { client, model } = await asked([calls("act", "act"), "One.", "Two."]);
  const [first, second] = client.questions.map(({ id }) => id);
  client.answer(true);
  client.messages = [USER, {
    role: "assistant",
    content: "",
    toolCalls: [],
    approvalIds: [first!],
  }];
  await client.ask();
  client.messages.splice(-1, 1, {
    role: "assistant",
    content: "One.",
    toolCalls: [],
    approvalIds: [second!],
  });
  client.approvals.push({ id: second!, approve: true });
  await client.send();
  assertEquals(seen(model), [
    "user Hello",
    "assistant act#b0 act#b1",
    "tool#b0 act done",
    `tool#b1 ${UNANSWERED_TEXT}`,
    `assistant One. act#${second}`,
    `tool#${second} act done`,
  ]);
});

Deno.test("a turn that a client tells in pieces is one turn, each answer at its place", async () => {
  const { agent, model } = asking([calls("act", "ask", "act"), "Done.", "Done."], {
    tools: [careful("act", [])],
  });
  const client = new Client(agent);
  const { toolCalls } = await client.ask({ tools: [ask] });
  const [first, second] = client.questions.map(({ id }) => id);
  client.answer(true, false);
  const piece = { role: "assistant", content: "", toolCalls: [] } as const;
  const reply = {
    role: "tool",
    toolCallId: toolCalls[0]!.id,
    content: [{ type: "text", text: "blue" }],
  } as const;
  const lines = [
    "user Hello",
    "assistant act#b0 ask#b1 act#b2",
    "tool#b0 act done",
    "tool#b1 blue",
    `tool#b2 ${DENIED_TEXT}`,
  ];
  const calling = { ...piece, toolCalls };
  const [one, two] = [first, second].map((id) => ({ ...piece, approvalIds: [id!] }));
  for (
    const told of [
      [calling, reply, one!, two!],
      [one!, calling, reply, two!],
      [{ ...calling, approvalIds: [first!] }, reply, two!],
    ]
  ) {
    client.messages = [USER, ...told];
    await client.send({ tools: [ask] });
    assertEquals(seen(model), lines);
  }
});

Deno.test("a user who does not answer but speaks is heard; the call has not run", async () => {
  const { client, model, executions } = await asked([calls("act"), "All right."]);
  const result = await client.say("Never mind").ask();
  assertEquals(result.text, "All right.");
  assertEquals(seen(model), [
    "user Hello",
    "assistant act#b0",
    `tool#b0 ${UNANSWERED_TEXT}`,
    "user Never mind",
  ]);
  assertEquals(executions, []);
});

Deno.test("words beside an answer come after its result", async () => {
  const { client, model } = await asked([calls("act"), "Done."]);
  await client.answer(true).say("Be quick").ask();
  assertEquals(seen(model), [
    ...["user Hello", "assistant act#b0", "tool#b0 act done", "user Be quick"],
  ]);
});

Deno.test("answered questions one after another: each turn keeps its own, whatever ids a backend reuses", async () => {
  const act = (n: number): ScriptedTurn => ({
    toolCalls: [{ id: "call_0", name: "act", arguments: { n } }],
  });
  const { client, model, executions } = await asked([act(1), act(2), act(3), "Done."]);
  await client.answer(true).ask();
  await client.answer(false).ask();
  await client.answer(true).ask();
  assertEquals(executions, ['act {"n":1}', 'act {"n":3}']);
  const lines = seen(model);
  assertEquals(lines.map((line) => line.replace(/#\S+/, "")), [
    ...["user Hello", "assistant act", "tool act done", "assistant act", `tool ${DENIED_TEXT}`],
    ...["assistant act", "tool act done"],
  ]);
  const ids = lines.flatMap((line) => line.match(/#(\S+)/)?.slice(1) ?? []);
  assertEquals(new Set(ids).size, 3);
});

Deno.test("two turns with one call id, answered at once, each run their own", async () => {
  const { client, executions, model } = await asked([
    { toolCalls: [{ id: "call_0", name: "act", arguments: { n: 1 } }] },
    { toolCalls: [{ id: "call_0", name: "act", arguments: { n: 2 } }] },
    "Done.",
  ]);
  // Another conversation of the same caller, put into this one.
  const other = new Client(client.runner, client.context);
  await other.ask();
  client.say("And").messages.push(...other.messages.slice(1));
  client.approvals.push(
    ...[...client.questions, ...other.questions].map(({ id }) => ({ id, approve: true })),
  );
  await client.send();
  assertEquals(executions, ['act {"n":1}', 'act {"n":2}']);
  assertEquals(seen(model).filter((line) => line.startsWith("tool")), [
    ...["tool#call_0 act done", "tool#call_0 act done"],
  ]);
});

Deno.test("an answer that is sent again finds the result: regenerated, branched, or later", async () => {
  const { client, model, executions } = await asked([
    calls("act"),
    "One.",
    "Two.",
    "Three.",
    "Four.",
  ]);
  client.answer(true);
  await client.send();
  await client.send({ stream: true });
  const branch = new Client(client.runner, client.context);
  branch.messages = [...client.messages];
  branch.approvals = [...client.approvals];
  await branch.say("Else").send();
  assertEquals(seen(model), [
    ...["user Hello", "assistant act#b0", "tool#b0 act done", "user Else"],
  ]);
  await client.ask();
  assertEquals(executions, ["act {}"]);
  for (const call of [1, 2, 4]) assertEquals(seen(model, call), seen(model, 1));
});

Deno.test("of answers to one question the first counts", async () => {
  for (const first of [true, false]) {
    const { client, model, executions } = await asked([calls("act"), "a", "b", "c"]);
    const { id } = client.questions[0]!;
    for (const approve of [first, !first, first]) {
      client.approvals = [{ id, approve, reason: "because" }];
      await client.send();
    }
    assertEquals(executions.length, first ? 1 : 0);
    const told = first ? "act done" : `${DENIED_TEXT} Reason: because`;
    for (const call of [1, 2, 3]) assertEquals(seen(model, call).at(-1), `tool#b0 ${told}`);
  }
});

Deno.test("answers that come at the same time run a call once; who comes second knows that", async () => {
  const gate = Promise.withResolvers<void>();
  const executions: Executions = [];
  const { client, model } = await asked([calls("act"), "a", "b", "c", "d"], {
    tools: [careful("act", executions, { execute: () => gate.promise.then(() => "done") })],
  });
  client.answer(true);
  const both = [client.send(), client.send(), client.send()];
  await Promise.race(both);
  gate.resolve();
  await Promise.all(both);
  assertEquals(executions.length, 1);
  const told = [1, 2, 3].map((call) => seen(model, call).at(-1)).sort();
  const unknown = `tool#b0 ${UNKNOWN_RESULT_TEXT}`;
  assertEquals(told, [unknown, unknown, "tool#b0 done"]);
  await client.send();
  assertEquals(seen(model).at(-1), "tool#b0 done");
});

Deno.test("a tool that is gone is not run, also not once it is back", async () => {
  const executions: Executions = [];
  const act = careful("act", executions);
  let tools: readonly Tool[] = [act];
  const dynamic = new DynamicToolset(() => new FunctionToolset(tools, { id: "made" }));
  const { client, model } = await asked([calls("act"), "Gone.", "Back."], {
    tools: [],
    toolsets: [dynamic],
  });
  tools = [];
  client.answer(true);
  await client.send();
  assertEquals(seen(model).at(-1), `tool#b0 ${GONE_TOOL_TEXT}`);
  tools = [act];
  await client.send();
  assertEquals(seen(model).at(-1), `tool#b0 ${GONE_TOOL_TEXT}`);
  assertEquals(executions, []);
});

Deno.test("a tool that is left out of the step, or is the client's to run by now, is gone", async () => {
  const executions: Executions = [];
  let there = true;
  const filtered = new FilteredToolset(
    new FunctionToolset([careful("act", executions)]),
    () => there,
  );
  const { client, model } = await asked([calls("act"), "Gone."], {
    tools: [],
    toolsets: [filtered],
  });
  there = false;
  await client.answer(true).send();
  assertEquals([seen(model).at(-1), executions], [`tool#b0 ${GONE_TOOL_TEXT}`, []]);
  const first = await asked([calls("act")]);
  const external: Tool = {
    name: "act",
    definition: { name: "act", parameters: {} },
    parse: (value) => ({ ok: true, value }),
  };
  const second = asking(["Gone."], { tools: [external] });
  const moved = new Client(second.agent, first.client.context);
  moved.messages = first.client.messages;
  moved.questions = first.client.questions;
  await moved.answer(true).send();
  assertEquals(seen(second.model).at(-1), `tool#b0 ${GONE_TOOL_TEXT}`);
});

Deno.test("what tools say after consent goes to the model as ever", async () => {
  const image = new ToolContent([
    { type: "text", text: "Look:" },
    { type: "image", url: "https://example.com/a.png" },
  ]);
  const cases: readonly (readonly [() => unknown, string])[] = [
    [() => ({ a: 1 }), '{"a":1}'],
    [() => undefined, ""],
    [() => image, "Look:,See file b0_1."],
    [() => {
      throw new ToolFailed("Disk is full");
    }, '{"error":"Disk is full"}'],
    [() => {
      throw new ModelRetry("Other path");
    }, `Other path${FIX}`],
    [() => {
      throw new ApprovalRequired("again");
    }, DENIED_TEXT],
  ];
  for (const [execute, told] of cases) {
    const executions: Executions = [];
    const turns = new WatchedTurns();
    const { client, model } = await asked([calls("act", "act"), "Well.", "So."], {
      tools: [careful("act", executions, { execute })],
    }, testContext({ turns }));
    client.answer(true, false);
    await client.send();
    assertEquals(seen(model)[2], `tool#b0 ${told}`);
    assertEquals(seen(model)[3], `tool#b1 ${DENIED_TEXT}`);
    // It is the same when it comes out of the store.
    await client.send();
    assertEquals(seen(model, 2), seen(model, 1));
    assertEquals(executions.length, 1);
    if (told.startsWith("Look:")) {
      assertEquals(seen(model).at(-1), "user This is file b0_1:,image");
      const last = model.requests[2]!.messages.at(-1)!;
      assertEquals(last.content.length, 2);
    }
  }
});

Deno.test("a retry after consent counts, and another call needs consent of its own", async () => {
  const executions: Executions = [];
  const retries: number[] = [];
  const failing = careful("act", executions, {
    retries: 1,
    execute: (_args, ctx) => {
      retries.push(ctx.retry);
      throw new ModelRetry("no");
    },
  });
  const { client, model } = await asked([calls("act"), calls("act"), "Well."], {
    tools: [failing],
  });
  const second = await client.answer(true).ask();
  assertAsked(client, "Do act");
  assertEquals(second.finishReason, "tool-calls");
  assertEquals([seen(model).at(-1), executions.length], [`tool#b0 no${FIX}`, 1]);
  await client.answer(false).ask();
  assertEquals([executions.length, retries], [1, [0]]);
  // In the run that resumed, the next failure is one too many.
  const strict = careful("act", executions, {
    validate: ({ bad }) => {
      if (bad) throw new ModelRetry("bad");
    },
    execute: () => {
      throw new ModelRetry("no");
    },
  });
  const again = await asked(
    [calls("act"), { toolCalls: [{ name: "act", arguments: { bad: true } }] }],
    { tools: [strict] },
  );
  await assertRejects(
    () => again.client.answer(true).send(),
    RunError,
    "Tool 'act' exceeded max retries count of 1",
  );
});

Deno.test("without retries a retry after consent ends the run, and is known to the next", async () => {
  const executions: Executions = [];
  const { client, model } = await asked([calls("act"), "Well."], {
    tools: [
      careful("act", executions, {
        execute: () => {
          throw new ModelRetry("no");
        },
      }),
    ],
    retries: 0,
  });
  client.answer(true);
  await assertRejects(() => client.send(), RunError, "max retries count of 0");
  await client.send();
  assertEquals([seen(model).at(-1), executions.length], [`tool#b0 no${FIX}`, 1]);
});

Deno.test("limits hold for calls with consent, and what they forbid is known not to have run", async () => {
  const executions: Executions = [];
  const options = { tools: [careful("act", executions)], limits: { maxToolCalls: 2 } };
  const { client, model } = await asked([calls("act", "act"), "Well.", "Well."], options);
  client.answer(true, true);
  await client.send({ maxToolCalls: 1 });
  assertEquals(seen(model).slice(-2), ["tool#b0 act done", `tool#b1 ${TOOL_LIMIT_TEXT}`]);
  await client.send();
  assertEquals(seen(model, 2), seen(model, 1));
  assertEquals(executions.length, 1);
  const asker = await asked([calls("act", "act")], options);
  const strict = asking(["Well."], {
    tools: [careful("act", executions)],
    limits: { maxToolCalls: 1 },
  });
  const moved = new Client(strict.agent, asker.client.context);
  Object.assign(moved, { messages: asker.client.messages, questions: asker.client.questions });
  moved.answer(true, true);
  await assertRejects(() => moved.send(), RunError, "maxToolCalls is 1, wanted 2");
  assertEquals(executions.length, 1);
  await moved.send();
  assertEquals(seen(strict.model).slice(-2), [
    `tool#b0 ${NOT_RUN_TEXT}`,
    `tool#b1 ${NOT_RUN_TEXT}`,
  ]);
});

Deno.test("the time of a call, and of the run, holds for calls with consent", async () => {
  const executions: Executions = [];
  const hang = { execute: () => new Promise(() => {}), timeoutMs: 3000 };
  const context = testContext();
  const { client, model } = await asked([calls("act"), "Well."], {
    tools: [careful("act", executions, hang)],
    limits: { maxSeconds: 60 },
  }, context);
  client.answer(true);
  const run = client.send();
  while (executions.length === 0) await Promise.resolve();
  await Promise.resolve();
  context.clock.advance(3000);
  await run;
  assertEquals(seen(model).at(-1), `tool#b0 Timed out after 3 seconds.${FIX}`);
  assertEquals(context.clock.pending, 0);
});

Deno.test("hooks stand around calls with consent, and see that there is consent", async () => {
  const log: string[] = [];
  const note = (what: string) => (ctx: ToolContext) => {
    log.push(`${what} ${ctx.approved}`);
    return undefined;
  };
  const { client, executions } = await asked([calls("act"), "Done."], {
    hooks: [{
      beforeToolValidate: note("validate"),
      afterToolValidate: note("validated"),
      beforeToolExecute: note("execute"),
      afterToolExecute: note("executed"),
    }],
  });
  assertEquals(log.splice(0), ["validate false", "validated false"]);
  await client.answer(true).send();
  assertEquals(log, ["validate true", "validated true", "execute true", "executed true"]);
  assertEquals(executions.length, 1);
});

Deno.test("a call with consent knows its run: deps, conversation, step, label", async () => {
  let seenCtx: ToolContext | undefined;
  const executions: Executions = [];
  const { client } = await asked([calls("act"), "Done."], {
    tools: [
      careful("act", executions, {
        label: "Acting",
        execute: (_args, ctx) => {
          seenCtx = ctx;
          return "done";
        },
      }),
    ],
  });
  assertEquals(client.questions.length, 1);
  const deps = { user: "ann" };
  const result = await client.answer(true).send({}, { deps, reasoning: "progress" });
  assertEquals(result.reasoning, "Acting");
  assertEquals(result.parts.map(({ type }) => type), ["reasoning", "text"]);
  const { approved, toolCallId, toolName, step, modelCalls, prompt, retry } = seenCtx!;
  assertEquals([approved, toolCallId, toolName, step, modelCalls, prompt, retry], [
    ...[true, "b0", "act", 1, 0, "Hello", 0],
  ]);
  assertStrictEquals(seenCtx!.deps, deps);
});

Deno.test("an agent with consent is asked, and what it uses counts", async () => {
  const usage = { inputTokens: 100, outputTokens: 10 };
  const inner = new Agent({ model: new FunctionModel(() => ({ text: "42", usage })) });
  const research = agentTool(inner, { name: "research", description: "Finds out" });
  const { client, model } = await asked([
    { toolCalls: [{ id: "b0", name: "research", arguments: { prompt: "x" } }] },
    "Done.",
  ], { tools: [], toolsets: [new ApprovalRequiredToolset(new FunctionToolset([research]))] });
  const result = await client.answer(true).send();
  assertEquals(seen(model).at(-1), "tool#b0 42");
  assertEquals([result.consumed.inputTokens, result.usage.inputTokens], [101, 1]);
});

Deno.test("a call whose arguments no longer fit is told so, not run", async () => {
  const executions: Executions = [];
  const asker = await asked([{ toolCalls: [{ id: "b0", name: "act", arguments: { n: "one" } }] }]);
  const strict = asking(["Well.", "Well."], {
    tools: [
      tool({
        name: "act",
        parameters: z.object({ n: z.number() }),
        requiresApproval: true,
        execute: () => executions.push("act"),
      }),
    ],
  });
  const moved = new Client(strict.agent, asker.client.context);
  Object.assign(moved, { messages: asker.client.messages, questions: asker.client.questions });
  moved.answer(true);
  await moved.send();
  assert(seen(strict.model).at(-1)!.startsWith("tool#b0 1 validation error"));
  await moved.send();
  assertEquals(seen(strict.model, 1), seen(strict.model, 0));
  assertEquals(executions, []);
});
