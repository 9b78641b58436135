import { assertEquals, assertThrows } from "@std/assert";
import { RequestError } from "../../run/error.ts";
import { decodeMessages } from "./decode_messages.ts";

const USER = { role: "user", content: "hi" };

function call(id: string, name = "f"): Record<string, unknown> {
  return { id, type: "function", function: { name, arguments: '{"a":1}' } };
}

function calling(...ids: string[]): Record<string, unknown> {
  return { role: "assistant", content: null, "tool_calls": ids.map((id) => call(id)) };
}

function reply(id: string): Record<string, unknown> {
  return { role: "tool", "tool_call_id": id, content: "ok" };
}

Deno.test("decodeMessages() reads system and developer messages alike, wherever they stand", () => {
  const messages = decodeMessages([
    { role: "system", content: "a" },
    USER,
    { role: "developer", content: [{ type: "text", text: "b" }, { type: "text", text: "c" }] },
    { role: "system", content: "" },
  ]);
  assertEquals(messages.filter((message) => message.role === "system"), [
    { role: "system", content: "a" },
    { role: "system", content: "b\n\nc" },
    { role: "system", content: "" },
  ]);
});

Deno.test("decodeMessages() keeps consecutive user messages apart and their names", () => {
  assertEquals(decodeMessages([{ ...USER, name: "Ada" }, { role: "user", content: "" }]), [
    { role: "user", content: [{ type: "text", text: "hi" }], name: "Ada" },
    { role: "user", content: [{ type: "text", text: "" }] },
  ]);
});

for (
  const [what, content] of [["absent", undefined], ["null", null], ["no parts", []], ["empty", ""]]
) {
  Deno.test(`decodeMessages() takes ${what} content of an assistant as empty`, () => {
    assertEquals(decodeMessages([{ role: "assistant", content }]), [
      { role: "assistant", content: "", toolCalls: [] },
    ]);
  });
}

Deno.test("decodeMessages() reads text and refusal parts of an assistant", () => {
  const content = [
    { type: "text", text: "a" },
    { type: "refusal", refusal: "No" },
    { type: "text", text: "" },
    { type: "text", text: "b" },
    { type: "refusal", refusal: " way" },
  ];
  assertEquals(decodeMessages([{ role: "assistant", content }]), [
    { role: "assistant", content: "a\n\nb", refusal: "No way", toolCalls: [] },
  ]);
});

Deno.test("decodeMessages() reads an assistant's refusal field", () => {
  assertEquals(decodeMessages([{ role: "assistant", content: null, refusal: "No" }]), [
    { role: "assistant", content: "", refusal: "No", toolCalls: [] },
  ]);
});

for (
  const [fields, reasoning] of [
    [{ "reasoning_content": "a", reasoning: "b" }, "a"],
    [{ "reasoning_content": null, reasoning: "b" }, "b"],
    [{ "reasoning_content": "", reasoning: "" }, undefined],
    [{ reasoning: { effort: "low" }, "reasoning_details": [{ type: "x" }] }, undefined],
  ] as const
) {
  Deno.test(`decodeMessages() reads replayed reasoning of ${JSON.stringify(fields)}`, () => {
    const [message] = decodeMessages([{ role: "assistant", content: "x", ...fields }]);
    assertEquals(message, {
      role: "assistant",
      content: "x",
      toolCalls: [],
      ...(reasoning !== undefined && { reasoning }),
    });
  });
}

Deno.test("decodeMessages() reads calls of both kinds, replies in any order", () => {
  const custom = { id: "c2", type: "custom", custom: { name: "sql", input: "select 1" } };
  const messages = decodeMessages([
    { role: "assistant", content: "Wait", "tool_calls": [call("c1"), custom] },
    { role: "tool", "tool_call_id": "c2", content: [{ type: "text", text: "one" }] },
    reply("c1"),
  ]);
  assertEquals(messages, [
    {
      role: "assistant",
      content: "Wait",
      toolCalls: [
        { id: "c1", name: "f", kind: "function", arguments: '{"a":1}' },
        { id: "c2", name: "sql", kind: "custom", arguments: "select 1" },
      ],
    },
    { role: "tool", toolCallId: "c2", content: [{ type: "text", text: "one" }] },
    { role: "tool", toolCallId: "c1", content: [{ type: "text", text: "ok" }] },
  ]);
});

Deno.test("decodeMessages() takes an image as a tool's reply", () => {
  const url = "data:image/png;base64,QUJD";
  const messages = decodeMessages([
    calling("c1"),
    { role: "tool", "tool_call_id": "c1", content: [{ type: "image_url", "image_url": { url } }] },
  ]);
  assertEquals(messages[1], { role: "tool", toolCallId: "c1", content: [{ type: "image", url }] });
});

Deno.test("decodeMessages() lets ids come again in a later turn", () => {
  const turn = [USER, calling("call_0"), reply("call_0")];
  assertEquals(decodeMessages([...turn, ...turn]).length, 6);
});

