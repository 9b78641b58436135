import { assertEquals } from "@std/assert";
import type { ModelRequest } from "../models/model.ts";
import { fold } from "../run/fold.ts";
import { checkGrammar } from "../run/grammar.ts";
import type { Message, ToolSpec } from "../run/request.ts";
import type { RunResult } from "../run/result.ts";
import { TestModel, type TestModelOptions } from "./test_model.ts";

const user: Message = { role: "user", content: [{ type: "text", text: "go" }] };
const tool = (name: string, parameters?: ToolSpec["parameters"]): ToolSpec => ({
  name,
  kind: "function",
  parameters,
});
const result = (toolCallId: string, text: string): Message => ({
  role: "tool",
  toolCallId,
  content: [{ type: "text", text }],
});
const called = (...names: readonly string[]): Message => ({
  role: "assistant",
  content: "",
  toolCalls: names.map((name) => ({ id: `id-${name}`, name, kind: "function", arguments: "{}" })),
});

function ask(asked: Partial<ModelRequest>, options?: TestModelOptions): Promise<RunResult> {
  const request: ModelRequest = {
    messages: [user],
    tools: [],
    toolChoice: { type: "auto" },
    output: { type: "text" },
    settings: {},
    stream: true,
    ...asked,
  };
  const call = { signal: new AbortController().signal, logger: { log() {} } };
  return fold(checkGrammar(new TestModel(options).call(request, call)));
}

const names = ({ toolCalls }: RunResult) => toolCalls.map((call) => call.name);

Deno.test("TestModel calls all tools first, with arguments made from their schemas", async () => {
  const tools = [
    tool("a", { type: "object", properties: { n: { type: "integer", minimum: 3 } } }),
    tool("b"),
    { name: "c", kind: "custom" } as const,
  ];
  const { toolCalls } = await ask({ tools });
  assertEquals(toolCalls.map((call) => [call.name, call.kind, call.arguments]), [
    ["a", "function", '{"n":3}'],
    ["b", "function", "{}"],
    ["c", "custom", "example"],
  ]);
});

Deno.test("TestModel calls the tools it is told to, and those that may be called", async () => {
  const tools = [tool("a"), tool("b")];
  assertEquals(names(await ask({ tools }, { callTools: ["b"] })), ["b"]);
  assertEquals(names(await ask({ tools, toolChoice: { type: "tool", name: "b" } })), ["b"]);
  const toolChoice = { type: "allowed", mode: "auto", names: ["a"] } as const;
  assertEquals(names(await ask({ tools, toolChoice })), ["a"]);
  assertEquals(names(await ask({ tools, toolChoice: { type: "none" } })), []);
});

Deno.test("TestModel repeats the calls that asked for it", async () => {
  const messages = [
    user,
    called("a", "b"),
    result("id-a", "fine"),
    result("id-b", "No.\n\nFix the errors and try again."),
  ];
  assertEquals(names(await ask({ messages, tools: [tool("a"), tool("b")] })), ["b"]);
});

Deno.test("TestModel ends with what the tools returned", async () => {
  const messages = [user, called("a", "b"), result("id-a", '{"x":1}'), result("id-b", "text")];
  const { text } = await ask({ messages, tools: [tool("a"), tool("b")] });
  assertEquals(text, '{"a":{"x":1},"b":"text"}');
});

Deno.test("TestModel begins anew with each user message", async () => {
  const messages = [user, called("a"), result("id-a", "1"), user];
  assertEquals(names(await ask({ messages, tools: [tool("a")] })), ["a"]);
});

Deno.test("TestModel says so when it called no tools", async () => {
  assertEquals((await ask({})).text, "success (no tool calls)");
  assertEquals((await ask({}, { outputText: "own" })).text, "own");
});

Deno.test("TestModel fills the form asked for", async () => {
  const schema = { type: "object", properties: { a: { const: 1 } } };
  const output = { type: "json-schema", name: "n", schema } as const;
  assertEquals((await ask({ output })).text, '{"a":1}');
  assertEquals((await ask({ output: { type: "json-object" } })).text, "{}");
});

Deno.test("TestModel hands its output in by tool where it must", async () => {
  const tools = [tool("a"), tool("final_result")];
  const toolChoice = { type: "required" } as const;
  assertEquals(names(await ask({ tools, toolChoice })), ["a"]);
  const messages = [user, called("a"), result("id-a", "1")];
  assertEquals(names(await ask({ messages, tools, toolChoice })), ["final_result"]);
});
