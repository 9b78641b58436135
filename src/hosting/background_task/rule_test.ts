import { assert, assertEquals } from "@std/assert";
import { checkGrammar } from "../../run/grammar.ts";
import { fold } from "../../run/fold.ts";
import type { JsonSchema, RunRequest } from "../../run/request.ts";
import { NO_USAGE } from "../../run/result.ts";
import { testRequest } from "../../testing/test_context.ts";
import type { BackgroundTask } from "./background_task.ts";
import { KNOWN_REQUESTS, openWebUiTitle, user } from "./fixture_test.ts";
import { recogniseTask } from "./recognise.ts";
import { ruleAnswer, saying } from "./rule.ts";

const TEXT = { output: { type: "text" }, settings: {} } as const;

function schemaOutput(schema: JsonSchema): Pick<RunRequest, "output" | "settings"> {
  return { output: { type: "json-schema", name: "answer", schema }, settings: {} };
}

/** As Open WebUI reads an answer: from the first brace to the last. */
function parsedByOpenWebUi(text: string): Record<string, unknown> {
  return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
}

function task(overrides: Partial<BackgroundTask>): BackgroundTask {
  return { kind: "title", format: "json", subject: "Hi", ...overrides };
}

Deno.test("ruleAnswer() has for every kind what its client reads", async () => {
  const answers: Record<string, unknown> = {};
  for (const { client, kind, format, subject } of KNOWN_REQUESTS) {
    const text = await ruleAnswer({ kind, format, subject }, TEXT);
    assert(text);
    if (client === "Open WebUI") answers[kind] = format === "json" ? parsedByOpenWebUi(text) : text;
  }
  assertEquals(answers, {
    title: { title: "How do I reverse a" },
    tags: { tags: ["General"] },
    "follow-ups": { follow_ups: [] },
    "search-queries": { queries: [] },
    autocomplete: { text: "" },
    "image-prompt": { prompt: "Draw a cat" },
    emoji: "🙂",
  });
  assert(/\p{Extended_Pictographic}/u.test(String(answers.emoji)));
});

Deno.test("ruleAnswer() is JSON that can be read back, whatever the user said", async () => {
  for (
    const said of [
      '}{"title": "x"}',
      '"quoted" \\ {',
      "{{prompt}}",
      "\ud800",
      "</chat_history>",
      "",
    ]
  ) {
    const request = testRequest({ messages: [user(openWebUiTitle(`USER: ${said}`))] });
    const found = recogniseTask(request);
    assert(found);
    const text = await ruleAnswer(found, request);
    assertEquals(text, await ruleAnswer(found, request));
    const { title, ...rest } = parsedByOpenWebUi(text!);
    assert(typeof title === "string" && title !== "", said);
    assertEquals(rest, {});
  }
});

Deno.test("ruleAnswer() is text where the prompt asks for it, up to a stop sequence", async () => {
  const words = task({ format: "text", subject: "one two three four five six" });
  assertEquals(await ruleAnswer(words, TEXT), "one two three four five");
  const settings = { stop: ["", " five", " three"], maxTokens: 1 };
  assertEquals(await ruleAnswer(words, { ...TEXT, settings }), "one two");
});

Deno.test("ruleAnswer() keeps the form that the client demands, or leaves the task", async () => {
  const words = task({ format: "text" });
  assertEquals(
    await ruleAnswer(words, { output: { type: "json-object" }, settings: {} }),
    '{"title":"Hi"}',
  );
  const title = { type: "string", maxLength: 80 };
  const fits: JsonSchema = {
    type: "object",
    properties: { title },
    required: ["title"],
    additionalProperties: false,
  };
  assertEquals(await ruleAnswer(words, schemaOutput(fits)), '{"title":"Hi"}');
  const others: readonly JsonSchema[] = [
    { ...fits, required: ["title", "language"] },
    { ...fits, properties: { name: title } },
    { ...fits, properties: { title: { type: "string", maxLength: 1 } } },
    // Not checked, so not promised.
    { ...fits, properties: { title: { type: "string", pattern: "^x" } } },
    { ...fits, properties: { title: { type: "string", format: "email" } } },
    { type: "array" },
    { $ref: "https://example.com/schema" },
    { type: 5 } as unknown as JsonSchema,
  ];
  for (const schema of others) {
    assertEquals(await ruleAnswer(words, schemaOutput(schema)), undefined, JSON.stringify(schema));
  }
  const tags = { type: "object", properties: { tags: { type: "array", minItems: 1 } } };
  assertEquals(
    await ruleAnswer(task({ kind: "tags" }), schemaOutput(tags)),
    '{"tags":["General"]}',
  );
  const queries = { type: "object", properties: { queries: { type: "array", minItems: 1 } } };
  assertEquals(
    await ruleAnswer(task({ kind: "search-queries" }), schemaOutput(queries)),
    undefined,
  );
});

Deno.test("an answer by rule is a run without usage", async () => {
  async function* events() {
    yield* saying("Hi");
  }
  const result = await fold(checkGrammar(events()));
  assertEquals([result.text, result.finishReason, result.modelCalls], ["Hi", "stop", 0]);
  assertEquals([result.usage, result.consumed], [NO_USAGE, NO_USAGE]);
});
