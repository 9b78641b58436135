/**
 * A turn that fails changes nothing; a store that fails costs nothing but what it should keep.
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Agent, createApp, tool } from "../../mod.ts";
import { gate, settle, testOptions, TestRunner } from "../../src/hosting/fixture_test.ts";
import { MemoryRecords } from "../../src/hosting/store/memory_records.ts";
import type { RecordStore } from "../../src/hosting/store/record_store.ts";
import { RunError } from "../../src/run/error.ts";
import { ManualClock, ScriptedModel } from "../../src/testing/mod.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import { answered, eventOf, framesOf, post, readUntil, request } from "./posting.ts";

/** Every record of a store, to be compared before and after. */
class ReadableRecords extends MemoryRecords {
  readonly puts: string[][] = [];
  failing = false;

  override async put(...args: Parameters<RecordStore["put"]>): Promise<void> {
    if (this.failing) throw new RunError("internal", "Disk is full");
    this.puts.push(args[1].map(({ kind, id }) => `${kind} ${id}`));
    await super.put(...args);
  }
}

function open(turns: ConstructorParameters<typeof ScriptedModel>[0]) {
  const store = new ReadableRecords({ clock: new ManualClock() });
  const model = new ScriptedModel(turns);
  const logger = new CollectingLogger();
  const app = createApp(new Agent({ model }), { modelName: "agent", store, logger });
  return { app, store, model, logger };
}

Deno.test("a failed turn leaves the conversation as it was, streamed or not", async () => {
  const failure = { text: "Half", error: new RunError("backend-down", "gone") };
  const { app, store, model } = open(["One", failure, failure, "Two"]);
  await using _ = app;
  const { id } = await answered(app, post());
  const before = store.puts.length;
  const turn = { "previous_response_id": id, input: "Next" };
  const whole = await app.fetch(post(turn));
  assertEquals(whole.status, 502);
  await whole.body?.cancel();
  assertEquals(store.puts.length, before);
  const events = (await framesOf(await app.fetch(post({ ...turn, stream: true })))).map(eventOf);
  assertEquals(events.slice(-2).map((event) => event?.type), ["error", "response.failed"]);
  assertEquals((await answered(app, post(turn))).status, "completed");
  assertEquals(model.requests.at(-1)!.messages.length, 3);
});

Deno.test("a streamed answer that failed can be read and deleted, and not continued", async () => {
  const { app } = open([{ text: "Half", error: new RunError("backend-down", "gone") }]);
  await using _ = app;
  const frames = await framesOf(await app.fetch(post({ stream: true })));
  const { id } = eventOf(frames.at(-1)!)!.response!;
  const kept = await answered(app, request(`responses/${id}`));
  assertEquals([kept.status, kept.output[0]!.content[0]!.text], ["failed", "Half"]);
  const refused = await app.fetch(post({ "previous_response_id": id }));
  const { error } = await refused.json();
  assertEquals([refused.status, error.code], [400, "invalid_value"]);
  assertStringIncludes(error.message, "failed");
  const deleted = await app.fetch(request(`responses/${id}`, { method: "DELETE" }));
  assertEquals((await deleted.json()).deleted, true);
});

Deno.test("an answer its reader left is kept as far as it came, for the client's own words of it", async () => {
  const end = gate();
  const requests: number[] = [];
  const runner = new TestRunner(async function* ({ messages }) {
    requests.push(messages.length);
    yield { type: "text-start" };
    yield { type: "text-delta", text: "Half" };
    if (requests.length === 1) await end.promise;
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  });
  await using app = createApp(runner, { ...testOptions(), modelName: "agent" });
  const response = await app.fetch(post({ stream: true }));
  const reader = response.body!.getReader();
  const { response: created } = await readUntil(reader, "response.created");
  await readUntil(reader, "response.output_text.delta");
  await reader.cancel();
  end.resolve();
  await settle();
  const kept = await answered(app, request(`responses/${created!.id}`));
  assertEquals(kept.status, "cancelled");
  // What clients in wide use send next: the user's words, the half answer by reference, more words.
  const input = [
    { role: "user", content: "Hello" },
    { type: "item_reference", id: kept.output[0]!.id },
    { role: "user", content: "Go on" },
  ];
  assertEquals((await answered(app, post({ input }))).status, "completed");
  assertEquals(requests, [1, 3]);
});

