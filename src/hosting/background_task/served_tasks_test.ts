import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createApp } from "../app.ts";
import { FakeModels } from "../fake_models.ts";
import { chatRequest, saying, testOptions, TestRunner, textEvents } from "../fixture_test.ts";
import { openWebUiTitle } from "./fixture_test.ts";

const BY_RULE = '{"title":"Hello there"}';
const TITLE = { messages: [{ role: "user", content: openWebUiTitle("USER: Hello there") }] };

/** The text of an answer of either API, streamed or not. */
async function textOf(response: Response): Promise<string> {
  assertEquals(response.status, 200);
  const body = await response.text();
  if (!response.headers.get("content-type")?.includes("event-stream")) {
    const json = JSON.parse(body);
    return json.choices?.[0].message.content ?? json.output[0].content[0].text;
  }
  return body.split("\n").filter((line) => line.startsWith("data: {")).map((line) => {
    const data = JSON.parse(line.slice("data: ".length));
    if (data.type === "response.output_text.delta") return data.delta;
    return data.choices?.[0]?.delta.content ?? "";
  }).join("");
}

function responsesRequest(body: Readonly<Record<string, unknown>>): Request {
  return chatRequest({ messages: undefined, ...body }, { url: "http://localhost/v1/responses" });
}

Deno.test("both APIs, streamed or not, give the same answer; the log and /ready tell tasks apart", async () => {
  const runner = saying("By the model");
  const options = testOptions();
  const models = new FakeModels().add("agent", runner, { backgroundTasks: "rule" });
  await using app = createApp(models, { ...options, apiKeys: [{ name: "all", key: "key-all" }] });
  const headers = { authorization: "Bearer key-all" };
  const send = async (request: Request) => {
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
    return await textOf(await app.fetch(request));
  };
  for (const stream of [false, true]) {
    assertEquals(await send(chatRequest({ ...TITLE, stream, max_tokens: 1 })), BY_RULE);
    const input = TITLE.messages;
    assertEquals(await send(responsesRequest({ input, stream, store: false })), BY_RULE);
    assertEquals(await send(responsesRequest({ input: input[0]!.content, stream })), BY_RULE);
    assertEquals(await send(chatRequest({ stream })), "By the model");
  }
  assertEquals(runner.runs, 2);
  const lines = options.logger.entries.filter(({ message }) => message === "request");
  assertEquals(lines.map(({ fields }) => [fields.task, fields.outputTokens]), [
    ["title", 0],
    ["title", 0],
    ["title", 0],
    [undefined, 2],
    ["title", 0],
    ["title", 0],
    ["title", 0],
    [undefined, 2],
  ]);
  const ready = (init?: RequestInit) => app.fetch(new Request("http://localhost/ready", init));
  const { entrypoints } = await (await ready({ headers })).json();
  const { runs, background_tasks: tasks, state } = entrypoints["/v1"].agent;
  assertEquals([runs, tasks, state], [2, { title: 6 }, "up"]);
  assertEquals(await (await ready()).json(), { status: "ready" });
});

Deno.test("an idempotent retry of a task is one run, and one count", async () => {
  const models = new FakeModels().add("agent", saying("By the model"), { backgroundTasks: "rule" });
  const options = testOptions();
  await using app = createApp(models, options);
  const headers = { "idempotency-key": "once" };
  for (const stream of [false, false]) {
    assertEquals(
      await textOf(await app.fetch(chatRequest({ ...TITLE, stream }, { headers }))),
      BY_RULE,
    );
  }
  const ready = await (await app.fetch(new Request("http://localhost/ready"))).json();
  assertEquals(ready.entrypoints["/v1"].agent.background_tasks, { title: 1 });
  assert(options.logger.entries.some(({ message, fields }) => message === "run" && fields.task));
});

Deno.test("a task answered by rule can be kept, read and continued", async () => {
  const runner = saying("By the model");
  const models = new FakeModels().add("agent", runner, { backgroundTasks: "rule" });
  await using app = createApp(models, testOptions());
  const first = await app.fetch(responsesRequest({ input: TITLE.messages, store: true }));
  const { id, usage } = await first.json();
  assertEquals([usage.input_tokens, usage.output_tokens], [0, 0]);
  const kept = await app.fetch(new Request(`http://localhost/v1/responses/${id}`));
  assertEquals(await textOf(kept), BY_RULE);
  const next = responsesRequest({ input: "And now?", previous_response_id: id });
  assertEquals(await textOf(await app.fetch(next)), "By the model");
});

Deno.test("the reasoning mode holds for tasks as well", async () => {
  const cheap = new TestRunner(async function* () {
    yield { type: "reasoning-start", source: "model" };
    yield { type: "reasoning-delta", text: "pondering" };
    yield { type: "reasoning-end" };
    yield* textEvents("Cheap");
  });
  for (const mode of ["disabled", "agent"] as const) {
    const models = new FakeModels().add("agent", saying("x"), {
      backgroundTasks: cheap,
      responsesReasoning: { mode },
    });
    await using app = createApp(models, testOptions());
    const text = await (await app.fetch(chatRequest(TITLE))).text();
    assertEquals(text.includes("pondering"), mode === "agent");
    assertStringIncludes(text, "Cheap");
  }
});
