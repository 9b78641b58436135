import { assert, assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { RunError } from "../run/error.ts";
import type { ToolSpec } from "../run/request.ts";
import { testContext } from "../testing/test_context.ts";
import { eventLine } from "../testing/transcript.ts";
import type { ApprovalPrompt } from "../tools/approval.ts";
import { ApprovalRequiredToolset } from "../tools/approval_required.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import type { ToolHooks } from "../tools/hooks.ts";
import { ApprovalRequired } from "../tools/outcome.ts";
import { PrefixedToolset } from "../tools/prefixed.ts";
import type { Tool } from "../tools/tool.ts";
import {
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
import { toolOutput } from "./output.ts";
import type { AgentOptions } from "./plan.ts";
import { NOBODY_TO_ASK_TEXT, NOT_EXECUTED_TEXT } from "./retry_text.ts";

const ask: ToolSpec = { name: "ask", kind: "function" };

Deno.test("a call that needs consent ends the answer with a question, in the operator's words alone", async () => {
  const executions: Executions = [];
  const { agent } = asking([
    { text: "Let me.", toolCalls: [{ id: "b", name: "delete", arguments: { path: "/secret" } }] },
  ], { tools: [careful("delete", executions)] });
  const client = new Client(agent);
  const { events } = await client.ask();
  assertEquals(events.map(eventLine), [
    "trace model-call 1 scripted",
    "text-start",
    'text-delta "Let me."',
    "usage in=1 cached=0 out=1 reasoning=0",
    "text-end interim",
    "trace tool-call delete b",
    'approval-request mcpr_1 "Do delete" "May I delete?"',
    "finish tool-calls",
  ]);
  assertEquals(executions, []);
});

Deno.test("what is asked: the call's own words, the tool's, the agent's, or plain ones", async () => {
  const words = (label: string): ApprovalPrompt => ({ label, text: `${label}?` });
  const throwing = (prompt?: ApprovalPrompt): Parameters<typeof careful>[2] => ({
    requiresApproval: false,
    execute: () => {
      throw new ApprovalRequired("for the log", prompt);
    },
  });
  const plain = "Approval";
  const cases: readonly {
    readonly options?: Parameters<typeof careful>[2];
    readonly agent?: Partial<AgentOptions>;
    readonly toolset?: (tool: Tool) => ApprovalRequiredToolset;
    readonly label: string;
  }[] = [
    { label: "Do act" },
    { agent: { approvalPrompt: words("Agent") }, label: "Do act" },
    { options: { requiresApproval: true }, label: plain },
    {
      options: { requiresApproval: true },
      agent: { approvalPrompt: words("Agent") },
      label: "Agent",
    },
    {
      options: {
        validate: (_args, ctx) => {
          if (!ctx.approved) throw new ApprovalRequired("for the log", words("Call"));
        },
      },
      label: "Call",
    },
    { options: throwing(words("Call")), label: "Call" },
    { options: throwing(), label: plain },
    {
      options: throwing(),
      agent: { approvalPrompt: words("Agent") },
      label: "Agent",
    },
    {
      toolset: (made) =>
        new ApprovalRequiredToolset(new FunctionToolset([made]), undefined, {
          prompt: words("Set"),
        }),
      label: "Set",
    },
    {
      toolset: (made) => new ApprovalRequiredToolset(new FunctionToolset([made])),
      label: "Do act",
    },
    {
      options: { requiresApproval: false },
      toolset: (made) =>
        new ApprovalRequiredToolset(new FunctionToolset([made]), () => true, {
          prompt: words("Guard"),
        }),
      label: "Guard",
    },
    {
      options: { requiresApproval: false },
      toolset: (made) => new ApprovalRequiredToolset(new FunctionToolset([made]), () => true),
      agent: { approvalPrompt: words("Agent") },
      label: "Agent",
    },
  ];
  for (const { options, agent: more, toolset, label } of cases) {
    const made = careful("act", [], options);
    const { agent } = asking([calls("act")], {
      ...more,
      ...toolset ? { toolsets: [toolset(made)] } : { tools: [made] },
    });
    const client = new Client(agent);
    await client.ask();
    assertAsked(client, label);
    assert(client.questions[0]!.text !== "");
  }
});

Deno.test("where nobody can be asked a call is denied, and the model goes on", async () => {
  const cases: readonly (readonly [Partial<AgentOptions>, boolean, string])[] = [
    // A protocol without a way to ask.
    [{ approval: "client" }, false, NOBODY_TO_ASK_TEXT],
    [{ approval: undefined }, true, NOBODY_TO_ASK_TEXT],
    [{ approval: "client", approve: () => false }, true, "The tool call was denied."],
    [{ approval: "client", approve: () => Promise.resolve(true) }, true, "act done"],
  ];
  for (const [options, canAsk, told] of cases) {
    const executions: Executions = [];
    const { agent, model } = asking([calls("act"), "Well."], {
      tools: [careful("act", executions)],
      ...options,
    });
    const client = new Client(agent);
    const result = await client.ask(canAsk ? {} : { approvals: undefined });
    assertEquals([result.text, result.finishReason], ["Well.", "stop"]);
    assertAsked(client);
    assertEquals(seen(model).at(-1), `tool#b0 ${told}`);
    assertEquals(executions.length, told === "act done" ? 1 : 0);
  }
});

Deno.test("generate() has nobody to ask", async () => {
  const executions: Executions = [];
  const { agent, model } = asking([calls("act"), "Well."], { tools: [careful("act", executions)] });
  assertEquals((await agent.generate("Go")).output, "Well.");
  assertEquals([seen(model).at(-1), executions], [`tool#b0 ${NOBODY_TO_ASK_TEXT}`, []]);
});

Deno.test("calls beside a question run, those that fail as well; all of it is there in the next turn", async () => {
  const executions: Executions = [];
  const free = careful("look", executions, { requiresApproval: false });
  const { agent, model } = asking([
    {
      text: "All.",
      toolCalls: [
        { id: "b0", name: "look" },
        { id: "b1", name: "act" },
        { id: "b2", name: "nonesuch" },
        { id: "b3", name: "look", arguments: "{" },
        { id: "b4", name: "act", arguments: { n: 2 } },
      ],
    },
    "Done.",
  ], { tools: [free, careful("act", executions)] });
  const client = new Client(agent);
  await client.ask();
  assertAsked(client, "Do act", "Do act");
  assertEquals(executions, ["look {}"]);
  const result = await client.answer(true, true).ask();
  assertEquals(result.text, "Done.");
  assertEquals(executions, ["look {}", "act {}", 'act {"n":2}']);
  const lines = seen(model);
  assertEquals(lines.slice(0, 4), [
    "user Hello",
    "assistant All. look#b0 act#b1 nonesuch#b2 look#b3 act#b4",
    "tool#b0 look done",
    "tool#b1 act done",
  ]);
  assert(lines[4]!.startsWith("tool#b2 Unknown tool name: 'nonesuch'"), lines[4]);
  assert(lines[5]!.startsWith("tool#b3 1 validation error"), lines[5]);
  assertEquals(lines.slice(6), ["tool#b4 act done"]);
});

Deno.test("questions stand beside calls of the client's own tools, and the model gets both answers", async () => {
  const executions: Executions = [];
  const { agent, model } = asking([calls("act", "ask"), "Done."], {
    tools: [careful("act", executions)],
  });
  const client = new Client(agent);
  const asked = await client.ask({ tools: [ask] });
  assertAsked(client, "Do act");
  assertEquals(asked.toolCalls.map(({ name }) => name), ["ask"]);
  assertEquals(asked.parts.map(({ type }) => type), ["tool-call", "approval-request"]);
  client.messages.push({
    role: "tool",
    toolCallId: asked.toolCalls[0]!.id,
    content: [{ type: "text", text: "blue" }],
  });
  await client.answer(true).ask({ tools: [ask] });
  assertEquals(seen(model), [
    "user Hello",
    "assistant act#b0 ask#b1",
    "tool#b0 act done",
    "tool#b1 blue",
  ]);
  assertEquals(executions, ["act {}"]);
});

Deno.test("a client that wants a call of its own is asked first", async () => {
  const { agent } = asking([calls("act"), calls("ask")], { tools: [careful("act", [])] });
  const client = new Client(agent);
  const wishes = { tools: [ask], toolChoice: { type: "required" } } as const;
  const asked = await client.ask(wishes);
  assertEquals([asked.finishReason, asked.toolCalls], ["tool-calls", []]);
  assertEquals((await client.answer(true).ask(wishes)).toolCalls.length, 1);
});

Deno.test("validators, hooks and tools may ask as well, before anything has run", async () => {
  const wanting = (ctx: { readonly approved: boolean }) => {
    if (!ctx.approved) throw new ApprovalRequired();
  };
  const hooks: Readonly<Record<string, ToolHooks>> = {
    beforeToolValidate: { beforeToolValidate: wanting },
    afterToolValidate: { afterToolValidate: wanting },
    beforeToolExecute: { beforeToolExecute: wanting },
    wrapToolExecute: {
      wrapToolExecute: (ctx, { args }, next) => {
        wanting(ctx);
        return next(args);
      },
    },
  };
  const cases: Readonly<Record<string, [Parameters<typeof careful>[2], readonly ToolHooks[]]>> = {
    validate: [{ validate: (_args, ctx) => wanting(ctx) }, []],
    ...Object.fromEntries(Object.entries(hooks).map(([name, hook]) => [name, [{}, [hook]]])),
  };
  for (const [what, [options, list]] of Object.entries(cases)) {
    const executions: Executions = [];
    const { agent, model } = asking([calls("act"), "Done."], {
      tools: [careful("act", executions, { requiresApproval: false, ...options })],
      hooks: list,
    });
    const client = new Client(agent);
    await client.ask();
    assertEquals([client.questions.length, executions], [1, []], what);
    await client.answer(true).ask();
    assertEquals(seen(model).at(-1), "tool#b0 act done", what);
    assertEquals(executions.length, 1, what);
  }
});

Deno.test("a tool that has run cannot ask afterwards", async () => {
  const executions: Executions = [];
  const { agent, model } = asking([calls("act"), "Well."], {
    tools: [careful("act", executions, { requiresApproval: false })],
    hooks: [{
      afterToolExecute: () => {
        throw new ApprovalRequired();
      },
    }],
  });
  const client = new Client(agent);
  await assertRejects(() => client.ask(), RunError, 'Tool "act" failed');
  assertEquals([executions.length, model.requests.length], [1, 1]);
});

Deno.test("calls that wait use up nothing of what may be called", async () => {
  const executions: Executions = [];
  const { agent } = asking([calls("act", "act"), "Done."], {
    tools: [careful("act", executions)],
    limits: { maxToolCalls: 2 },
  });
  const client = new Client(agent);
  await client.ask({ maxToolCalls: 2 });
  assertAsked(client, "Do act", "Do act");
  assertEquals((await client.answer(true, true).ask({ maxToolCalls: 2 })).text, "Done.");
  assertEquals(executions.length, 2);
  const { agent: strict } = asking([calls("act", "act")], {
    tools: [careful("act", executions)],
    limits: { maxToolCalls: 1 },
  });
  await assertRejects(() => new Client(strict).ask(), RunError, "maxToolCalls is 1, wanted 2");
});

Deno.test("a final answer beside a question is the answer, and nobody is asked", async () => {
  const output = toolOutput(z.object({ n: z.number() }));
  const final = { id: "f", name: "final_result", arguments: { n: 7 } };
  for (const endStrategy of ["graceful", "exhaustive", "early"] as const) {
    for (const first of [true, false]) {
      const executions: Executions = [];
      const act = { id: "b", name: "act" };
      const { agent } = asking([{ toolCalls: first ? [final, act] : [act, final] }], {
        tools: [careful("act", executions)],
        output: output as AgentOptions["output"],
        endStrategy,
      });
      const client = new Client(agent);
      const result = await client.ask();
      assertEquals([result.text, result.finishReason], ['{"n":7}', "stop"]);
      assertAsked(client);
      assertEquals(executions, []);
    }
  }
  // The model's history says so, for code that goes on with it.
  const { agent } = asking([{ toolCalls: [{ id: "b", name: "act" }, final] }], {
    tools: [careful("act", [])],
    output: output as AgentOptions["output"],
    endStrategy: "early",
  });
  const { messages } = await agent.generate("Go");
  assert(JSON.stringify(messages).includes(NOT_EXECUTED_TEXT));
});

Deno.test("a question nobody could follow is not asked: the run fails before it is told", async () => {
  const { agent } = asking([calls("act", "ask")], { tools: [careful("act", [])] });
  const turns = new WatchedTurns();
  turns.before = (step) => {
    if (step === "park") throw new Error("secret of the store");
  };
  const client = new Client(agent, testContext({ turns }));
  const events: string[] = [];
  const error = await assertRejects(async () => {
    const request = { ...requestOf(client), tools: [ask] };
    for await (const event of agent.run(request, client.context)) events.push(event.type);
  }, RunError);
  assertEquals([error.code, error.message], ["internal", "Turn could not be parked"]);
  assertEquals(events.filter((type) => !["trace", "usage"].includes(type)), []);
});

function requestOf({ messages, approvals }: Client) {
  return {
    messages,
    approvals,
    tools: [],
    toolChoice: { type: "auto" },
    parallelToolCalls: true,
    output: { type: "text" },
    settings: {},
    stream: false,
    parameters: {},
    extraParameters: {},
  } as const;
}

Deno.test("a client that leaves while its question is parked ends the run at once", async () => {
  const { agent } = asking([calls("act")], { tools: [careful("act", [])] });
  const controller = new AbortController();
  const turns = new WatchedTurns();
  const gone = new Error("client left");
  turns.before = (step) => {
    if (step !== "park") return;
    controller.abort(gone);
    return new Promise<never>(() => {});
  };
  const client = new Client(agent, testContext({ turns, signal: controller.signal }));
  assertEquals(await assertRejects(() => client.ask()), gone);
});

Deno.test("names of wrapped tools lead back to them", async () => {
  const executions: Executions = [];
  const toolset = new PrefixedToolset(
    new ApprovalRequiredToolset(
      new FunctionToolset([careful("act", executions, { requiresApproval: false })]),
    ),
    "p",
  );
  const { agent, model } = asking([calls("p_act"), "Done."], { toolsets: [toolset] });
  const client = new Client(agent);
  await client.ask();
  await client.answer(true).ask();
  assertEquals(seen(model), ["user Hello", "assistant p_act#b0", "tool#b0 act done"]);
});

Deno.test("a hidden tool that gave way to a client's of its name is found again, with other names", async () => {
  const executions: Executions = [];
  const { agent, model } = asking([calls("act_2"), "Done."], {
    tools: [careful("act", executions)],
  });
  const client = new Client(agent);
  await client.ask({ tools: [{ name: "act", kind: "function" }] });
  assertAsked(client, "Do act");
  // This time the client brings no tools.
  await client.answer(true).ask();
  assertEquals(seen(model).at(-1), "tool#b0 act done");
  assertEquals([executions, client.messages[0]], [["act {}"], USER]);
});
