import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { RequestError, type RequestErrorCode } from "../../run/error.ts";
import { responses } from "./mod.ts";

const BODY = { model: "alpha", input: "Hello" };
const NOTHING_FOUND = { items: new Map() };

function refusal(fields: Readonly<Record<string, unknown>>): RequestError {
  return assertThrows(() => responses.decode({ ...BODY, ...fields }, NOTHING_FOUND), RequestError);
}

Deno.test("decode() reads a string as one user message", () => {
  const { model, request, store, background } = responses.decode(BODY);
  assertEquals(model, "alpha");
  assertEquals(request.messages, [{ role: "user", content: [{ type: "text", text: "Hello" }] }]);
  assertEquals(request.output, { type: "text" });
  assertEquals(request.settings, {});
  assertFalse(request.stream || store || background);
  assertEquals(request.maxToolCalls, undefined);
});

Deno.test("decode() takes null for absent in every field", () => {
  const fields = [
    "instructions",
    "previous_response_id",
    "conversation",
    "prompt",
    "stream",
    "store",
    "background",
    "include",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_tool_calls",
    "max_output_tokens",
    "temperature",
    "top_p",
    "top_logprobs",
    "text",
    "reasoning",
    "truncation",
    "metadata",
  ];
  const nulls = Object.fromEntries(fields.map((field) => [field, null]));
  assertEquals(
    responses.decode({ ...BODY, ...nulls }).request.messages,
    responses.decode(BODY).request.messages,
  );
});

Deno.test("decode() passes settings on", () => {
  const { settings } = responses.decode({
    ...BODY,
    "max_output_tokens": 9,
    temperature: 0.5,
    "top_p": 0.9,
    "presence_penalty": 1,
    "frequency_penalty": -1,
    reasoning: { effort: "high", summary: "auto" },
    text: { verbosity: "low" },
    include: ["reasoning.encrypted_content", "message.output_text.logprobs", "new.thing"],
    "top_logprobs": 3,
  }).request;
  assertEquals(settings, {
    maxTokens: 9,
    temperature: 0.5,
    topP: 0.9,
    presencePenalty: 1,
    frequencyPenalty: -1,
    reasoningEffort: "high",
    verbosity: "low",
    logprobs: true,
    topLogprobs: 3,
  });
});

Deno.test("decode() reads a flat JSON Schema format", () => {
  const schema = { type: "object", properties: {} };
  const format = { type: "json_schema", name: "city", schema, strict: true, description: "A city" };
  assertEquals(responses.decode({ ...BODY, text: { format } }).request.output, {
    type: "json-schema",
    name: "city",
    schema,
    strict: true,
    description: "A city",
  });
});

Deno.test("decode() takes a JSON Schema format without schema for any JSON object", () => {
  const { output } =
    responses.decode({ ...BODY, text: { format: { type: "json_schema" } } }).request;
  assertEquals(output, { type: "json-object" });
});

Deno.test("decode() tells fields without meaning apart", () => {
  const { parameters, extraParameters } = responses.decode({
    ...BODY,
    user: "u1",
    "client_metadata": { a: 1 },
    "service_tier": null,
  }).request;
  assertEquals(extraParameters, { user: "u1", "client_metadata": { a: 1 } });
  assertEquals(parameters.model, "alpha");
});

Deno.test("decode() stores unless told otherwise, and only where answers are kept", () => {
  assert(responses.decode(BODY, NOTHING_FOUND).store);
  assertFalse(responses.decode({ ...BODY, store: false }, NOTHING_FOUND).store);
  assertFalse(responses.decode({ ...BODY, store: true }).store);
});

Deno.test("decode() lets run in the background only what is kept", () => {
  assert(responses.decode({ ...BODY, background: true }, NOTHING_FOUND).background);
  assertEquals(refusal({ background: true, store: false }).code, "invalid-value");
  const error = assertThrows(
    () => responses.decode({ ...BODY, background: true }),
    RequestError,
  );
  assertEquals([error.code, error.param], ["unsupported-parameter", "background"]);
});

Deno.test("decode() tells the most tool calls of the run", () => {
  assertEquals(responses.decode({ ...BODY, "max_tool_calls": 2 }).request.maxToolCalls, 2);
});

const REFUSED: readonly [Readonly<Record<string, unknown>>, RequestErrorCode, string][] = [
  [{ model: undefined }, "missing-parameter", "model"],
  [{ model: 1 }, "invalid-type", "model"],
  [{ input: undefined }, "missing-parameter", "input"],
  [{ input: 1 }, "invalid-type", "input"],
  [{ input: [] }, "empty-array", "input"],
  [{ instructions: ["x"] }, "invalid-type", "instructions"],
  [{ stream: "yes" }, "invalid-type", "stream"],
  [{ temperature: 3 }, "invalid-value", "temperature"],
  [{ "max_output_tokens": 0 }, "invalid-value", "max_output_tokens"],
  [{ "max_tool_calls": 0.5 }, "invalid-type", "max_tool_calls"],
  [{ "top_logprobs": 21 }, "invalid-value", "top_logprobs"],
  [{ truncation: "some" }, "invalid-value", "truncation"],
  [{ reasoning: { effort: "huge" } }, "invalid-value", "reasoning.effort"],
  [{ reasoning: { summary: "long" } }, "invalid-value", "reasoning.summary"],
  [{ text: { verbosity: "mute" } }, "invalid-value", "text.verbosity"],
  [{ text: { format: { type: "xml" } } }, "invalid-value", "text.format.type"],
  [
    { text: { format: { type: "json_schema", schema: {} } } },
    "missing-parameter",
    "text.format.name",
  ],
  [{ include: ["a", 1] }, "invalid-type", "include[1]"],
  [{ metadata: { a: 1 } }, "invalid-type", "metadata"],
  [{ conversation: "conv_1" }, "unsupported-parameter", "conversation"],
  [
    { conversation: "conv_1", "previous_response_id": "resp_1" },
    "unsupported-parameter",
    "conversation",
  ],
  [{ prompt: { id: "pmpt_1" } }, "unsupported-parameter", "prompt"],
  [{ "previous_response_id": "resp_1" }, "previous-response-not-found", "previous_response_id"],
];

for (const [fields, code, param] of REFUSED) {
  Deno.test(`decode() refuses ${JSON.stringify(fields)} with ${code} at ${param}`, () => {
    const error = refusal(fields);
    assertEquals([error.code, error.param], [code, param]);
  });
}

Deno.test("decode() refuses a body that is no object", () => {
  for (const body of [null, [], "x", 1]) {
    assertEquals(
      assertThrows(() => responses.decode(body), RequestError).code,
      "malformed-request",
    );
  }
});

Deno.test("decode() refuses a schema deeper than any walker bears", () => {
  let schema: Record<string, unknown> = {};
  for (let depth = 0; depth < 200; depth++) schema = { properties: schema };
  const error = refusal({ text: { format: { type: "json_schema", name: "deep", schema } } });
  assertEquals(error.param, "text.format.schema");
});
