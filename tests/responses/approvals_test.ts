/**
 * Consent by the client: asked as an item, answered with the next request, followed exactly once.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { AgenticWorkflow, Route, RouterWorkflow } from "../../mod.ts";
import { gate, settle } from "../../src/hosting/fixture_test.ts";
import { MemoryRecords } from "../../src/hosting/store/memory_records.ts";
import { RunError } from "../../src/run/error.ts";
import { ManualClock, ScriptedModel } from "../../src/testing/mod.ts";
import {
  bank,
  Conversation,
  type Item,
  once,
  QUESTION,
  questionsIn,
  refused,
  resultsIn,
  say,
  SECRETS,
  serve,
  told,
  transferring,
  verdicts,
  WAYS,
  wordsIn,
} from "./asking.ts";
import { eventOf, framesOf, post, readUntil, request } from "./posting.ts";

const USER = { role: "user", content: "Pay the bill" };

Deno.test("a question is an approval item with the operator's words, streamed or not", async () => {
  const { agent, transfers } = bank({
    answer: () => ({ ...transferring(100), text: "One moment." }),
  });
  await using app = serve(agent);
  for (const stream of [false, true]) {
    const response = await app.fetch(post({ input: [USER], stream }));
    const text = await response.text();
    for (const secret of SECRETS) assert(!text.includes(secret), secret);
    const answer = await told(app, { input: [USER] }, { stream });
    assertEquals([answer.status, answer.output.length], ["completed", 2]);
    const { id, ...question } = questionsIn(answer)[0]!;
    assert(/^mcpr_[0-9a-f]{32}$/.test(id));
    assertEquals(question, {
      type: "mcp_approval_request",
      "server_label": "agent",
      name: QUESTION.label,
      arguments: JSON.stringify({ text: QUESTION.text }),
    });
    assertEquals(answer.output[0]!.phase, "commentary");
  }
  assertEquals(transfers, []);
});

for (const way of WAYS) {
  for (const stream of [false, true]) {
    Deno.test(`consent and refusal by ${way}, ${stream ? "" : "un"}streamed`, async () => {
      for (const approve of [true, false]) {
        const { agent, model, transfers } = bank();
        await using app = serve(agent);
        const client = new Conversation(app, way, { stream });
        await client.send();
        const [id] = client.questions;
        const answer = await client.send(say(id!, approve));
        assertEquals(wordsIn(answer), approve ? "moved" : "denied");
        assertEquals(transfers, approve ? ['{"amount":100,"account":"savings"}'] : []);
        // It goes on, and nothing is asked or done again.
        const next = await client.send({ role: "user", content: "Sure?" });
        assertEquals(wordsIn(next), approve ? "moved" : "denied");
        assertEquals([transfers.length, model.requests.length], [approve ? 1 : 0, 3]);
        assertEquals(model.requests[2]!.messages.map(({ role }) => role), [
          ...["user", "assistant", "tool", "assistant", "user"],
        ]);
      }
    });
  }

  Deno.test(`several questions in a row by ${way}, each followed once`, async () => {
    const { agent, transfers } = bank({
      answer: (request) => {
        const results = resultsIn(request);
        return results.length < 4 ? transferring(results.length + 1) : verdicts(results);
      },
    });
    await using app = serve(agent);
    const client = new Conversation(app, way);
    await client.send();
    for (const approve of [true, false, true]) {
      const answer = await client.send(say(client.questions[0]!, approve));
      assertEquals(questionsIn(answer).length, 1);
    }
    const last = await client.send(say(client.questions[0]!, true));
    assertEquals(wordsIn(last), "moved, denied, moved, moved");
    assertEquals(transfers.map((args) => JSON.parse(args).amount), [1, 3, 4]);
  });

  Deno.test(`of several questions by ${way}, one is answered now and another later`, async () => {
    const { agent, model, transfers } = bank({
      answer: (request, call) => call === 0 ? transferring(1, 2, 3) : verdicts(resultsIn(request)),
    });
    await using app = serve(agent);
    const client = new Conversation(app, way);
    await client.send();
    const [first, second, third] = client.questions;
    assertEquals(wordsIn(await client.send(say(second!, true))), "waiting, moved, waiting");
    // As a person who presses one button after the other.
    assertEquals(
      wordsIn(await client.send(say(first!, true))),
      "waiting, moved, waiting, moved",
    );
    assertEquals(model.requests.at(-1)!.messages.at(-1)!.role, "tool");
    const last = await client.send(say(third!, false), { role: "user", content: "No more" });
    assertEquals(wordsIn(last), "waiting, moved, waiting, moved, denied");
    assertEquals(transfers.map((args) => JSON.parse(args).amount), [2, 1]);
  });
}

Deno.test("a refusal's reason is told to the model, and to nobody else", async () => {
  const { agent, model } = bank();
  await using app = serve(agent);
  const client = new Conversation(app);
  await client.send();
  await client.send(say(client.questions[0]!, false, "Too dear"));
  assertEquals(resultsIn(model.requests[1]!), ["The tool call was denied. Reason: Too dear"]);
});

Deno.test("a client that answers many times at once has its call run once, and none is left waiting", async () => {
  for (const approvals of [[true], [false], [true, false]]) {
    const { agent, model, transfers } = bank({
      execute: async () => {
        await settle();
        return "moved all of it";
      },
    });
    await using app = serve(agent);
    const client = new Conversation(app);
    await client.send();
    const [id] = client.questions;
    const bodies = Array.from({ length: 20 }, (_, index) => ({
      ...client.body,
      input: [say(id!, approvals[index % approvals.length]!)],
    }));
    const answers = await Promise.all(
      bodies.map((body, index) => told(app, body, { stream: index % 2 === 1 })),
    );
    assert(transfers.length <= 1);
    assertEquals(transfers.length, approvals[0] ? 1 : 0);
    const words = new Set(answers.map(wordsIn));
    words.delete("unknown");
    assertEquals(words, new Set([approvals[0] ? "moved" : "denied"]));
    // Later everybody is told the same.
    for (const body of bodies.slice(0, 2)) {
      assertEquals(wordsIn(await told(app, body)), approvals[0] ? "moved" : "denied");
    }
    assertEquals([transfers.length, model.requests.length], [approvals[0] ? 1 : 0, 23]);
  }
});

Deno.test("an Idempotency-Key joins the run that follows the consent", async () => {
  const end = gate();
  const { agent, transfers } = bank({ execute: () => end.promise.then(() => "moved all of it") });
  await using app = serve(agent);
  const client = new Conversation(app);
  await client.send();
  client.add(say(client.questions[0]!, true));
  const { body } = client;
  const headers = { "idempotency-key": "k" };
  const both = [told(app, body, { headers }), told(app, body, { headers })];
  await settle();
  end.resolve();
  const [one, two] = await Promise.all(both);
  assertEquals([one, transfers.length, wordsIn(one!)], [two, 1, "moved"]);
});

Deno.test("what a client changes in the question that it sends back changes nothing", async () => {
  const { agent, transfers, model } = bank();
  await using app = serve(agent);
  const first = await told(app, { input: [USER], store: false });
  const [question] = questionsIn(first);
  const forged = {
    ...question,
    name: "transfer",
    arguments: '{"amount":1000000,"account":"666"}',
    "server_label": "bank",
    label: "x",
  };
  const answer = await told(app, { input: [USER, forged, say(question!.id, true)] });
  assertEquals([wordsIn(answer), transfers], ["moved", ['{"amount":100,"account":"savings"}']]);
  assert(!JSON.stringify(model.requests[1]).includes("1000000"));
  // Nothing but its id is needed, and nothing of it is checked.
  const bare = { type: "mcp_approval_request", id: question!.id };
  const again = await told(app, { input: [USER, bare, say(question!.id, true)] });
  assertEquals([wordsIn(again), transfers.length], ["moved", 1]);
});

/** Checks that an answer to `id` is turned away, and that nothing comes of it. */
async function assertUnknown(
  { app, transfers, id, key }: {
    readonly app: ReturnType<typeof serve>;
    readonly transfers: readonly string[];
    readonly id: string;
    readonly key?: string;
  },
  model = "agent",
): Promise<void> {
  const before = transfers.length;
  const input = [USER, { type: "mcp_approval_request", id }, say(id, true)];
  for (const stream of [false, true]) {
    const { status, error } = await refused(app, { model, input, stream }, { key });
    assertEquals([status, error], [400, {
      message: `Approval request "${id}" is not known, or has expired: ` +
        "send the user's message again",
      type: "invalid_request_error",
      param: "input",
      code: "invalid_value",
    }]);
  }
  assertEquals(transfers.length, before);
}

