import { assertEquals, assertThrows } from "@std/assert";
import { readSandboxMessage } from "./sandbox_messages.ts";

Deno.test("readSandboxMessage() reads every message a sandbox may send", () => {
  const messages = [
    { type: "ready" },
    { type: "call", call: 0, name: "get", args: { ["__proto__"]: 1 } },
    { type: "call", call: 1, name: "" },
    { type: "value", value: null, output: "" },
    { type: "value", output: "text" },
    { type: "failure", kind: "syntax", message: "m", output: "" },
    { type: "failure", kind: "runtime", message: "", output: "o" },
  ];
  for (const message of messages) {
    assertEquals<unknown>(readSandboxMessage(JSON.stringify(message)), message);
  }
});

Deno.test("readSandboxMessage() leaves out what a message does not have", () => {
  assertEquals(readSandboxMessage('{"type":"ready","more":1,"__proto__":{"x":1}}'), {
    type: "ready",
  });
});

Deno.test("readSandboxMessage() throws at anything else, with none of its words", () => {
  const cases: Readonly<Record<string, string>> = {
    "": "wrote to standard output by itself",
    "secret": "wrote to standard output by itself",
    "{": "wrote to standard output by itself",
    "null": "sent what is no message",
    "[]": "sent what is no message",
    '"ready"': "sent what is no message",
    "{}": "sent what is no message",
    '{"type":"secret"}': "sent what is no message",
    '{"type":["ready"]}': "sent what is no message",
    '{"type":"call","call":-1,"name":"a"}': "sent what is no message",
    '{"type":"call","call":1e308,"name":"a"}': "sent what is no message",
    '{"type":"call","call":1}': "sent what is no message",
    '{"type":"value"}': "sent what is no message",
    '{"type":"value","output":1}': "sent what is no message",
    '{"type":"failure","kind":"secret","message":"","output":""}': "sent what is no message",
    '{"type":"result","call":1,"value":1}': "sent what is no message",
  };
  for (const [line, reason] of Object.entries(cases)) {
    const error = assertThrows(() => readSandboxMessage(line), Error);
    assertEquals(error.message, reason, line);
  }
});
