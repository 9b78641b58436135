import { assert, assertEquals, assertThrows } from "@std/assert";
import { RequestError, type RequestErrorCode } from "../../run/error.ts";
import type { Message } from "../../run/request.ts";
import type { StoredHistory, StoredItem } from "../stateful.ts";
import { responses } from "./mod.ts";

function messagesOf(
  input: unknown,
  { stored, ...fields }: { readonly stored?: StoredHistory; readonly [field: string]: unknown } =
    {},
): readonly Message[] {
  return responses.decode({ model: "alpha", input, ...fields }, stored).request.messages;
}

function refusal(
  input: unknown,
  stored?: StoredHistory,
): readonly [RequestErrorCode, string | null] {
  const { code, param } = assertThrows(() => messagesOf(input, { stored }), RequestError);
  return [code, param];
}

function kept(item: Readonly<Record<string, unknown>> & { readonly id: string }): StoredItem {
  return { id: item.id, json: JSON.stringify(item) };
}

const USER = { role: "user", content: "Hi" } as const;
const SAID_HI: Message = { role: "user", content: [{ type: "text", text: "Hi" }] };
const CALL = { type: "function_call", "call_id": "call_1", name: "weather", arguments: "{}" };
const OUTPUT = { type: "function_call_output", "call_id": "call_1", output: "18" };
const TOOL_CALL = { id: "call_1", name: "weather", kind: "function", arguments: "{}" } as const;
const REPLY: Message = {
  role: "tool",
  toolCallId: "call_1",
  content: [{ type: "text", text: "18" }],
};

function assistant(content: string, rest: Readonly<Record<string, unknown>> = {}): Message {
  return { role: "assistant", content, toolCalls: [], ...rest } as Message;
}

Deno.test("decode() puts instructions before everything", () => {
  const previous = [kept({ id: "msg_1", type: "message", ...USER })];
  const messages = messagesOf([{ role: "developer", content: "Be kind" }], {
    instructions: "Be brief",
    "previous_response_id": "resp_1",
    stored: { previous, items: new Map() },
  });
  assertEquals(messages, [
    { role: "system", content: "Be brief" },
    SAID_HI,
    { role: "system", content: "Be kind" },
  ]);
});

Deno.test("decode() joins text, parallel calls and replies into one turn", () => {
  const second = { ...CALL, "call_id": "call_2" };
  const messages = messagesOf([
    USER,
    { role: "assistant", content: "I look." },
    CALL,
    second,
    { ...OUTPUT, "call_id": "call_2" },
    OUTPUT,
    { role: "assistant", content: [{ type: "output_text", text: "18 degrees" }] },
  ]);
  assertEquals(messages, [
    SAID_HI,
    assistant("I look.", { toolCalls: [TOOL_CALL, { ...TOOL_CALL, id: "call_2" }] }),
    { ...REPLY, toolCallId: "call_2" } as Message,
    REPLY,
    assistant("18 degrees"),
  ]);
});

Deno.test("decode() keeps steps apart, each with its own call", () => {
  const messages = messagesOf([CALL, OUTPUT, CALL, OUTPUT]);
  assertEquals(messages, [
    assistant("", { toolCalls: [TOOL_CALL] }),
    REPLY,
    assistant("", { toolCalls: [TOOL_CALL] }),
    REPLY,
  ]);
});

Deno.test("decode() puts a late reply after its call", () => {
  assertEquals(messagesOf([CALL, USER, OUTPUT]), [
    assistant("", { toolCalls: [TOOL_CALL] }),
    REPLY,
    SAID_HI,
  ]);
});

Deno.test("decode() takes words between a call and its reply into the message of the call", () => {
  assertEquals(messagesOf([CALL, { role: "assistant", content: "Wait." }, OUTPUT]), [
    assistant("Wait.", { toolCalls: [TOOL_CALL] }),
    REPLY,
  ]);
});

Deno.test("decode() leaves two messages of the assistant two", () => {
  const said = ["One", "Two"].map((content) => ({
    role: "assistant",
    content,
    id: "x",
    phase: "y",
  }));
  assertEquals(messagesOf(said), [assistant("One"), assistant("Two")]);
});

Deno.test("decode() reads refusals", () => {
  const content = [{ type: "refusal", refusal: "No." }];
  assertEquals(messagesOf([{ role: "assistant", content }]), [assistant("", { refusal: "No." })]);
});