Deno.test("a question that has expired, or never was, cannot be answered", async () => {
  const clock = new ManualClock();
  const { agent, transfers } = bank();
  await using app = serve(agent, { clock, store: new MemoryRecords({ clock, ttlMs: 1000 }) });
  const { questions: [id] } = await opened(app);
  await assertUnknown({ app, transfers, id: `mcpr_${"0".repeat(32)}` });
  clock.advance(999);
  const input = [USER, { type: "mcp_approval_request", id }, say(id!, true)];
  assertEquals(wordsIn(await told(app, { input })), "moved");
  clock.advance(1);
  await assertUnknown({ app, transfers, id: id! });
  // In a conversation that went on, an old question and its answer do no harm.
  const later = [...input, { role: "assistant", content: "moved" }, USER];
  const answer = await told(app, { input: later });
  assertEquals([questionsIn(answer).length, transfers.length], [1, 1]);
});

async function opened(app: ReturnType<typeof serve>, key?: string): Promise<Conversation> {
  const client = new Conversation(app, "previous", { key });
  await client.send();
  return client;
}

Deno.test("a question is its key's alone", async () => {
  const { agent, transfers } = bank();
  const apiKeys = [{ name: "ann", key: "sk-ann" }, { name: "bob", key: "sk-bob" }];
  await using app = serve(agent, { apiKeys });
  const ann = await opened(app, "sk-ann");
  const [id] = ann.questions;
  await assertUnknown({ app, transfers, id: id!, key: "sk-bob" });
  const { status, error } = await refused(app, { ...ann.body, input: [say(id!, true)] }, {
    key: "sk-bob",
  });
  assertEquals([status, error.code], [400, "previous_response_not_found"]);
  const reference = { input: [{ type: "item_reference", id }, say(id!, true)] };
  assertEquals((await refused(app, reference, { key: "sk-bob" })).status, 404);
  assertEquals(transfers, []);
  assertEquals(wordsIn(await ann.send(say(id!, true))), "moved");
});

