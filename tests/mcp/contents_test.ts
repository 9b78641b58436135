/** What a server's tools return, and how the model reads it, asked by OpenAI's own client. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MCPToolset } from "../../src/mcp/toolset.ts";
import type { InputPart, Message } from "../../src/run/request.ts";
import type { ModelRequest } from "../../src/testing/mod.ts";
import { MESSAGES, servedAgent } from "../oracle/served.ts";
import { serverProgram } from "./real_servers.ts";

const data = btoa("RIFF and so on");

/** Results of calls by the call's id, and the files that go along. */
function readBy(request: ModelRequest): {
  readonly texts: Readonly<Record<string, string>>;
  readonly files: readonly InputPart[];
} {
  const results = request.messages.filter((message): message is Message & { role: "tool" } =>
    message.role === "tool"
  );
  const textOf = (content: readonly InputPart[]) =>
    content.map((part) => part.type === "text" ? part.text : "?").join("|");
  return {
    texts: Object.fromEntries(results.map((result) => [result.toolCallId, textOf(result.content)])),
    files: request.messages.flatMap((message) =>
      message.role === "user" ? message.content.filter(({ type }) => type !== "text") : []
    ),
  };
}

/** An agent whose model calls these tools at once and then says so. */
function asking(names: readonly string[], options = {}) {
  const toolset = new MCPToolset({ id: "srv-contents", ...serverProgram("contents"), ...options });
  const turn = { toolCalls: names.map((name) => ({ id: name, name })) };
  return servedAgent([turn, "All is done."], {
    agent: { toolsets: [toolset] },
    profile: { audioInput: true },
  });
}

const NAMES = [
  "sound",
  "blob",
  "embedded",
  "link",
  "mixed",
  "structured",
  "wrapped",
  "json",
  "nothing",
  "failing",
];

for (const api of ["chat", "responses"] as const) {
  for (const stream of [false, true]) {
    Deno.test(`${api}${stream ? ", streamed" : ""}: every kind of content reaches the model as what it is`, async () => {
      await using app = await asking(NAMES);
      const { chat, responses } = app.openai;
      let text = "";
      if (api === "responses") {
        const ask = { model: "agent", input: "Hello" };
        text = stream
          ? (await responses.stream(ask).finalResponse()).output_text
          : (await responses.create(ask)).output_text;
      } else if (stream) {
        const ask = { model: "agent", messages: MESSAGES };
        text = await chat.completions.stream(ask).finalContent() ?? "";
      } else {
        const answer = await chat.completions.create({ model: "agent", messages: MESSAGES });
        text = answer.choices[0]!.message.content ?? "";
        assertEquals(answer.choices[0]!.message.tool_calls, undefined);
      }
      assertEquals(text, "All is done.");
      const { texts, files } = readBy(app.model.requests[1]!);
      assertEquals(texts, {
        sound: "See file sound_1.",
        blob: "See file blob_1.",
        embedded: "Eingebettet: 天気 🌦️",
        link: "file:///pläne/größe 1.bin",
        mixed: "first|See file mixed_1.|last",
        structured: '{"degrees":21,"größe":["א",null]}',
        wrapped: "[1,2]",
        json: '[{"a":1}]',
        nothing: "",
        failing: "The door is locked\n\nFix the errors and try again.",
      });
      assertEquals(files, [
        { type: "audio", data, format: "wav" },
        { type: "file", data, mediaType: "application/x-plan", filename: "größe 1.bin" },
        { type: "image", url: `data:image/png;base64,${data}` },
      ]);
    });
  }
}

Deno.test("tools with names that models do not take are offered under others, and called", async () => {
  const names = ["p_gr_e_messen_", `p_${"x".repeat(62)}`];
  await using app = await asking(names, { prefix: "p", label: "Measuring" });
  const answer = await app.openai.chat.completions.create({ model: "agent", messages: MESSAGES });
  assertEquals(answer.choices[0]!.message.content, "All is done.");
  const offered = app.model.requests[0]!.tools.map(({ name }) => name);
  assert(offered.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name)), offered.join());
  const { texts } = readBy(app.model.requests[1]!);
  assertEquals(names.map((name) => texts[name]), ["measured", "long"]);
});

Deno.test("what a tool says is wrong ends the run where that is wanted, and the client hears none of it", async () => {
  await using app = await asking(["failing"], { toolErrors: "error" });
  const response = await app.live.post("chat/completions", { model: "agent", messages: MESSAGES });
  const raw = await response.text();
  assertEquals(response.status, 500, raw);
  for (const secret of ["failing", "door", "srv-contents", "contents", "MCP"]) {
    assert(!raw.includes(secret), raw);
  }
  const log = app.logger.entries.map((entry) => JSON.stringify(entry)).join("\n");
  assertStringIncludes(log, "failing");
});
