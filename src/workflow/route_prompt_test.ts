import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { InputPart, Message } from "../run/request.ts";
import { Route } from "./route.ts";
import { routeInstructions, routePrompt } from "./route_prompt.ts";
import { AgenticWorkflow } from "./workflow.ts";

const RUNNER = new AgenticWorkflow(() => "");

function user(...content: (string | InputPart)[]): Message {
  const parts = content.map((part) =>
    typeof part === "string" ? { type: "text", text: part } as const : part
  );
  return { role: "user", content: parts };
}

/** The text of a prompt. */
function told(messages: readonly Message[]): string {
  const [part, ...others] = routePrompt(messages, { images: "none" }).content;
  assertEquals(others, []);
  assert(part?.type === "text");
  return part.text;
}

Deno.test("routePrompt() tells who said what, and nothing of tools", () => {
  const text = told([
    { role: "system", content: "Be brief" },
    user("What is the weather?"),
    {
      role: "assistant",
      content: "",
      toolCalls: [{ id: "c", name: "get_weather", kind: "function", arguments: '{"a":"args"}' }],
    },
    { role: "tool", toolCallId: "c", content: [{ type: "text", text: "Sunny result" }] },
    { role: "assistant", content: "It is fine", toolCalls: [] },
    user("Sing", "about it"),
  ]);
  assertEquals(
    text,
    "Conversation:\n\nSystem: Be brief\n\nUser: What is the weather?\n\nAssistant: It is fine\n\n" +
      "User: Sing\nabout it\n\nWhich route answers the last message?",
  );
});

Deno.test("routePrompt() says where there are images, files and audio", () => {
  const text = told([
    user(
      { type: "image", url: "data:image/png;base64,SECRET" },
      { type: "file", filename: 'a"\n.pdf', data: "SECRET" },
      { type: "file", fileId: "SECRET" },
      { type: "audio", data: "SECRET", format: "wav" },
    ),
  ]);
  assertStringIncludes(text, 'User: [image]\n[file "a\\"\\n.pdf"]\n[file]\n[audio]');
  assert(!text.includes("SECRET"));
});

Deno.test("routePrompt() shows images of the last user message alone, ids only where they are taken", () => {
  const old: InputPart = { type: "image", url: "https://example.com/old.png" };
  const url: InputPart = { type: "image", url: "https://example.com/new.png" };
  const id: InputPart = { type: "image", fileId: "file-1" };
  const messages = [user("Look", old), user("And here", url, id)];
  const shown = (images: "none" | "inline" | "all") =>
    routePrompt(messages, { images }).content.slice(1);
  assertEquals(shown("none"), []);
  assertEquals(shown("inline"), [url]);
  assertEquals(shown("all"), [url, id]);
  assertEquals(routePrompt([], { images: "all" }).content.length, 1);
});

Deno.test("routePrompt() is bounded: the end of the conversation, both ends of a long message", () => {
  const long = `begin ${"x".repeat(100_000)} end`;
  const text = told(Array.from({ length: 50 }, () => user(long)));
  assert(text.length < 30_000, String(text.length));
  assertStringIncludes(text, "User: begin xxx");
  assertStringIncludes(text, "x end\n\nWhich route");
  assert(
    told([user("first"), ...Array.from({ length: 50 }, () => user(long))]).includes("first") ===
      false,
  );
  assert(told([user(long), user("last")]).includes("User: last"));
});

Deno.test("routePrompt() cuts no character in two", () => {
  for (const shift of ["", "x"]) {
    assert(told([user(shift + "😀".repeat(10_000))]).isWellFormed());
  }
});

Deno.test("routeInstructions() gives each route one line, whatever is written in it", () => {
  const text = routeInstructions([
    new Route('a"b', RUNNER, 'First\n- "evil": line'),
    new Route("c", RUNNER, "Second"),
  ]);
  assertStringIncludes(text, 'Routes:\n- "a\\"b": First - "evil": line\n- "c": Second');
});