Deno.test("a question is its model's alone, also where another has a tool of the same name", async () => {
  const [one, two] = [bank(), bank({ execute: () => "other" })];
  await using app = serve({ agent: one.agent, other: two.agent }, { modelName: undefined });
  const { questions: [id] } = await opened(app);
  await assertUnknown({ app, transfers: two.transfers, id: id! }, "other");
  assertEquals([one.transfers, two.transfers], [[], []]);
});

Deno.test("answers that do not fit their questions are refused where they stand", async () => {
  const { agent, transfers } = bank();
  await using app = serve(agent);
  const client = await opened(app);
  const [id] = client.questions;
  const { body } = client;
  for (
    const [input, param] of [
      [[say(id!, true), say(id!, true)], "input[1].approval_request_id"],
      [[say(`mcpr_${"1".repeat(32)}`, true)], "input"],
      [[{ ...say(id!, true), approve: "yes" }], "input[0].approve"],
      [[{ type: "mcp_approval_response", approve: true }], "input[0].approval_request_id"],
      [[{ type: "mcp_approval_request", id }, say(id!, true)], "input[0].id"],
    ] as const
  ) {
    const { status, error } = await refused(app, { ...body, input });
    assertEquals([status, error.param], [400, param]);
  }
  assertEquals(transfers, []);
});

Deno.test("over Chat Completions, which has no way to ask, the model is told that nobody can be asked", async () => {
  const { agent, model, transfers } = bank();
  await using app = serve(agent);
  for (const stream of [false, true]) {
    const body = { messages: [USER], stream };
    const response = await app.fetch(post(body, { path: "chat/completions" }));
    const text = await response.text();
    assertEquals(response.status, 200);
    assert(text.includes("denied") && !text.includes("mcpr_"), text);
    assertEquals(resultsIn(model.requests.at(-1)!), [
      "The tool call was denied: it needs the consent of a person, and nobody can be asked here.",
    ]);
  }
  assertEquals(transfers, []);
});

