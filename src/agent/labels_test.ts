import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import type { RunEvent } from "../run/event.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import { macrotask } from "../testing/macrotask.ts";
import { FunctionModel, ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ApprovalRequiredToolset } from "../tools/approval_required.ts";
import { CombinedToolset } from "../tools/combined.ts";
import { DynamicToolset } from "../tools/dynamic.ts";
import { FilteredToolset } from "../tools/filtered.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import type { ToolHooks } from "../tools/hooks.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { PrefixedToolset } from "../tools/prefixed.ts";
import { PreparedToolset } from "../tools/prepared.ts";
import { RenamedToolset } from "../tools/renamed.ts";
import { type Tool, tool } from "../tools/tool.ts";
import type { Toolset } from "../tools/toolset.ts";
import { Agent } from "./agent.ts";
import type { AgentOptions } from "./plan.ts";

const LABEL = "Looking it up";

/** A tool that is told of by `label`. */
function labelled(name: string, label: string | undefined, more: object = {}): Tool {
  return tool({ name, label, execute: () => "seen", ...more });
}

function calls(...names: readonly string[]): ScriptedTurn {
  return { toolCalls: names.map((name) => ({ name })) };
}

/** What a client that sees progress is told: its words, and what else comes in between. */
async function told(
  turns: readonly (ScriptedTurn | string)[],
  options: Omit<AgentOptions, "model">,
  { request = testRequest(), context = testContext({ reasoning: "progress" }) }: {
    readonly request?: RunRequest;
    readonly context?: RunContext;
  } = {},
): Promise<readonly string[]> {
  const agent = new Agent({ ...options, model: new ScriptedModel(turns) });
  return await linesOf(agent.run(request, context));
}

async function linesOf(events: AsyncIterable<RunEvent>): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const event of checkGrammar(events)) {
    if (event.type === "reasoning-start") lines.push(event.source);
    else if (event.type === "reasoning-delta") lines.push(event.text);
    else if (event.type === "text-delta") lines.push(event.text);
    else if (event.type === "trace" && event.trace.kind === "tool-result") {
      lines.push(`${event.trace.name} ${event.trace.outcome}`);
    }
  }
  return lines;
}

Deno.test("a label is told as progress before its tool has run, in a paragraph of its own", async () => {
  assertEquals(await told([calls("look"), "Done."], { tools: [labelled("look", LABEL)] }), [
    "progress",
    LABEL,
    "look ok",
    "Done.",
  ]);
});

Deno.test("a label reaches the client while its tool is still at work", async () => {
  const seen = Promise.withResolvers<void>();
  const look = tool({ name: "look", label: LABEL, execute: () => seen.promise });
  const model = new ScriptedModel([calls("look"), "Done."]);
  const events = new Agent({ model, tools: [look] }).run(
    testRequest(),
    testContext({ reasoning: "progress" }),
  );
  let text = "";
  for await (const event of events) {
    // The tool ends only once its label has come.
    if (event.type === "reasoning-end") seen.resolve();
    if (event.type === "text-delta") text += event.text;
  }
  assertEquals(text, "Done.");
});

Deno.test("calls side by side tell their labels, each word once a batch", async () => {
  const tools = [
    labelled("a", "First"),
    labelled("b", "Second"),
    labelled("c", "First"),
    labelled("d", undefined),
  ];
  assertEquals(await told([calls("a", "b", "c", "a", "d"), calls("a"), "Done."], { tools }), [
    ...["progress", "First", "progress", "Second"],
    ...["a ok", "b ok", "c ok", "a ok", "d ok"],
    ...["progress", "First", "a ok", "Done."],
  ]);
});

Deno.test("a tool that runs alone tells its label when its turn comes", async () => {
  const tools = [labelled("a", "First"), labelled("b", "Second", { sequential: true })];
  assertEquals(await told([calls("a", "b"), "Done."], { tools }), [
    ...["progress", "First", "a ok", "progress", "Second", "b ok", "Done."],
  ]);
});