Deno.test("decode() reads custom calls", () => {
  const messages = messagesOf([
    { type: "custom_tool_call", "call_id": "call_1", name: "run_sql", input: "SELECT 1" },
    { type: "custom_tool_call_output", "call_id": "call_1", output: "18" },
  ]);
  const call = { id: "call_1", name: "run_sql", kind: "custom", arguments: "SELECT 1" };
  assertEquals(messages, [assistant("", { toolCalls: [call] }), REPLY]);
});

Deno.test("decode() gives calls below a namespace the name their tool has", () => {
  const namespace = {
    type: "namespace",
    name: "files",
    tools: [{ type: "function", name: "read" }],
  };
  const call = { ...CALL, name: "read", namespace: "files" };
  const gone = { ...CALL, "call_id": "call_2", name: "read", namespace: "gone.ns" };
  const { messages, tools } = responses.decode({
    model: "alpha",
    tools: [namespace],
    input: [call, gone, OUTPUT, { ...OUTPUT, "call_id": "call_2" }],
  }).request;
  const [first] = messages;
  assertEquals(first?.role === "assistant" && first.toolCalls.map((each) => each.name), [
    tools[0]!.name,
    "gone_ns__read",
  ]);
});

Deno.test("decode() makes text of whatever a call returned", () => {
  const outputs: readonly [unknown, string][] = [
    ["18", "18"],
    ["", ""],
    [{ a: 1 }, '{"a":1}'],
    [18, "18"],
    [[], "[]"],
    [[{ type: "temperature" }], '[{"type":"temperature"}]'],
  ];
  for (const [output, text] of outputs) {
    const reply = messagesOf([CALL, { ...OUTPUT, output }])[1];
    assertEquals(reply?.role === "tool" && reply.content, [{ type: "text", text }]);
  }
});

Deno.test("decode() reads parts of whatever a call returned", () => {
  const output = [
    { type: "input_text", text: "Look" },
    { type: "input_image", "image_url": "https://example.com/a.png" },
    { type: "input_file", filename: "a.txt", "file_data": "aGk=" },
  ];
  const reply = messagesOf([CALL, { ...OUTPUT, output }])[1];
  assertEquals(reply?.role === "tool" && reply.content, [
    { type: "text", text: "Look" },
    { type: "image", url: "https://example.com/a.png" },
    { type: "file", data: "aGk=", filename: "a.txt" },
  ]);
});

const HEX = "0123456789abcdef0123456789abcdef";
const THOUGHT = { type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }] };

Deno.test("decode() takes back what a model here thought, and nobody else's reasoning", () => {
  const says = { role: "assistant", content: "Yes" };
  assertEquals(messagesOf([{ ...THOUGHT, id: `rs_${HEX}0` }, says]), [
    assistant("Yes", { reasoning: "Hm" }),
  ]);
  const foreign = [`rs_${HEX}p0`, `rs_${HEX}${HEX}`, "rs_1", undefined, null];
  for (const id of foreign) {
    const item = { ...THOUGHT, id, "encrypted_content": "x" };
    assertEquals(messagesOf([item, says]), [assistant("Yes")], String(id));
  }
  assertEquals(messagesOf([{ ...THOUGHT, id: `rs_${HEX}0` }, USER]), [SAID_HI]);
});

Deno.test("decode() skips items of tools and services that are not here", () => {
  const types = ["web_search_call", "mcp_list_tools", "compaction", "shell_call_output", "program"];
  assertEquals(messagesOf([...types.map((type) => ({ type, id: "x_1" })), USER]), [SAID_HI]);
});

Deno.test("decode() resolves references, with or without a type", () => {
  const said = kept({ id: "msg_1", type: "message", role: "assistant", content: "Yes" });
  const stored = { items: new Map([["msg_1", said]]) };
  assertEquals(messagesOf([{ type: "item_reference", id: "msg_1" }], { stored }), [
    assistant("Yes"),
  ]);
  assertEquals(messagesOf([{ id: "msg_1" }], { stored }), [assistant("Yes")]);
  assertEquals(messagesOf([{ id: "msg_1", type: null }], { stored }), [assistant("Yes")]);
});