Deno.test("a router in front leads answers back to the agent that asked", async () => {
  const { agent, transfers } = bank();
  const choices = new ScriptedModel([JSON.stringify({ route: "bank" })]);
  const other = new AgenticWorkflow(() => "Hello");
  const router = new RouterWorkflow({
    model: choices,
    routes: [new Route("bank", agent, "Payments"), new Route("talk", other, "Words")],
  });
  for (const way of WAYS.slice(0, 1)) {
    await using app = serve(router);
    const client = new Conversation(app, way);
    await client.send();
    const [id] = client.questions;
    const answer = await client.send(say(id!, true), { role: "user", content: "and be quick" });
    assertEquals([wordsIn(answer), transfers.length], ["moved", 1]);
  }
});

Deno.test("a workflow in front asks nobody: its agent is denied", async () => {
  const { agent, transfers } = bank();
  await using app = serve(new AgenticWorkflow((request) => request.run(agent)));
  const answer = await told(app, { input: [USER] });
  assertEquals([wordsIn(answer), questionsIn(answer), transfers], ["denied", [], []]);
});

Deno.test("questions and consent in the background: polled, resumed, followed once", async () => {
  const { agent, transfers } = bank();
  await using app = serve(agent);
  const finished = async (body: Item) => {
    const { id } = await told(app, { ...body, background: true });
    for (;;) {
      const response = await (await app.fetch(request(`responses/${id}`))).json();
      if (response.status === "completed") return response;
      await settle();
    }
  };
  const first = await finished({ input: [USER] });
  const [question] = questionsIn(first);
  const body = { "previous_response_id": first.id, input: [say(question!.id, true)] };
  const second = await finished(body);
  assertEquals([wordsIn(second), transfers.length], ["moved", 1]);
  assertEquals(wordsIn(await finished(body)), "moved");
  const streamed = await app.fetch(
    post({ input: [USER], background: true, stream: true }),
  );
  const frames = await framesOf(streamed);
  const id = eventOf(frames[0]!)!.response!.id;
  const resumed = await framesOf(await app.fetch(request(`responses/${id}?stream=true`)));
  assertEquals(resumed, frames);
  assert(frames.some((frame) => frame.includes("mcp_approval_request")));
  assertEquals(transfers.length, 1);
});

Deno.test("a turn that fails after its call keeps no response, and the next try does not repeat the call", async () => {
  let fails = true;
  const { agent, transfers } = bank({
    answer: (request) => {
      if (resultsIn(request).length > 0 && fails) throw new RunError("backend-down", "away");
      return once(request);
    },
  });
  const clock = new ManualClock();
  const store = new MemoryRecords({ clock });
  await using app = serve(agent, { clock, store });
  const client = await opened(app);
  client.add(say(client.questions[0]!, true));
  const before = store.size;
  const failed = await app.fetch(post(client.body));
  assertEquals([failed.status, transfers.length], [502, 1]);
  await failed.body?.cancel();
  // All that is new is that the call was made.
  assertEquals(store.size, before + 1);
  const streamed = await app.fetch(post({ ...client.body, stream: true, store: false }));
  assertEquals([streamed.status, transfers.length], [502, 1]);
  await streamed.body?.cancel();
  assertEquals(store.size, before + 1);
  fails = false;
  assertEquals(wordsIn(await client.send()), "moved");
  assertEquals(transfers.length, 1);
});

Deno.test("a turn that fails before its call changes nothing at all", async () => {
  const { agent, transfers } = bank();
  const clock = new ManualClock();
  const store = new MemoryRecords({ clock });
  await using app = serve(agent, { clock, store });
  const client = await opened(app);
  const before = store.size;
  const { body } = client;
  const id = client.questions[0]!;
  for (
    const bad of [
      { ...body, input: [say(id, true)], tools: [{ type: "function", name: "?" }] },
      { ...body, input: [say(id, true)], temperature: 9 },
      { ...body, input: [say(id, true), { type: "nonsense" }] },
      { ...body, input: [say(id, true)], model: "nonesuch" },
      {
        ...body,
        input: [say(id, true)],
        text: { format: { type: "json_schema", name: "x", schema: { type: "?" } } },
      },
    ]
  ) {
    const response = await app.fetch(post(bad));
    assert(response.status >= 400);
    await response.body?.cancel();
  }
  assertEquals([store.size, transfers], [before, []]);
  assertEquals(wordsIn(await client.send(say(id, true))), "moved");
});