Deno.test("what has no label, or an empty one, tells nothing", async () => {
  const byHand: Tool = {
    name: "c",
    definition: { name: "c", parameters: { type: "object" } },
    label: "",
    parse: (value) => ({ ok: true, value }),
    execute: () => "seen",
  };
  const tools = [labelled("a", undefined), labelled("b", ""), byHand];
  assertEquals(await told([calls("a", "b", "c"), "Done."], { tools }), [
    ...["a ok", "b ok", "c ok", "Done."],
  ]);
});

Deno.test("labels are told to nobody where the client does not see progress", async () => {
  for (const reasoning of ["model", undefined] as const) {
    const lines = await told([calls("look"), "Done."], { tools: [labelled("look", LABEL)] }, {
      context: testContext({ reasoning }),
    });
    assertEquals(lines, ["look ok", "Done."]);
  }
});

Deno.test("a label is all a client is told: not the tool's name, nor anything else of it", async () => {
  const look = tool({
    name: "secret_name",
    description: "secret description",
    label: LABEL,
    parameters: z.object({ secret_field: z.string() }),
    metadata: { secret: "secret metadata" },
    execute: () => "secret result",
  });
  const model = new ScriptedModel([
    { toolCalls: [{ name: "secret_name", arguments: { "secret_field": "secret argument" } }] },
    "Done.",
  ]);
  const events: RunEvent[] = [];
  const context = testContext({ reasoning: "progress" });
  for await (const event of new Agent({ model, tools: [look] }).run(testRequest(), context)) {
    if (event.type !== "trace") events.push(event);
  }
  assert(JSON.stringify(events).includes(LABEL));
  assert(!JSON.stringify(events).includes("secret"));
});

Deno.test("text before calls is complete before a label is told", async () => {
  const turn = { ...calls("look"), text: ["Let me ", "see."] };
  assertEquals(await told([turn, "Done."], { tools: [labelled("look", LABEL)] }), [
    ...["Let me ", "see.", "progress", LABEL, "look ok", "Done."],
  ]);
});

Deno.test("a call that does not run tells no label", async () => {
  const cases: readonly {
    readonly what: string;
    readonly tools: readonly Tool[];
    readonly turn?: ScriptedTurn;
    readonly options?: Partial<AgentOptions>;
    readonly request?: RunRequest;
  }[] = [
    {
      what: "bad arguments",
      tools: [labelled("look", LABEL, { parameters: z.object({ n: z.number() }) })],
    },
    {
      what: "no JSON",
      tools: [labelled("look", LABEL)],
      turn: { toolCalls: [{ name: "look", arguments: "{" }] },
    },
    {
      what: "a validator refuses",
      tools: [labelled("look", LABEL, {
        validate: () => {
          throw new ModelRetry("no");
        },
      })],
    },
    {
      what: "the client wants no more calls",
      tools: [labelled("look", LABEL)],
      request: testRequest({ maxToolCalls: 0 }),
    },
    { what: "nobody to ask", tools: [labelled("look", LABEL, { requiresApproval: true })] },
    {
      what: "denied",
      tools: [labelled("look", LABEL, { requiresApproval: true })],
      options: { approve: () => false },
    },
    {
      what: "the client is asked",
      tools: [labelled("look", LABEL, { requiresApproval: true })],
      options: { approval: "client" },
      request: testRequest({ approvals: [] }),
    },
    {
      what: "a hook answers for it",
      tools: [labelled("look", LABEL)],
      options: { hooks: [{ wrapToolExecute: () => "from a hook" }] },
    },
  ];
  for (const { what, tools, turn = calls("look"), options, request } of cases) {
    const lines = await told([turn, "Done."], { ...options, tools }, { request });
    assert(!lines.includes(LABEL), `${what}: ${lines}`);
  }
});