Deno.test("decodeMessages() gives legacy calls ids of their own", () => {
  const messages = decodeMessages([
    { role: "assistant", content: null, "function_call": { name: "f", arguments: "{}" } },
    { role: "function", name: "f", content: "1" },
    { role: "assistant", content: null, "function_call": { name: "f", arguments: "{}" } },
    { role: "function", name: "f", content: null },
  ]);
  assertEquals(messages, [
    {
      role: "assistant",
      content: "",
      toolCalls: [{ id: "function_call_0", name: "f", kind: "function", arguments: "{}" }],
    },
    { role: "tool", toolCallId: "function_call_0", content: [{ type: "text", text: "1" }] },
    {
      role: "assistant",
      content: "",
      toolCalls: [{ id: "function_call_2", name: "f", kind: "function", arguments: "{}" }],
    },
    { role: "tool", toolCallId: "function_call_2", content: [{ type: "text", text: "" }] },
  ]);
});

Deno.test("decodeMessages() ignores audio of an earlier answer and unknown fields", () => {
  const message = { role: "assistant", audio: { id: "a" }, annotations: [], "cache_control": {} };
  assertEquals(decodeMessages([message]), [{ role: "assistant", content: "", toolCalls: [] }]);
});

const LEGACY = { role: "assistant", "function_call": { name: "f", arguments: "{}" } };

const REFUSED: readonly [string, readonly unknown[], string, string][] = [
  ["a message that is no object", [5], "invalid-type", "messages[0]"],
  ["null as a message", [USER, null], "missing-parameter", "messages[1]"],
  ["no role", [{ content: "x" }], "missing-parameter", "messages[0].role"],
  ["an unknown role", [USER, { role: "wizard" }], "invalid-value", "messages[1].role"],
  ["a role of Object.prototype", [{ role: "constructor" }], "invalid-value", "messages[0].role"],
  ["a number as role", [{ role: 1 }], "invalid-type", "messages[0].role"],
  ["a user without content", [{ role: "user" }], "missing-parameter", "messages[0].content"],
  ["a system without content", [{ role: "system" }], "missing-parameter", "messages[0].content"],
  ["an object as content", [{ role: "user", content: {} }], "invalid-type", "messages[0].content"],
  ["no parts", [{ role: "user", content: [] }], "empty-array", "messages[0].content"],
  ["a number as name", [{ ...USER, name: 5 }], "invalid-type", "messages[0].name"],
  [
    "a number as refusal",
    [{ role: "assistant", refusal: 5 }],
    "invalid-type",
    "messages[0].refusal",
  ],
  [
    "an object as tool_calls",
    [{ role: "assistant", "tool_calls": {} }],
    "invalid-type",
    "messages[0].tool_calls",
  ],
  [
    "a call without id",
    [{ role: "assistant", "tool_calls": [{ ...call("x"), id: undefined }] }],
    "missing-parameter",
    "messages[0].tool_calls[0].id",
  ],
  [
    "a call of an unknown type",
    [{ role: "assistant", "tool_calls": [call("x"), { ...call("y"), type: "mcp" }] }],
    "invalid-value",
    "messages[0].tool_calls[1].type",
  ],
  [
    "arguments that are no string",
    [{
      role: "assistant",
      "tool_calls": [{ ...call("x"), function: { name: "f", arguments: {} } }],
    }],
    "invalid-type",
    "messages[0].tool_calls[0].function.arguments",
  ],
  ["an id twice", [calling("x", "x")], "invalid-value", "messages[0].tool_calls[1].id"],
  [
    "a reply without a call",
    [USER, reply("x")],
    "invalid-value",
    "messages[1].tool_call_id",
  ],
  [
    "a reply to another id",
    [calling("x"), reply("y")],
    "invalid-value",
    "messages[1].tool_call_id",
  ],
  [
    "two replies to a call",
    [calling("x"), reply("x"), reply("x")],
    "invalid-value",
    "messages[2].tool_call_id",
  ],
  [
    "a late reply",
    [calling("x"), reply("x"), USER, reply("x")],
    "invalid-value",
    "messages[3].tool_call_id",
  ],
  [
    "a call without reply before a user message",
    [USER, calling("x", "y"), reply("x"), USER],
    "invalid-value",
    "messages[1].tool_calls[1].id",
  ],
  [
    "a call without reply before a system message",
    [calling("x"), { role: "system", content: "" }],
    "invalid-value",
    "messages[0].tool_calls[0].id",
  ],
  [
    "a call without reply at the end",
    [USER, calling("x")],
    "invalid-value",
    "messages[1].tool_calls[0].id",
  ],
  [
    "a reply without id",
    [calling("x"), { role: "tool", content: "ok" }],
    "missing-parameter",
    "messages[1].tool_call_id",
  ],
  [
    "a reply without content",
    [calling("x"), { role: "tool", "tool_call_id": "x" }],
    "missing-parameter",
    "messages[1].content",
  ],
  [
    "a legacy reply of another name",
    [LEGACY, { role: "function", name: "g", content: "" }],
    "invalid-value",
    "messages[1].name",
  ],
  [
    "a legacy reply without a call",
    [USER, { role: "function", name: "f", content: "" }],
    "invalid-value",
    "messages[1].name",
  ],
  ["a legacy call without reply", [LEGACY, USER], "invalid-value", "messages[0].function_call"],
  [
    "both shapes of calls",
    [{ ...LEGACY, "tool_calls": [call("x")] }],
    "invalid-value",
    "messages[0].function_call",
  ],
];

for (const [what, messages, code, param] of REFUSED) {
  Deno.test(`decodeMessages() rejects ${what} with ${code} at ${param}`, () => {
    const error = assertThrows(() => decodeMessages(messages), RequestError);
    assertEquals([error.code, error.param], [code, param]);
  });
}
