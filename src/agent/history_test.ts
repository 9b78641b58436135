import { assertEquals } from "@std/assert";
import type { AssistantMessage, Message, ToolCall } from "../run/request.ts";
import { normaliseHistory } from "./history.ts";

const user = (text: string): Message => ({ role: "user", content: [{ type: "text", text }] });
const result = (toolCallId: string, text: string): Message => ({
  role: "tool",
  toolCallId,
  content: [{ type: "text", text }],
});
const call = (id: string, args = "{}"): ToolCall => ({
  id,
  name: "look",
  kind: "function",
  arguments: args,
});
const assistant = (content: string, ...toolCalls: ToolCall[]): AssistantMessage => ({
  role: "assistant",
  content,
  toolCalls,
});
const interrupted = (id: string) =>
  result(id, "The tool call was interrupted before a result was produced.");

Deno.test("normaliseHistory() leaves a sound conversation alone", () => {
  const messages = [user("a"), assistant("", call("c")), result("c", "r"), assistant("b")];
  assertEquals(normaliseHistory(messages), messages);
});

Deno.test("normaliseHistory() drops results without an earlier call", () => {
  const messages = [result("x", "r"), user("a"), assistant("b"), result("y", "r"), user("c")];
  assertEquals(normaliseHistory(messages), [user("a"), assistant("b"), user("c")]);
});

Deno.test("normaliseHistory() says of unanswered calls that they were interrupted", () => {
  const messages = [assistant("", call("c"), call("d")), result("d", "r"), user("a")];
  assertEquals(normaliseHistory(messages), [
    messages[0]!,
    interrupted("c"),
    result("d", "r"),
    user("a"),
  ]);
  assertEquals(normaliseHistory([assistant("", call("c"))]).at(-1), interrupted("c"));
});

Deno.test("normaliseHistory() puts results before other messages, in call order, once", () => {
  const calls = assistant("", call("c"), call("d"));
  const messages = [calls, user("a"), result("d", "2"), result("c", "1"), result("c", "again")];
  assertEquals(normaliseHistory(messages), [calls, result("c", "1"), result("d", "2"), user("a")]);
});

Deno.test("normaliseHistory() merges adjacent messages of one role", () => {
  assertEquals(
    normaliseHistory([user("a"), user("b"), assistant("c"), assistant("d", call("x"))]),
    [
      {
        role: "user",
        content: [{ type: "text", text: "a" }, { type: "text", text: "b" }],
      },
      { ...assistant("c\n\nd", call("x")), refusal: undefined, reasoning: undefined },
      interrupted("x"),
    ],
  );
});

Deno.test("normaliseHistory() keeps users of different names and system messages apart", () => {
  const messages: Message[] = [
    { role: "system", content: "1" },
    { role: "system", content: "2" },
    { role: "user", name: "ann", content: [] },
    { role: "user", name: "bob", content: [] },
  ];
  assertEquals(normaliseHistory(messages), messages);
});

Deno.test("normaliseHistory() drops assistant messages without content", () => {
  assertEquals(normaliseHistory([user("a"), assistant(""), user("b")]).length, 1);
});

Deno.test("normaliseHistory() answers every call once where ids are used twice", () => {
  const reused = normaliseHistory([
    assistant("", call("c")),
    result("c", "1"),
    assistant("", call("c")),
    result("c", "2"),
  ]);
  assertEquals(reused.map((m) => m.role), ["assistant", "tool", "assistant", "tool"]);
  assertEquals(reused[3], result("c", "2"));
  const adjacent = normaliseHistory([assistant("", call("c")), assistant("", call("c"))]);
  assertEquals(adjacent.map((m) => m.role), ["assistant", "tool", "assistant", "tool"]);
  const within = normaliseHistory([assistant("", call("c"), call("c")), result("c", "1")]);
  assertEquals(within.map((m) => m.role), ["assistant", "tool"]);
});

Deno.test("normaliseHistory() makes arguments a JSON object", () => {
  const sent = (args: string, kind: ToolCall["kind"] = "function") => {
    const [message] = normaliseHistory([assistant("", { ...call("c", args), kind })]);
    return message?.role === "assistant" ? message.toolCalls[0] : undefined;
  };
  assertEquals(sent('{"a":1}')?.arguments, '{"a":1}');
  assertEquals(sent("")?.arguments, "{}");
  assertEquals(sent('{"a":')?.arguments, '{"INVALID_JSON":"{\\"a\\":"}');
  assertEquals(sent("[1]")?.arguments, '{"INVALID_JSON":"[1]"}');
  assertEquals(sent("free text", "custom"), {
    ...call("c", '{"input":"free text"}'),
    kind: "function",
  });
});