Deno.test("a call that someone consents to tells its label then", async () => {
  const lines: string[] = [];
  const events = new Agent({
    model: new ScriptedModel([calls("look"), "Done."]),
    tools: [labelled("look", LABEL, { requiresApproval: true })],
    approve: async () => {
      await macrotask();
      lines.push("consented");
      return true;
    },
  }).run(testRequest(), testContext({ reasoning: "progress" }));
  for await (const event of events) {
    if (event.type === "reasoning-delta") lines.push(event.text);
  }
  assertEquals(lines, ["consented", LABEL]);
});

Deno.test("a call that runs again tells its label once", async () => {
  let runs = 0;
  const flaky = labelled("look", LABEL, {
    execute: () => {
      if (++runs === 1) throw new Error("flaky");
      return "seen";
    },
  });
  const twice: ToolHooks = {
    wrapToolExecute: async (_ctx, call, next) => {
      try {
        return await next(call.args);
      } catch {
        return await next(call.args);
      }
    },
  };
  const lines = await told([calls("look"), "Done."], { tools: [flaky], hooks: [twice] });
  assertEquals([lines, runs], [["progress", LABEL, "look ok", "Done."], 2]);
});

Deno.test("every wrapper of a toolset keeps labels", async () => {
  const tools = () => new FunctionToolset([labelled("look", LABEL)]);
  const wrappers: Readonly<Record<string, readonly [string, Toolset]>> = {
    function: ["look", tools()],
    prefixed: ["p_look", new PrefixedToolset(tools(), "p")],
    renamed: ["see", new RenamedToolset(tools(), { look: "see" })],
    filtered: ["look", new FilteredToolset(tools(), () => true)],
    prepared: [
      "look",
      new PreparedToolset(
        tools(),
        (_ctx, definitions) => definitions.map((each) => ({ ...each, description: "Other" })),
      ),
    ],
    dynamic: ["look", new DynamicToolset(() => tools())],
    stepped: ["look", new DynamicToolset(() => tools(), { per: "step" })],
    combined: ["look", new CombinedToolset([tools()])],
    approved: ["look", new ApprovalRequiredToolset(tools())],
    guarded: ["look", new ApprovalRequiredToolset(tools(), () => false)],
    all: [
      "p_see",
      new PrefixedToolset(
        new FilteredToolset(
          new RenamedToolset(
            new PreparedToolset(
              new ApprovalRequiredToolset(new DynamicToolset(() => new CombinedToolset([tools()]))),
              (_ctx, definitions) => definitions,
            ),
            { look: "see" },
          ),
          () => true,
        ),
        "p",
      ),
    ],
  };
  for (const [what, [name, toolset]] of Object.entries(wrappers)) {
    const options = { toolsets: [toolset], approve: () => true };
    assertEquals(
      await told([calls(name), "Done."], options),
      ["progress", LABEL, `${name} ok`, "Done."],
      what,
    );
  }
  const prepared = {
    tools: [labelled("look", LABEL)],
    prepareTools: (_ctx: unknown, definitions: readonly Tool["definition"][]) =>
      definitions.map((each) => ({ ...each, description: "Other" })),
  };
  const lines = await told([calls("look"), "Done."], prepared as Partial<AgentOptions>);
  assertEquals(lines, ["progress", LABEL, "look ok", "Done."]);
});

Deno.test("a hidden tool that gave way to a client's of the same name keeps its label to itself", async () => {
  const model = new FunctionModel(({ tools, messages }) =>
    messages.at(-1)!.role === "tool" ? "Done." : calls(tools[0]!.name)
  );
  const agent = new Agent({ model, tools: [labelled("look", LABEL)] });
  const request = testRequest({ tools: [{ name: "look", kind: "function" }] });
  const lines = await linesOf(agent.run(request, testContext({ reasoning: "progress" })));
  assertEquals(lines, ["progress", LABEL, "look ok", "Done."]);
  const clients = new Agent({
    model: new ScriptedModel([calls("look")]),
    tools: [labelled("look", LABEL)],
  });
  assertEquals(await linesOf(clients.run(request, testContext({ reasoning: "progress" }))), []);
});