Deno.test("decode() drops lost reasoning and refuses what else is lost, or found twice", () => {
  const said = kept({ id: "msg_1", type: "message", role: "assistant", content: "Yes" });
  const stored = { items: new Map([["msg_1", said]]) };
  assertEquals(messagesOf([{ id: "rs_1" }, USER], { stored }), [SAID_HI]);
  assertEquals(refusal([{ id: "msg_2" }], stored), ["item-not-found", "input"]);
  assertEquals(refusal([{ id: "msg_2" }]), ["item-not-found", "input"]);
  const twice = refusal([{ id: "msg_1" }, { id: "msg_1" }], stored);
  assertEquals(twice, ["invalid-value", "input[1].id"]);
});

Deno.test("decode() quotes no more than the beginning of an id that is not found", () => {
  const id = "x".repeat(5000);
  const stored = { items: new Map() };
  const inputs = [{ input: [{ id }] }, { input: "Hi", "previous_response_id": id }];
  for (const { input, ...fields } of inputs) {
    const error = assertThrows(() => messagesOf(input, { ...fields, stored }), RequestError);
    assert(error.message.length < 200, error.message);
  }
});

Deno.test("decode() continues from a response that ended in a call", () => {
  const stored = { previous: [kept({ id: "fc_1", ...CALL })], items: new Map() };
  const fields = { "previous_response_id": "resp_1", stored };
  assertEquals(messagesOf([OUTPUT], fields), [assistant("", { toolCalls: [TOOL_CALL] }), REPLY]);
  const error = assertThrows(() => messagesOf([USER], fields), RequestError);
  assertEquals(error.param, "previous_response_id.call_id");
});

Deno.test("decode() needs no input where it continues", () => {
  const stored = {
    previous: [kept({ id: "msg_1", type: "message", ...USER })],
    items: new Map(),
  };
  for (const input of [undefined, null, []]) {
    assertEquals(messagesOf(input, { "previous_response_id": "resp_1", stored }), [SAID_HI]);
  }
});

const REFUSED: readonly [string, unknown, RequestErrorCode, string][] = [
  ["an unknown type", [{ type: "massage" }], "invalid-value", "input[0].type"],
  ["a missing type", [{ content: "x" }], "missing-parameter", "input[0].type"],
  ["a type that is no string", [{ type: 1 }], "invalid-type", "input[0].type"],
  ["a reference without id", [{ type: "item_reference" }], "missing-parameter", "input[0].id"],
  ["a reference by number", [{ type: "item_reference", id: 1 }], "invalid-type", "input[0].id"],
  ["an item that is no object", [USER, "x"], "invalid-type", "input[1]"],
  ["an unknown role", [{ role: "boss", content: "x" }], "invalid-value", "input[0].role"],
  ["a message without content", [{ role: "user" }], "missing-parameter", "input[0].content"],
  ["content without parts", [{ role: "user", content: [] }], "empty-array", "input[0].content"],
  [
    "a call without id",
    [{ ...CALL, "call_id": undefined }],
    "missing-parameter",
    "input[0].call_id",
  ],
  ["a call without output", [USER, CALL, USER], "invalid-value", "input[1].call_id"],
  ["an output without call", [OUTPUT], "invalid-value", "input[0].call_id"],
  ["two outputs of one call", [CALL, OUTPUT, OUTPUT], "invalid-value", "input[2].call_id"],
  ["two open calls of one id", [CALL, CALL, OUTPUT], "invalid-value", "input[1].call_id"],
  [
    "an output that is absent",
    [CALL, { ...OUTPUT, output: null }],
    "missing-parameter",
    "input[1].output",
  ],
];

for (const [what, input, code, param] of REFUSED) {
  Deno.test(`decode() refuses ${what} with ${code} at ${param}`, () => {
    assertEquals(refusal(input), [code, param]);
  });
}

Deno.test("decode() reads 100,000 items in time linear in their number", () => {
  const input = Array.from({ length: 50_000 }, (_, index) => [
    { ...CALL, "call_id": `call_${index}` },
    { ...OUTPUT, "call_id": `call_${index}` },
  ]).flat();
  assertEquals(messagesOf(input).length, 100_000);
});

Deno.test("decode() takes a field named __proto__ for a field", () => {
  const item = JSON.parse('{"role":"user","content":"Hi","__proto__":{"type":"massage"}}');
  assertEquals(messagesOf([item]), [SAID_HI]);
});