Deno.test("response and items are written in one breath, before the client gets the end", async () => {
  const { app, store } = open(["One", "Two"]);
  await using _ = app;
  const whole = await answered(app, post());
  assertEquals(store.puts, [[
    `response ${whole.id}`,
    `item ${whole.id.replace("resp_", "msg_")}i0`,
    `item ${whole.output[0]!.id}`,
  ]]);
  const response = await app.fetch(post({ stream: true }));
  const reader = response.body!.getReader();
  await readUntil(reader, "response.output_text.delta");
  assertEquals(store.puts.length, 1);
  await readUntil(reader, "response.completed");
  assertEquals(store.puts.length, 2);
  await reader.cancel();
});

Deno.test("a store that fails costs the next turn, not this answer, and the log says so", async () => {
  const { app, store, logger } = open(["One", "Two"]);
  await using _ = app;
  store.failing = true;
  assertEquals((await answered(app, post())).status, "completed");
  const frames = await framesOf(await app.fetch(post({ stream: true })));
  assertEquals(eventOf(frames.at(-2)!)?.type, "response.completed");
  const errors = logger.entries.filter(({ level }) => level === "error");
  assertEquals(errors.map(({ message }) => message), [
    "response could not be kept",
    "response could not be kept",
  ]);
  const refused = await app.fetch(post({ background: true }));
  assertEquals(refused.status, 500);
  assert(!(await refused.text()).includes("Disk"));
});

Deno.test("store: false still keeps what hidden tools did before a client's call", async () => {
  let runs = 0;
  const hidden = tool({ name: "look", execute: () => `secret ${++runs}` });
  const model = new ScriptedModel([
    { toolCalls: [{ name: "look" }, { name: "ask" }] },
    "Done",
  ]);
  const store = new ReadableRecords({ clock: new ManualClock() });
  await using app = createApp(new Agent({ model, tools: [hidden] }), { modelName: "agent", store });
  const tools = [{ type: "function", name: "ask", parameters: { type: "object" } }];
  const asked = { role: "user", content: "Go" };
  const first = await answered(app, post({ input: [asked], tools, store: false }));
  const call = first.output[0]! as unknown as { readonly "call_id": string };
  assertEquals(store.puts.flat().some((record) => !record.startsWith("turn ")), false);
  const output = { type: "function_call_output", "call_id": call.call_id, output: "yes" };
  await answered(app, post({ input: [asked, call, output], tools, store: false }));
  assertEquals(model.requests[1]!.messages.map(({ role }) => role), [
    "user",
    "assistant",
    "tool",
    "tool",
  ]);
  assertEquals(runs, 1);
});

Deno.test("mixed turns go on by previous_response_id, hidden results included", async () => {
  const hidden = tool({ name: "look", execute: () => "secret" });
  const model = new ScriptedModel([{ toolCalls: [{ name: "look" }, { name: "ask" }] }, "Done"]);
  await using app = createApp(new Agent({ model, tools: [hidden] }), { modelName: "agent" });
  const tools = [{ type: "function", name: "ask", parameters: { type: "object" } }];
  const first = await answered(app, post({ tools }));
  assert(!JSON.stringify(first).includes("look"));
  const call = first.output[0]! as unknown as { readonly "call_id": string };
  await answered(
    app,
    post({
      tools,
      "previous_response_id": first.id,
      input: [{ type: "function_call_output", "call_id": call.call_id, output: "yes" }],
    }),
  );
  assertEquals(model.requests[1]!.messages.length, 4);
});

Deno.test("responses and items expire together", async () => {
  const clock = new ManualClock();
  const store = new MemoryRecords({ clock, ttlMs: 1000 });
  const model = new ScriptedModel(["One", "Two"]);
  await using app = createApp(new Agent({ model }), { modelName: "agent", store, clock });
  const { id } = await answered(app, post());
  clock.advance(999);
  assertEquals((await answered(app, request(`responses/${id}`))).id, id);
  // A turn that goes on keeps the whole conversation for as long as itself.
  const next = await answered(app, post({ "previous_response_id": id }));
  clock.advance(500);
  const gone = await app.fetch(request(`responses/${id}`));
  assertEquals(gone.status, 404);
  await gone.body?.cancel();
  const items = await app.fetch(request(`responses/${next.id}/input_items`));
  assertEquals((await items.json()).data.length, 3);
});
