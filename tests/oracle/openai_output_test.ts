/**
 * OpenAI's own client asks for JSON and gets it, is refused, and sends images and files.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { Agent, tool, toolOutput } from "../../mod.ts";
import { ScriptedModel } from "../../src/testing/mod.ts";
import { MESSAGES, served, servedAgent } from "./served.ts";

const EVENT = z.object({
  name: z.string(),
  day: z.enum(["Monday", "Friday"]),
  guests: z.array(z.object({ name: z.string(), age: z.number().int().nullable() })),
});
const PARTY: z.infer<typeof EVENT> = {
  name: "Party",
  day: "Friday",
  guests: [{ name: "Ann", age: null }],
};
const FORMAT = zodResponseFormat(EVENT, "event");

for (const structuredOutput of ["json-schema", "json-object", "none"] as const) {
  for (const stream of [false, true]) {
    const label = `over a backend with ${structuredOutput}${stream ? ", streamed" : ""}`;
    Deno.test(`openai parse() reads what a zod schema asks for, ${label}`, async () => {
      await using app = await servedAgent([
        { toolCalls: [{ name: "guests" }] },
        { text: ["```json\n", JSON.stringify({ ...PARTY, day: "Sunday" }), "\n```"] },
        { text: [JSON.stringify(PARTY).slice(0, 10), JSON.stringify(PARTY).slice(10)] },
      ], {
        profile: { structuredOutput },
        agent: { tools: [tool({ name: "guests", execute: () => "Ann" })] },
      });
      const params = { model: "agent", messages: MESSAGES, "response_format": FORMAT };
      const final = stream
        ? await app.openai.chat.completions.stream(params).finalChatCompletion()
        : await app.openai.chat.completions.parse(params);
      assertEquals(final.choices[0]?.message.parsed, PARTY);
      assertEquals(final.choices[0]?.finish_reason, "stop");
      // Sunday did not pass, and the client never saw it.
      assertEquals(final.choices[0]?.message.content, JSON.stringify(PARTY));
      assertEquals(app.model.requests.length, 3);
      assertEquals(
        app.model.requests[0]?.output.type,
        {
          "json-schema": "json-schema",
          "json-object": "json-object",
          "none": "text",
        }[structuredOutput],
      );
    });
  }
}

Deno.test("openai's json_object is an object, whatever the model says first", async () => {
  await using app = await servedAgent(["[1]", '{"a":1}'], {
    profile: { structuredOutput: "json-object" },
  });
  const answer = await app.openai.chat.completions.create({
    model: "agent",
    messages: MESSAGES,
    "response_format": { type: "json_object" },
  });
  assertEquals(answer.choices[0]?.message.content, '{"a":1}');
});

for (const stream of [false, true]) {
  Deno.test(`openai never gets JSON that breaks its schema${stream ? ", streamed" : ""}`, async () => {
    await using app = await servedAgent(["nonsense", "more of it", "and more"]);
    const params = { model: "agent", messages: MESSAGES, "response_format": FORMAT };
    const error = await assertRejects(
      () =>
        stream
          ? app.openai.chat.completions.stream(params).finalChatCompletion()
          : app.openai.chat.completions.parse(params),
      OpenAI.APIError,
    );
    assertEquals(
      error.code,
      stream && error.status === undefined ? "invalid_prompt" : "run_failed",
    );
    assert(!error.message.includes("nonsense"));
  });
}

Deno.test("openai is told when its schema is none", async () => {
  await using app = await servedAgent([]);
  for (const schema of [{ type: "word" }, { $ref: "https://example.com/a.json" }]) {
    const error = await assertRejects(
      () =>
        app.openai.chat.completions.create({
          model: "agent",
          messages: MESSAGES,
          "response_format": { type: "json_schema", "json_schema": { name: "x", schema } },
        }),
      OpenAI.BadRequestError,
    );
    assert(error.param?.startsWith("response_format"), `${error.param}: ${error.message}`);
  }
});

for (const stream of [false, true]) {
  Deno.test(`openai reads a refusal${stream ? ", streamed" : ""}`, async () => {
    await using app = await servedAgent([{ refusal: "I will not." }]);
    const params = { model: "agent", messages: MESSAGES, "response_format": FORMAT };
    const final = stream
      ? await app.openai.chat.completions.stream(params).finalChatCompletion()
      : await app.openai.chat.completions.parse(params);
    const { message } = final.choices[0]!;
    assertEquals(message.refusal, "I will not.");
    assertEquals(message.parsed, null);
    assertEquals(message.content ?? "", "");
  });
}

Deno.test("openai reads the output of an agent that answers by tool", async () => {
  const turn = { toolCalls: [{ name: "final_result", arguments: PARTY }] };
  const agent = new Agent({ model: new ScriptedModel([turn, turn]), output: toolOutput(EVENT) });
  await using app = await served(agent);
  for (const format of [FORMAT, undefined]) {
    const answer = await app.openai.chat.completions.create({
      model: "agent",
      messages: MESSAGES,
      "response_format": format,
    });
    assertEquals(JSON.parse(answer.choices[0]!.message.content!), PARTY);
    assertEquals(answer.choices[0]?.message.tool_calls, undefined);
    assertEquals(answer.choices[0]?.finish_reason, "stop");
  }
});

Deno.test("openai's images and files reach the backend as they are", async () => {
  await using app = await servedAgent(["Seen."]);
  const pixel = "iVBORw0KGgo=";
  await app.openai.chat.completions.create({
    model: "agent",
    messages: [{
      role: "user",
      content: [
        { type: "text", text: "See" },
        {
          type: "image_url",
          "image_url": { url: `data:image/png;base64,${pixel}`, detail: "high" },
        },
        { type: "image_url", "image_url": { url: "https://example.com/a.png" } },
        { type: "file", file: { "file_id": "file-123" } },
        {
          type: "file",
          file: { filename: "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0=" },
        },
        { type: "file", file: { filename: "a.txt", "file_data": "aGVsbG8=" } },
      ],
    }],
  });
  const [message] = app.model.requests[0]!.messages;
  assert(message?.role === "user");
  assertEquals(message.content.map((part) => JSON.parse(JSON.stringify(part))), [
    { type: "text", text: "See" },
    { type: "image", url: `data:image/png;base64,${pixel}`, detail: "high" },
    { type: "image", url: "https://example.com/a.png" },
    { type: "file", fileId: "file-123" },
    { type: "file", data: "JVBERi0=", mediaType: "application/pdf", filename: "a.pdf" },
    { type: "file", data: "aGVsbG8=", filename: "a.txt" },
  ]);
});

Deno.test("openai is told which part the model does not take", async () => {
  await using app = await servedAgent([]);
  const bad: readonly [OpenAI.ChatCompletionContentPart, string][] = [
    [{ type: "image_url", "image_url": { url: "file:///etc/passwd" } }, ".image_url.url"],
    [{ type: "image_url", "image_url": { url: "data:image/png;base64,%" } }, ".image_url.url"],
    [{ type: "file", file: { "file_data": "data:;base64,%" } }, ".file.file_data"],
    [{ type: "input_audio", "input_audio": { data: "AAAA", format: "wav" } }, ""],
  ];
  for (const [part, path] of bad) {
    const error = await assertRejects(
      () =>
        app.openai.chat.completions.create({
          model: "agent",
          messages: [{ role: "user", content: [{ type: "text", text: "x" }, part] }],
        }),
      OpenAI.BadRequestError,
    );
    assert(
      error.param === `messages[0].content[1]${path}` || path === "" &&
          error.param?.startsWith("messages[0]"),
      `${error.param}: ${error.message}`,
    );
  }
});