Deno.test("a client that leaves while its call runs stops it, and it is not repeated", async () => {
  const started = gate<AbortSignal>();
  let waits = true;
  const { agent, transfers } = bank({
    execute: (_args, { signal }) => {
      if (!waits) return "moved all of it";
      started.resolve(signal);
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    },
  });
  const clock = new ManualClock();
  await using app = serve(agent, { clock });
  const client = await opened(app);
  client.add(say(client.questions[0]!, true));
  const asked = app.fetch(post({ ...client.body, stream: true, store: false }));
  const signal = await started.promise;
  // The status waits for the first event, but not for ever.
  clock.advance(5000);
  const reader = (await asked).body!.getReader();
  await readUntil(reader, "response.created");
  assertEquals(signal.aborted, false);
  await reader.cancel();
  assertEquals(signal.aborted, true);
  waits = false;
  assertEquals(wordsIn(await client.send()), "unknown");
  assertEquals(transfers.length, 1);
});

Deno.test("max_tool_calls holds for calls with consent, and stays as it was told", async () => {
  const { agent, transfers, model } = bank({
    answer: (request, call) => call === 0 ? transferring(1, 2) : verdicts(resultsIn(request)),
  });
  await using app = serve(agent);
  const client = await opened(app);
  const input = client.questions.map((id) => say(id, true));
  const body = { ...client.body, input };
  assertEquals(wordsIn(await told(app, { ...body, "max_tool_calls": 1 })), "moved, other");
  assertEquals(wordsIn(await told(app, body)), "moved, other");
  assertEquals([transfers.length, model.requests.length], [1, 3]);
});

Deno.test("questions and answers are listed, read, and deleted with their responses", async () => {
  const { agent } = bank();
  await using app = serve(agent);
  const first = await told(app, { input: [USER] });
  const [question] = questionsIn(first);
  const second = await told(app, {
    "previous_response_id": first.id,
    input: [say(question!.id, true)],
  });
  const read = await (await app.fetch(request(`responses/${first.id}`))).json();
  assertEquals(read, first);
  const path = `responses/${second.id}/input_items?order=asc`;
  const { data } = await (await app.fetch(request(path))).json();
  assertEquals(data.map(({ type }: Item) => type), [
    ...["message", "mcp_approval_request", "mcp_approval_response"],
  ]);
  assertEquals(data[1].id, question!.id);
  assertEquals(data[2]["approval_request_id"], question!.id);
  assertNotEquals(data[2].id, undefined);
  const deleted = await app.fetch(request(`responses/${first.id}`, { method: "DELETE" }));
  assertEquals(deleted.status, 200);
  await deleted.body?.cancel();
  const reference = [USER, { type: "item_reference", id: question!.id }, say(question!.id, true)];
  assertEquals((await refused(app, { input: reference })).status, 404);
});

Deno.test("a model without approvals takes a conversation that has some", async () => {
  const asker = bank();
  await using app = serve(
    { agent: asker.agent, plain: new AgenticWorkflow((request) => request.conversationText()) },
    { modelName: undefined },
  );
  const first = await told(app, { input: [USER] });
  const [question] = questionsIn(first);
  const input = [USER, ...first.output, say(question!.id, true), { role: "user", content: "Hi" }];
  const answer = await told(app, { model: "plain", input });
  assertEquals(wordsIn(answer), "User: Pay the bill\n\nUser: Hi");
  assertEquals(asker.transfers, []);
});

Deno.test("neither the client nor the log learns what is hidden behind a question", async () => {
  const { agent } = bank({
    execute: () => {
      throw new Error("moved all of it, from account savings");
    },
  });
  await using app = serve(agent);
  const client = await opened(app);
  client.add(say(client.questions[0]!, true));
  for (const stream of [false, true]) {
    const response = await app.fetch(post({ ...client.body, stream }));
    const text = await response.text();
    for (const secret of SECRETS) assert(!text.includes(secret), `${secret} in ${text}`);
  }
  const quiet = app.logger.entries.filter(({ level }) => level !== "error");
  for (const secret of ["savings", "backend_id"]) {
    assert(!JSON.stringify(quiet).includes(secret), secret);
  }
});
