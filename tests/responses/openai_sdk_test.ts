/**
 * OpenAI's own client at `/responses`: create, stream, parse, retrieve, list, delete.
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { collect, servedAgent } from "../oracle/served.ts";

const ASK = { model: "agent", input: "Hello" } as const;

/** Sent by OpenAI's API, unknown to its types. */
function storeOf(response: object): unknown {
  return "store" in response ? response.store : undefined;
}

Deno.test("responses.create() answers and keeps, retrieve() gives the same bytes", async () => {
  await using app = await servedAgent(["Hi there"]);
  const response = await app.openai.responses.create({ ...ASK, metadata: { a: "b" } });
  assertEquals(response.output_text, "Hi there");
  assertEquals([response.status, storeOf(response)], ["completed", true]);
  assertEquals(response.metadata, { a: "b" });
  const again = await app.openai.responses.retrieve(response.id);
  assertEquals({ ...again }, { ...response });
});

Deno.test("responses.stream() reads every event, and the whole is kept before its end", async () => {
  await using app = await servedAgent([{ text: ["Hi ", "there"] }]);
  const stream = app.openai.responses.stream(ASK);
  const events = await collect(stream);
  assertEquals(events.map((event) => event.sequence_number), events.map((_, index) => index));
  const final = await stream.finalResponse();
  assertEquals(final.output_text, "Hi there");
  const kept = await app.openai.responses.retrieve(final.id);
  assertEquals([kept.output_text, kept.status], ["Hi there", "completed"]);
  assertEquals(kept.usage, final.usage);
});

Deno.test("responses.parse() gives what a schema asks for", async () => {
  const schema = z.object({ city: z.string(), degrees: z.number() });
  await using app = await servedAgent([JSON.stringify({ city: "Paris", degrees: 18 })]);
  const parsed = await app.openai.responses.parse({
    ...ASK,
    text: { format: zodTextFormat(schema, "weather") },
  });
  assertEquals(parsed.output_parsed, { city: "Paris", degrees: 18 });
});

Deno.test("a schema that cannot be used is refused by the name Responses have for it", async () => {
  await using app = await servedAgent(["{}"]);
  const error = await assertRejects(() =>
    app.openai.responses.create({
      ...ASK,
      text: { format: { type: "json_schema", name: "x", schema: { type: "nonsense" } } },
    }), OpenAI.BadRequestError);
  assertEquals([error.param, error.code], ["text.format", "invalid_value"]);
});

Deno.test("previous_response_id continues, without the instructions of before", async () => {
  await using app = await servedAgent(["One", "Two", "Other"]);
  const { responses } = app.openai;
  const first = await responses.create({ ...ASK, instructions: "Be brief" });
  const second = await responses.create({
    model: "agent",
    input: "And then?",
    "previous_response_id": first.id,
  });
  assertEquals(second.previous_response_id, first.id);
  const roles = () => app.model.requests.at(-1)!.messages.map(({ role }) => role);
  assertEquals(roles(), ["user", "assistant", "user"]);
  // A conversation can be continued twice: the first branch changes nothing.
  await responses.create({ model: "agent", input: "Else?", "previous_response_id": first.id });
  assertEquals(roles(), ["user", "assistant", "user"]);
});

Deno.test("inputItems.list() pages through what was said before", async () => {
  await using app = await servedAgent(["One", "Two"]);
  const { responses } = app.openai;
  const first = await responses.create(ASK);
  const second = await responses.create({
    model: "agent",
    input: "And then?",
    "previous_response_id": first.id,
  });
  const items = await collect(responses.inputItems.list(second.id, { limit: 1, order: "asc" }));
  assertEquals(items.map((item) => "role" in item && item.role), ["user", "assistant", "user"]);
  assertEquals(items[1]!.id, first.output[0]!.id);
});

Deno.test("items are found by reference until their response is deleted", async () => {
  await using app = await servedAgent(["One", "Two"]);
  const { responses } = app.openai;
  const first = await responses.create(ASK);
  const [asked] = await collect(responses.inputItems.list(first.id));
  const refer = () =>
    responses.create({
      model: "agent",
      input: [
        { type: "item_reference", id: asked!.id! },
        { type: "item_reference", id: first.output[0]!.id! },
        { role: "user", content: "And then?" },
      ],
    });
  await refer();
  assertEquals(app.model.requests[1]!.messages.map(({ role }) => role), [
    "user",
    "assistant",
    "user",
  ]);
  await responses.delete(first.id);
  const gone = await assertRejects(refer, OpenAI.NotFoundError);
  assertEquals(gone.param, "input");
  await assertRejects(() => responses.retrieve(first.id), OpenAI.NotFoundError);
  await assertRejects(() => responses.delete(first.id), OpenAI.NotFoundError);
  await assertRejects(() => responses.inputItems.list(first.id), OpenAI.NotFoundError);
  const refused = await assertRejects(
    () => responses.create({ ...ASK, "previous_response_id": first.id }),
    OpenAI.BadRequestError,
  );
  assertEquals(refused.code, "previous_response_not_found");
});

Deno.test("store: false keeps nothing, and says so", async () => {
  await using app = await servedAgent(["One", "Two", "Three"]);
  const { responses } = app.openai;
  const whole = await responses.create({ ...ASK, store: false });
  const stream = responses.stream({ ...ASK, store: false });
  const streamed = await stream.finalResponse();
  for (const response of [whole, streamed]) {
    assertEquals(storeOf(response), false);
    await assertRejects(() => responses.retrieve(response.id), OpenAI.NotFoundError);
    await assertRejects(
      () =>
        responses.create({
          model: "agent",
          input: [{ type: "item_reference", id: response.output[0]!.id! }],
        }),
      OpenAI.NotFoundError,
    );
  }
});

Deno.test("a response that was waited for can neither be cancelled nor streamed again", async () => {
  await using app = await servedAgent(["One"]);
  const { responses } = app.openai;
  const { id } = await responses.create(ASK);
  await assertRejects(() => responses.cancel(id), OpenAI.BadRequestError);
  const error = await assertRejects(
    () => responses.retrieve(id, { stream: true }),
    OpenAI.BadRequestError,
  );
  assertEquals(error.param, "stream");
});

Deno.test("paths below a response that lead nowhere are unknown URLs", async () => {
  await using app = await servedAgent([]);
  for (
    const [path, method, status] of [
      ["responses/resp_x", "GET", 404],
      ["responses/resp_x", "PUT", 405],
      ["responses/resp_x/cancel", "GET", 405],
      ["responses/resp_x/cancel", "POST", 404],
      ["responses/resp_x/input_items", "GET", 404],
      ["responses/resp_x/other", "GET", 404],
      ["responses//cancel", "POST", 404],
      ["responses/%2e%2e%2fx", "GET", 404],
      ["responses/%ff", "GET", 404],
      [`responses/${"x".repeat(5000)}`, "GET", 404],
    ] as const
  ) {
    const response = await app.live.fetch(path, { method });
    assertEquals([path, response.status], [path, status]);
    const { error } = await response.json();
    assert(error.message.length < 300);
  }
});

Deno.test("max_tool_calls bounds hidden calls and still gets an answer", async () => {
  const { tool } = await import("../../mod.ts");
  let calls = 0;
  const look = tool({ name: "look", execute: () => ++calls });
  const two = { toolCalls: [{ name: "look" }, { name: "look" }] };
  await using app = await servedAgent([two, "Enough"], { agent: { tools: [look] } });
  const response = await app.openai.responses.create({ ...ASK, "max_tool_calls": 1 });
  assertEquals([response.output_text, calls], ["Enough", 1]);
});
