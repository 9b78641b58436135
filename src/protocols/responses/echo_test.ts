import { assertEquals } from "@std/assert";
import { responses } from "./mod.ts";

function objectOf(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const exchange = responses.decode({ model: "alpha", input: "Hi", ...fields });
  return JSON.parse(exchange.streamEncoder({ id: "resp_1", createdAtS: 7 }).response().json);
}

Deno.test("a response object has every field clients look for", () => {
  assertEquals(objectOf(), {
    id: "resp_1",
    object: "response",
    created_at: 7,
    completed_at: null,
    status: "in_progress",
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model: "alpha",
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    temperature: 1,
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    top_logprobs: 0,
    tool_choice: "auto",
    tools: [],
    truncation: "disabled",
    text: { format: { type: "text" }, verbosity: "medium" },
    reasoning: { effort: null, summary: null },
    max_output_tokens: null,
    max_tool_calls: null,
    store: false,
    background: false,
    service_tier: "default",
    safety_identifier: null,
    prompt_cache_key: null,
    usage: null,
  });
});

Deno.test("a response object echoes user only where there is one", () => {
  assertEquals(objectOf({ user: "u1" }).user, "u1");
  assertEquals("user" in objectOf({ user: 1 }), false);
});

Deno.test("a response object echoes the older name of reasoning.summary", () => {
  const reasoning = objectOf({ reasoning: { generate_summary: "concise" } }).reasoning;
  assertEquals(reasoning, { effort: null, summary: "concise" });
});

Deno.test("a response object stays below 1 MiB however much was asked", () => {
  const long = "ü".repeat(400_000);
  const tools = Array.from({ length: 2_000 }, (_, index) => ({
    type: "function",
    name: `tool_${index}`,
    description: "Does one thing and says what it did. ".repeat(4),
  }));
  const object = objectOf({
    instructions: long,
    tools,
    tool_choice: { type: "allowed_tools", mode: "auto", tools },
    user: long,
    prompt_cache_key: long,
    text: { format: { type: "json_schema", name: "x", schema: { description: long } } },
  });
  assertEquals(object.instructions, null);
  assertEquals(object.tools, []);
  assertEquals(object.prompt_cache_key, null);
  assertEquals(object.text, {
    format: { type: "json_schema", name: "x", description: null, schema: {}, strict: false },
    verbosity: "medium",
  });
  assertEquals(new TextEncoder().encode(JSON.stringify(object)).length < 1_048_576, true);
});
