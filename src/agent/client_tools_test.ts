import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { RunError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { RunRequest, ToolSpec } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";
import { ScriptedModel, type ScriptedTurn } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { ExternalToolset } from "../tools/external.ts";
import { ModelRetry } from "../tools/outcome.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";

const ask: ToolSpec = { name: "ask", kind: "function", parameters: { type: "object" } };
const tell: ToolSpec = { name: "tell", kind: "function" };
const hidden = tool({ name: "hidden", execute: () => "found" });

interface Outcome {
  readonly result: RunResult;
  readonly model: ScriptedModel;
}

async function run(
  turns: readonly (ScriptedTurn | string)[],
  request: Partial<RunRequest>,
  tools = [hidden],
): Promise<Outcome> {
  const model = new ScriptedModel(turns);
  const agent = new Agent({ model, tools });
  const result = await fold(checkGrammar(agent.run(testRequest(request), testContext())));
  return { result, model };
}

Deno.test("client tools are offered beside hidden ones and their calls end the run", async () => {
  const { result, model } = await run(
    [{ text: "I must ask.", toolCalls: [{ id: "call_0", name: "ask", arguments: { q: 1 } }] }],
    { tools: [ask] },
  );
  assertEquals(model.requests[0]!.tools.map((spec) => spec.name), ["hidden", "ask"]);
  assertEquals(result.finishReason, "tool-calls");
  assertEquals(result.parts[0], { type: "text", text: "I must ask.", phase: "final" });
  const [call] = result.toolCalls;
  assertEquals([call!.name, call!.kind, call!.arguments], ["ask", "function", '{"q":1}']);
  assertNotEquals(call!.id, "call_0");
});

Deno.test("arguments reach the client as the model wrote them, even broken ones", async () => {
  const written = ['{"q": 1,}', "not json", '{"a":"b" }', ""];
  const { result } = await run(
    [{ toolCalls: written.map((args) => ({ name: "ask", arguments: args })) }],
    { tools: [ask] },
  );
  assertEquals(result.toolCalls.map((call) => call.arguments), [...written.slice(0, 3), "{}"]);
});

Deno.test("a call cut off by the token limit ends with length", async () => {
  const { result } = await run(
    [{ toolCalls: [{ name: "ask", arguments: '{"q":' }], finishReason: "length" }],
    { tools: [ask] },
  );
  assertEquals([result.finishReason, result.toolCalls.length], ["length", 1]);
});

Deno.test("a hidden tool named like a client's gets another name towards the model", async () => {
  let ran = 0;
  const clash = tool({ name: "ask", execute: () => `secret ${++ran}` });
  const { result, model } = await run(
    [
      { toolCalls: [{ name: "ask_2" }] },
      { toolCalls: [{ name: "ask" }] },
    ],
    { tools: [ask] },
    [clash],
  );
  assertEquals(model.requests[0]!.tools.map((spec) => spec.name), ["ask_2", "ask"]);
  assertEquals(ran, 1);
  assertEquals(result.toolCalls.map((call) => call.name), ["ask"]);
});

Deno.test("renamed tools have legal names nobody else has", async () => {
  const long = "x".repeat(64);
  const names = [long, `${"x".repeat(62)}_2`];
  const { model } = await run(
    ["done"],
    { tools: names.map((name) => ({ name, kind: "function" })) },
    [tool({ name: long, execute: () => 1 })],
  );
  const offered = model.requests[0]!.tools.map((spec) => spec.name);
  assertEquals(new Set(offered).size, 3);
  assert(offered.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name)));
});

Deno.test("tool_choice none forbids client tools; hidden ones still run", async () => {
  const { result, model } = await run(
    [{ toolCalls: [{ name: "hidden" }] }, "done"],
    { tools: [ask], toolChoice: { type: "none" } },
  );
  assertEquals(model.requests[0]!.tools.map((spec) => spec.name), ["hidden"]);
  assertEquals([result.text, result.finishReason], ["done", "stop"]);
});

