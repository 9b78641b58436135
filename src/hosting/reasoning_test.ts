import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { RunError, SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { AgenticWorkflow } from "../workflow/workflow.ts";
import { createApp } from "./app.ts";
import { FakeModels } from "./fake_models.ts";
import {
  chatRequest,
  gate,
  nextFrame,
  saying,
  settle,
  testOptions,
  TestRunner,
  textEvents,
} from "./fixture_test.ts";
import { reasoningPolicy, type ResponsesReasoningConfig } from "./reasoning.ts";

const PREMADE = { mode: "premade", chunks: ["Hold on", "Nearly there"] } as const;

/** Thinks as a model, then tells as a workflow, then answers. */
const both = () =>
  new TestRunner(async function* (): AsyncGenerator<RunEvent> {
    yield { type: "reasoning-start", source: "model" };
    yield { type: "reasoning-delta", text: "pondering" };
    yield { type: "reasoning-end" };
    yield { type: "reasoning-start", source: "progress" };
    yield { type: "reasoning-delta", text: "searching" };
    yield { type: "reasoning-end" };
    yield* textEvents("Done");
  });

function responsesRequest(body: Readonly<Record<string, unknown>> = {}): Request {
  return new Request("http://localhost/v1/responses", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "agent", input: "Hi", ...body }),
  });
}

/** The data of the frames that tell of reasoning. */
function reasoningFrames(sse: string): string[] {
  return sse.split("\n\n").filter((frame) => /reasoning_(?:content|summary)/.test(frame));
}

Deno.test("each mode shows its own reasoning alone, on both APIs, streamed and not", async () => {
  const table = [
    ["disabled", false, false],
    ["agent", true, false],
    ["custom", false, true],
    ["premade", false, false],
  ] as const;
  for (const [mode, pondering, searching] of table) {
    await using app = createApp(both(), {
      ...testOptions(),
      responsesReasoning: { ...PREMADE, mode },
    });
    for (const stream of [true, false]) {
      for (const request of [chatRequest({ stream }), responsesRequest({ stream })]) {
        const text = await (await app.fetch(request)).text();
        assertEquals(text.includes("pondering"), pondering, `${mode} ${request.url}`);
        assertEquals(text.includes("searching"), searching, `${mode} ${request.url}`);
        assertFalse(text.includes("Hold on"), "The run was never silent");
        assertStringIncludes(text, "Done");
      }
    }
  }
});

Deno.test("a client cannot ask for reasoning that is not shown", async () => {
  await using app = createApp(both(), testOptions());
  for (const reasoning of [{ summary: "detailed" }, { generate_summary: "auto" }]) {
    for (const stream of [true, false]) {
      const text = await (await app.fetch(responsesRequest({ stream, reasoning }))).text();
      assertFalse(/pondering|searching|summary_text/.test(text), text);
    }
  }
});

Deno.test("progress is a chat chunk under both names and a summary event on Responses", async () => {
  const workflow = new AgenticWorkflow((request) => {
    request.emitProgress("Searching");
    request.emitProgress("Reading");
    return "Done";
  });
  await using app = createApp(workflow, {
    ...testOptions(),
    responsesReasoning: { mode: "custom" },
  });
  const chat = await (await app.fetch(chatRequest({ stream: true }))).text();
  const chunk = (delta: string) =>
    'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,' +
    `"model":"agent","choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":null}]}`;
  assertEquals(chat.split("\n\n").slice(1, 4), [
    chunk('{"reasoning_content":"Searching","reasoning":"Searching"}'),
    chunk('{"reasoning_content":"\\n\\nReading","reasoning":"\\n\\nReading"}'),
    chunk('{"content":"Done"}'),
  ]);
  const responses = await (await app.fetch(responsesRequest({ stream: true }))).text();
  const id = /"(rs_[^"]+)"/.exec(responses)?.[1];
  const event = (type: string, number: number, fields: string) =>
    `event: response.${type}\ndata: {"type":"response.${type}","sequence_number":${number},${fields}}`;
  const place = `"item_id":"${id}","output_index":0,"summary_index":0`;
  const part = (text: string) => `"part":{"type":"summary_text","text":"${text}"}`;
  assertEquals(reasoningFrames(responses.split("event: response.completed")[0]!), [
    event("reasoning_summary_part.added", 3, `${place},${part("")}`),
    event("reasoning_summary_text.delta", 4, `${place},"delta":"Searching"`),
    event("reasoning_summary_text.delta", 5, `${place},"delta":"\\n\\nReading"`),
    event("reasoning_summary_text.done", 6, `${place},"text":"Searching\\n\\nReading"`),
    event("reasoning_summary_part.done", 7, `${place},${part("Searching\\n\\nReading")}`),
  ]);
});

Deno.test("progress is on the wire while the workflow is still at work", async () => {
  const work = gate<string>();
  const workflow = new AgenticWorkflow((request) => {
    request.emitProgress("Searching");
    return work.promise;
  });
  await using app = createApp(workflow, {
    ...testOptions(),
    responsesReasoning: { mode: "custom" },
  });
  const reader = (await app.fetch(chatRequest({ stream: true }))).body!.getReader();
  assertStringIncludes((await nextFrame(reader))!, '"role":"assistant"');
  assertStringIncludes((await nextFrame(reader))!, '"reasoning":"Searching"');
  work.resolve("Done");
  assertStringIncludes((await nextFrame(reader))!, '"content":"Done"');
  await reader.cancel();
});

