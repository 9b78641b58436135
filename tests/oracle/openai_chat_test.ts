/**
 * OpenAI's own client reads what the app writes: models, text, streams, usage, reasoning.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { Agent, AgenticWorkflow, FakeModels } from "../../mod.ts";
import { ScriptedModel } from "../../src/testing/mod.ts";
import { collect, MESSAGES, overSocket, served, servedAgent } from "./served.ts";

Deno.test("openai models.list() and retrieve() show what is served, in order", async () => {
  const runner = new AgenticWorkflow(() => "Hi");
  const models = new FakeModels().add("alpha", runner).add("team/beta v2", runner);
  await using app = await served(models);
  const page = await app.openai.models.list();
  assertEquals(page.data.map(({ id, object }) => ({ id, object })), [
    { id: "alpha", object: "model" },
    { id: "team/beta v2", object: "model" },
  ]);
  assert(page.data.every(({ created, owned_by: owner }) => Number.isInteger(created) && owner));
  // The client encodes the slash and the blank.
  assertEquals(await app.openai.models.retrieve("team/beta v2"), page.data[1]!);
});

Deno.test("openai models.list() iterates to its end", async () => {
  await using app = await served({ one: new AgenticWorkflow(() => "1") });
  assertEquals((await collect(app.openai.models.list())).map(({ id }) => id), ["one"]);
});

Deno.test("openai create() reads an answer", async () => {
  await using app = await servedAgent([{ text: ["Hel", "lo"], usage: USED }]);
  const { data, response, request_id: requestId } = await app.openai.chat.completions
    .create({ model: "agent", messages: MESSAGES }).withResponse();
  const [choice] = data.choices;
  assertEquals(data.object, "chat.completion");
  assertEquals(data.model, "agent");
  assertEquals(choice?.message, {
    role: "assistant",
    content: "Hello",
    refusal: null,
    annotations: [],
  });
  assertEquals(choice?.finish_reason, "stop");
  assertEquals(data.usage, USED_WIRE);
  assert(requestId?.startsWith("req_"));

  assertEquals(response.headers.get("content-type"), "application/json");
});

const USED = { inputTokens: 20, cachedInputTokens: 5, outputTokens: 9, reasoningTokens: 4 };
const USED_WIRE = {
  "prompt_tokens": 20,
  "completion_tokens": 9,
  "total_tokens": 29,
  "prompt_tokens_details": { "cached_tokens": 5 },
  "completion_tokens_details": { "reasoning_tokens": 4 },
};

Deno.test("openai create({stream}) iterates chunks of one answer", async () => {
  await using app = await servedAgent([{ text: ["Hel", "lo, ", "wörld\n✓"] }]);
  const chunks = await collect(
    await app.openai.chat.completions.create({ model: "agent", messages: MESSAGES, stream: true }),
  );
  assertEquals(
    chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""),
    "Hello, wörld\n✓",
  );
  assertEquals(chunks[0]?.choices[0]?.delta.role, "assistant");
  assertEquals(chunks.at(-1)?.choices[0]?.finish_reason, "stop");
  const names = new Set(
    chunks.map(({ id, model, created, object }) => JSON.stringify({ id, model, created, object })),
  );
  assertEquals(names.size, 1, "id, model, created and object are the same in every chunk");
  assert(chunks.every((chunk) => chunk.choices.length === 1 && !("usage" in chunk)));
});

Deno.test("openai create({stream}) gets usage when asked for, in a chunk of its own", async () => {
  await using app = await servedAgent([{ text: "Hi", usage: USED }]);
  const chunks = await collect(
    await app.openai.chat.completions.create({
      model: "agent",
      messages: MESSAGES,
      stream: true,
      "stream_options": { "include_usage": true },
    }),
  );
  assertEquals(chunks.at(-1)?.choices, []);
  assertEquals(chunks.at(-1)?.usage, USED_WIRE);
  assertEquals(chunks.filter((chunk) => chunk.usage).length, 1);
});

Deno.test("openai stream() helper: events, snapshots, finalMessage, totalUsage", async () => {
  await using app = await servedAgent([{ text: ["a", "b", "c"], usage: USED }]);
  const stream = app.openai.chat.completions.stream({
    model: "agent",
    messages: MESSAGES,
    "stream_options": { "include_usage": true },
  });
  const snapshots: string[] = [];
  stream.on("content", (_delta, snapshot) => snapshots.push(snapshot));
  const done = stream.emitted("content.done");
  const final = await stream.finalChatCompletion();
  assertEquals(snapshots, ["a", "ab", "abc"]);
  assertEquals((await done).content, "abc");
  assertEquals(await stream.finalContent(), "abc");
  assertEquals((await stream.finalMessage()).content, "abc");
  assertEquals(final.choices[0]?.finish_reason, "stop");
  assertEquals(await stream.totalUsage(), USED_WIRE);
});

Deno.test("openai tee() of a stream read the same", async () => {
  await using app = await servedAgent([{ text: ["x", "y"] }]);
  const stream = await app.openai.chat.completions.create({
    model: "agent",
    messages: MESSAGES,
    stream: true,
  });
  const [left, right] = stream.tee();
  assertEquals(await collect(left), await collect(right));
});

Deno.test("openai reads an empty answer and one cut at its length", async () => {
  await using app = await served(
    new AgenticWorkflow((request) => request.latestUserText() === "nothing" ? "" : "words"),
    { modelName: "agent" },
  );
  for (const stream of [false, true]) {
    const messages = [{ role: "user" as const, content: "nothing" }];
    const final = stream
      ? await app.openai.chat.completions.stream({ model: "agent", messages }).finalChatCompletion()
      : await app.openai.chat.completions.create({ model: "agent", messages });
    assertEquals(final.choices[0]?.message.content ?? "", "");
    assertEquals(final.choices[0]?.finish_reason, "stop");
  }
  await using cut = await servedAgent([
    { text: "Once upon", finishReason: "length" },
    { text: "Once upon", finishReason: "content-filter" },
  ]);
  for (const reason of ["length", "content_filter"] as const) {
    const answer = await cut.openai.chat.completions.create({ model: "agent", messages: MESSAGES });
    assertEquals(answer.choices[0]?.finish_reason, reason);
    assertEquals(answer.choices[0]?.message.content, "Once upon");
  }
});

Deno.test("openai reads reasoning where the entrypoint sends it, and none where it does not", async () => {
  const turn = { reasoning: "Because", text: "Answer" };
  await using open = await servedAgent([turn, turn], { responsesReasoning: { mode: "agent" } });
  const shown = await open.openai.chat.completions.create({ model: "agent", messages: MESSAGES });
  const message = shown.choices[0]!.message as { reasoning_content?: string; reasoning?: string };
  assertEquals([message.reasoning_content, message.reasoning], ["Because", "Because"]);
  const chunks = await collect(
    await open.openai.chat.completions.create({ model: "agent", messages: MESSAGES, stream: true }),
  );
  const deltas = chunks.map((chunk) => chunk.choices[0]!.delta as typeof message);
  assertEquals(deltas.map((delta) => delta.reasoning_content ?? "").join(""), "Because");
  assertEquals(deltas.filter((delta) => "reasoning" in delta).length, 1);

  await using closed = await servedAgent([turn, turn]);
  const hidden = await closed.live.post("chat/completions", { model: "agent", messages: MESSAGES });
  assert(!(await hidden.text()).includes("Because"));
  const streamed = await closed.live.post("chat/completions", {
    model: "agent",
    messages: MESSAGES,
    stream: true,
  });
  assert(!(await streamed.text()).includes("Because"));
});

Deno.test("openai reaches the app over a socket, bare and below /v1", async () => {
  const model = new ScriptedModel([["a", "b"], "c"].map((text) => ({ text })));
  await using app = await served(new Agent({ model }));
  await using server = await overSocket(app.app);
  const { openai } = server;
  const stream = openai.chat.completions.stream({ model: "agent", messages: MESSAGES });
  assertEquals(await stream.finalContent(), "ab");
  const bare = openai.withOptions({ baseURL: server.baseURL.replace("/v1", "") });
  const answer = await bare.chat.completions.create({ model: "agent", messages: MESSAGES });
  assertEquals(answer.choices[0]?.message.content, "c");
  assertEquals((await bare.models.list()).data[0]?.id, "agent");
});

Deno.test("openai serves many streams at once without mixing them", async () => {
  await using app = await served(
    new AgenticWorkflow(async function* (request) {
      for (const word of request.latestUserText().split(" ")) {
        await Promise.resolve();
        yield `${word} `;
      }
    }),
    { modelName: "echo" },
  );
  await using server = await overSocket(app.app);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      server.openai.chat.completions.stream({
        model: "echo",
        messages: [{ role: "user", content: `one ${index} three ${index * 7}` }],
      }).finalContent()),
  );
  assertEquals(answers, answers.map((_, index) => `one ${index} three ${index * 7} `));
});

Deno.test("openai's settings reach the backend, unknown fields harm nobody", async () => {
  await using app = await servedAgent(["ok"]);
  await app.openai.chat.completions.create({
    model: "agent",
    messages: MESSAGES,
    temperature: 0.5,
    "top_p": 0.9,
    stop: ["END"],
    seed: 7,
    "max_completion_tokens": 50,
    "max_tokens": 60,
    "presence_penalty": 1,
    "frequency_penalty": -1,
    "logit_bias": { "50256": -100 },
    "reasoning_effort": "low",
    verbosity: "high",
    user: "u-1",
    store: true,
    metadata: { a: "b" },
    "service_tier": "auto",
    n: 1,
    logprobs: false,
    ...{ "client_metadata": { anything: [1] }, "x_unknown": null },
  });
  assertEquals(app.model.requests[0]?.settings, {
    temperature: 0.5,
    topP: 0.9,
    stop: ["END"],
    seed: 7,
    maxTokens: 50,
    presencePenalty: 1,
    frequencyPenalty: -1,
    logitBias: { "50256": -100 },
    reasoningEffort: "low",
    verbosity: "high",
  });
});

Deno.test("openai's unauthenticated client is told so by models.list()", async () => {
  await using app = await served({ one: new AgenticWorkflow(() => "1") }, {
    apiKeys: [{ name: "k", key: "sk-right" }],
  });
  assertEquals((await app.openai.models.list()).data.length, 1);
  const wrong = app.openai.withOptions({ apiKey: "sk-wrong" });
  await assertRejects(async () => await wrong.models.list(), OpenAI.AuthenticationError);
});