Deno.test("tool_choice required goes on through hidden calls and text to a client call", async () => {
  const { result, model } = await run(
    [
      { text: "Let me see.", toolCalls: [{ name: "hidden" }] },
      "I would rather talk.",
      { toolCalls: [{ name: "ask" }] },
    ],
    { tools: [ask, tell], toolChoice: { type: "required" } },
  );
  assertEquals(result.toolCalls.map((call) => call.name), ["ask"]);
  assertEquals(result.text, "Let me see.");
  assertEquals(model.requests.map((request) => request.toolChoice.type), [
    "required",
    "required",
    "required",
  ]);
  assertEquals(model.requests[2]!.messages.at(-1), {
    role: "user",
    content: [{
      type: "text",
      text: "Validation feedback:\nPlease call one of these tools: 'ask', 'tell'.\n\n" +
        "Fix the errors and try again.",
    }],
  });
});

Deno.test("tool_choice required fails when the model never calls", async () => {
  const error = await assertRejects(
    () => run(["no", "no", "no"], { tools: [ask], toolChoice: { type: "required" } }),
    RunError,
  );
  assertEquals(error.code, "run-failed");
});

Deno.test("a named tool_choice is passed on and ends in that call", async () => {
  const toolChoice = { type: "tool", name: "tell" } as const;
  const { result, model } = await run(
    [{ toolCalls: [{ name: "ask" }] }, { toolCalls: [{ name: "tell" }] }],
    { tools: [ask, tell], toolChoice },
  );
  assertEquals(model.requests[0]!.toolChoice, toolChoice);
  assertEquals(result.toolCalls.map((call) => call.name), ["tell"]);
});

Deno.test("allowed tools are enforced, not only announced", async () => {
  for (const mode of ["auto", "required"] as const) {
    const { result, model } = await run(
      [{ toolCalls: [{ name: "ask" }] }, { toolCalls: [{ name: "tell" }] }],
      { tools: [ask, tell], toolChoice: { type: "allowed", mode, names: ["tell"] } },
    );
    assertEquals(model.requests[0]!.tools.map((spec) => spec.name), ["hidden", "tell"]);
    assertEquals(model.requests[0]!.toolChoice.type, mode);
    assertEquals(result.toolCalls.map((call) => call.name), ["tell"]);
  }
});

Deno.test("without parallel tool calls at most one client call comes out", async () => {
  const { result, model } = await run(
    [{ toolCalls: [{ name: "ask" }, { name: "hidden" }, { name: "tell" }] }],
    { tools: [ask, tell], parallelToolCalls: false },
  );
  assertEquals(result.toolCalls.map((call) => call.name), ["ask"]);
  assertEquals(model.requests[0]!.parallelToolCalls, false);
});

Deno.test("a custom tool is offered as a function of one string and comes out as custom", async () => {
  const { result, model } = await run(
    [{
      toolCalls: [
        { name: "patch", arguments: { input: "*** Begin" } },
        { name: "patch", arguments: "raw words" },
      ],
    }],
    { tools: [{ name: "patch", kind: "custom", description: "Applies it" }] },
    [],
  );
  const [spec] = model.requests[0]!.tools;
  assertEquals([spec!.kind, spec!.parameters?.required], ["function", ["input"]]);
  assertEquals(result.toolCalls.map(({ kind, arguments: text }) => [kind, text]), [
    ["custom", "*** Begin"],
    ["custom", "raw words"],
  ]);
});

Deno.test("a failing hidden call does not hold back client calls", async () => {
  const failing = tool({
    name: "failing",
    execute: () => {
      throw new ModelRetry("no");
    },
  });
  const { result } = await run(
    [{ toolCalls: [{ name: "failing" }, { name: "ask" }] }],
    { tools: [ask] },
    [failing],
  );
  assertEquals(result.toolCalls.length, 1);
});

Deno.test("external toolsets hand their calls out as well; the client's tool wins a name", async () => {
  const model = new ScriptedModel([{ toolCalls: [{ name: "mail", arguments: { to: "a" } }] }]);
  const external = new ExternalToolset([
    { name: "mail", description: "the author's", parameters: { type: "object" } },
  ]);
  const agent = new Agent({ model, toolsets: [external] });
  const result = await fold(agent.run(testRequest(), testContext()));
  assertEquals(result.toolCalls.map((call) => call.name), ["mail"]);
  const clash = new ScriptedModel(["done"]);
  const clients: ToolSpec = { name: "mail", kind: "function", description: "the client's" };
  await fold(
    new Agent({ model: clash, toolsets: [external] }).run(
      testRequest({ tools: [clients] }),
      testContext(),
    ),
  );
  assertEquals(clash.requests[0]!.tools.map((spec) => spec.description), ["the client's"]);
});