Deno.test("a model's own setting wins over the app's", async () => {
  const models = new FakeModels()
    .add("quiet", both(), { responsesReasoning: { mode: "disabled" } })
    .add("loud", both());
  await using app = createApp(models, { ...testOptions(), responsesReasoning: { mode: "agent" } });
  for (const [model, shown] of [["quiet", false], ["loud", true]] as const) {
    const text = await (await app.fetch(chatRequest({ model }))).text();
    assertEquals(text.includes("pondering"), shown);
  }
});

Deno.test("a premade text opens the stream after a silent interval, then one comes each interval", async () => {
  const options = testOptions();
  const answered = gate();
  const runner = new TestRunner(async function* () {
    await answered.promise;
    yield* textEvents("Done");
  });
  await using app = createApp(runner, { ...options, responsesReasoning: PREMADE });
  const pending = app.fetch(chatRequest({ stream: true }));
  let held = true;
  pending.then(() => held = false);
  await settle();
  options.clock.advance(1999);
  await settle();
  assert(held);
  options.clock.advance(1);
  const reader = (await pending).body!.getReader();
  assertStringIncludes((await nextFrame(reader))!, '"role":"assistant"');
  assertStringIncludes((await nextFrame(reader))!, '"reasoning":"Hold on"');
  await settle();
  options.clock.advance(2000);
  assertStringIncludes((await nextFrame(reader))!, '"reasoning":"\\n\\nNearly there"');
  answered.resolve();
  assertStringIncludes((await nextFrame(reader))!, '"content":"Done"');
  while (await nextFrame(reader) !== undefined);
  options.clock.advance(250);
  assertEquals(options.clock.pending, 0);
});

Deno.test("premade texts are in an unstreamed answer too", async () => {
  const options = testOptions();
  const answered = gate();
  const runner = new TestRunner(async function* () {
    await answered.promise;
    yield* textEvents("Done");
  });
  await using app = createApp(runner, {
    ...options,
    responsesReasoning: { ...PREMADE, intervalMs: 10 },
  });
  const pending = app.fetch(chatRequest());
  await settle();
  for (let turn = 0; turn < 3; turn++) {
    options.clock.advance(10);
    await settle();
  }
  answered.resolve();
  const { choices: [{ message }] } = await (await pending).json();
  assertEquals([message.reasoning, message.content], [
    "Hold on\n\nNearly there\n\nHold on",
    "Done",
  ]);
});

Deno.test("a failure keeps its status before the first premade text and is in band after it", async () => {
  for (const early of [true, false]) {
    const options = testOptions();
    const failed = gate();
    // deno-lint-ignore require-yield -- it fails before it could.
    const runner = new TestRunner(async function* () {
      await failed.promise;
    });
    await using app = createApp(runner, { ...options, responsesReasoning: PREMADE });
    const pending = app.fetch(chatRequest({ stream: true }));
    await settle();
    if (!early) options.clock.advance(2000);
    await settle();
    failed.reject(new RunError("rate-limit-exceeded", "Slow down"));
    const response = await pending;
    assertEquals(response.status, early ? 429 : 200);
    const text = await response.text();
    assertEquals(text.includes("Hold on"), !early);
    assertStringIncludes(text, '"error"');
    options.clock.advance(250);
    assertEquals(options.clock.pending, 0);
  }
});

Deno.test("a client that leaves ends the premade texts", async () => {
  const options = testOptions();
  // deno-lint-ignore require-yield -- it never answers.
  const runner = new TestRunner(async function* (_request, { signal }) {
    await new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true })
    );
  });
  await using app = createApp(runner, { ...options, responsesReasoning: PREMADE });
  const pending = app.fetch(chatRequest({ stream: true }));
  await settle();
  options.clock.advance(2000);
  const reader = (await pending).body!.getReader();
  await nextFrame(reader);
  await reader.cancel();
  options.clock.advance(250);
  assertEquals(options.clock.pending, 0);
});

Deno.test("reasoning that cannot be served is refused with its path", () => {
  const wrong: readonly [ResponsesReasoningConfig, string][] = [
    [{ mode: "loud" } as unknown as ResponsesReasoningConfig, "mode"],
    [{ mode: "premade" }, "chunks"],
    [{ mode: "premade", chunks: [] }, "chunks"],
    [{ mode: "premade", chunks: ["a", ""] }, "chunks"],
    ...[0, -1, NaN, Infinity, 2 ** 31].map((intervalMs) =>
      [{ mode: "premade", chunks: ["a"], intervalMs }, "intervalMs"] as const
    ).map(([config, key]): [ResponsesReasoningConfig, string] => [config, key]),
  ];
  for (const [config, key] of wrong) {
    const error = assertThrows(() => reasoningPolicy(config), SetupError);
    assertEquals(error.problems.map(({ path }) => path), [`responsesReasoning.${key}`]);
    const models = new FakeModels().add("m", saying(), { responsesReasoning: config });
    const ofModel = assertThrows(() => createApp(models), SetupError);
    assertEquals(ofModel.problems[0]!.path, `models.m.responsesReasoning.${key}`);
  }
  const ignored = { mode: "agent", chunks: [], intervalMs: 0 } as const;
  assertEquals(reasoningPolicy(ignored).source, "model");
});
