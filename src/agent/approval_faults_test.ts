/**
 * Approvals where something goes wrong: stores that fail, clients that leave, ids that are not known.
 * Whatever happens, no call runs twice, and none without consent.
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RequestError, RunError } from "../run/error.ts";
import type { ToolSpec } from "../run/request.ts";
import { macrotask } from "../testing/macrotask.ts";
import { testContext } from "../testing/test_context.ts";
import {
  asked,
  asking,
  calls,
  careful,
  Client,
  type Executions,
  seen,
  USER,
  WatchedTurns,
} from "./approval_fixture_test.ts";
import { NOT_RUN_TEXT, UNKNOWN_RESULT_TEXT } from "./retry_text.ts";

const ask: ToolSpec = { name: "ask", kind: "function" };

Deno.test("what the client changes in its copy of a question changes nothing", async () => {
  const { client, model, executions } = await asked([
    { toolCalls: [{ id: "b0", name: "act", arguments: { n: 1 } }] },
    "Done.",
  ]);
  client.answer(true);
  const asking = client.messages[1]!;
  client.messages[1] = {
    ...asking,
    content: "Run act with 1000000",
    toolCalls: [{ id: "b0", name: "act", kind: "function", arguments: '{"n":1000000}' }],
  } as typeof asking;
  await client.send();
  assertEquals(executions, ['act {"n":1}']);
  assertEquals(seen(model), ["user Hello", "assistant act#b0", "tool#b0 act done"]);
});

Deno.test("a tool that breaks ends the run; it is not run again, and what is not known is said", async () => {
  const executions: Executions = [];
  const other = Promise.withResolvers<void>();
  const { client, model } = await asked([calls("good", "bad", "later"), "Well."], {
    tools: [
      careful("good", executions, {
        execute: () => {
          other.resolve();
          return "good";
        },
      }),
      careful("bad", executions, {
        execute: async () => {
          await other.promise;
          throw new Error("secret");
        },
      }),
      careful("later", executions, { sequential: true }),
    ],
  });
  client.answer(true, true, true);
  await assertRejects(() => client.send(), RunError, 'Tool "bad" failed');
  assertEquals(executions, ["good {}", "bad {}"]);
  await client.send();
  assertEquals(seen(model).slice(-3), [
    "tool#b0 good",
    `tool#b1 ${UNKNOWN_RESULT_TEXT}`,
    `tool#b2 ${NOT_RUN_TEXT}`,
  ]);
  assertEquals(executions.length, 2);
});

Deno.test("a client that leaves stops a call with consent, which is never repeated", async () => {
  for (const deaf of [false, true]) {
    const gone = new Error("client left");
    const controller = new AbortController();
    const executions: Executions = [];
    let signal: AbortSignal | undefined;
    const { client, model } = await asked([calls("act"), "Well."], {
      tools: [
        careful("act", executions, {
          execute: (_args, ctx) => {
            ({ signal } = ctx);
            queueMicrotask(() => controller.abort(gone));
            return new Promise((_, reject) => {
              if (!deaf) ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason));
            });
          },
        }),
      ],
    });
    client.answer(true);
    const leaving = client.send({}, { signal: controller.signal });
    assertStrictEquals(await assertRejects(() => leaving), gone);
    assertEquals(signal?.reason, gone);
    await client.send();
    assertEquals([seen(model).at(-1), executions.length], [`tool#b0 ${UNKNOWN_RESULT_TEXT}`, 1]);
  }
});

Deno.test("a result that was there before the client left is not lost", async () => {
  const gone = new Error("client left");
  const controller = new AbortController();
  const executions: Executions = [];
  const { client, model } = await asked([calls("quick", "slow"), "Well."], {
    tools: [
      careful("quick", executions),
      careful("slow", executions, {
        execute: async () => {
          for (let turn = 0; turn < 20; turn++) await Promise.resolve();
          controller.abort(gone);
          return "too late";
        },
      }),
    ],
  });
  client.answer(true, true);
  const leaving = client.send({}, { signal: controller.signal });
  assertStrictEquals(await assertRejects(() => leaving), gone);
  await client.send();
  assertEquals(seen(model).slice(-2), ["tool#b0 quick done", `tool#b1 ${UNKNOWN_RESULT_TEXT}`]);
});

Deno.test("a process that dies between beginning and result leaves a call that is not repeated", async () => {
  const turns = new WatchedTurns();
  const { client, model, executions } = await asked(
    [calls("act"), "Well."],
    {},
    testContext({ turns }),
  );
  client.answer(true);
  const dead = Promise.withResolvers<void>();
  turns.before = (step) => {
    if (step !== "settle") return;
    dead.resolve();
    return new Promise<never>(() => {});
  };
  const controller = new AbortController();
  const dying = client.send({}, { signal: controller.signal });
  await dead.promise;
  controller.abort(new Error("killed"));
  await assertRejects(() => dying, Error, "killed");
  turns.before = () => {};
  await client.send();
  assertEquals([seen(model).at(-1), executions.length], [`tool#b0 ${UNKNOWN_RESULT_TEXT}`, 1]);
});

Deno.test("a store that cannot begin a call keeps it from running; the next try does it", async () => {
  const turns = new WatchedTurns();
  const { client, model, executions } = await asked(
    [calls("act", "act"), "Well."],
    {},
    testContext({ turns }),
  );
  client.answer(true, true);
  const { questions: [first, second] } = client;
  turns.before = (step, id) => {
    if (step === "begin" && id === first!.id) throw new Error("store is down");
  };
  await assertRejects(() => client.send(), Error, "store is down");
  // The first is begun and the second cannot be: neither runs, and the first is known not to have.
  turns.before = (step, id) => {
    if (step === "begin" && id === second!.id) throw new Error("store is down");
  };
  await assertRejects(() => client.send(), Error, "store is down");
  assertEquals([executions, model.requests.length], [[], 1]);
  turns.before = () => {};
  await client.send();
  assertEquals(seen(model).slice(-2), [`tool#b0 ${NOT_RUN_TEXT}`, "tool#b1 act done"]);
  assertEquals(executions.length, 1);
});

Deno.test("a call whose client left before it was begun has not run, and is known not to have", async () => {
  const turns = new WatchedTurns();
  const { client, model, executions } = await asked(
    [calls("act", "act"), "Well."],
    {},
    testContext({ turns }),
  );
  client.answer(true, true);
  const controller = new AbortController();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const [, second] = client.questions;
  turns.before = (step, id) => {
    if (step !== "begin" || id !== second!.id) return;
    controller.abort(new Error("client left"));
    return begun;
  };
  const leaving = client.send({}, { signal: controller.signal });
  await assertRejects(() => leaving, Error, "client left");
  // The store takes its time, and begins the call when nobody is there any more.
  turns.before = () => {};
  begin();
  await macrotask();
  await client.send();
  assertEquals(seen(model).slice(-2), [`tool#b0 ${NOT_RUN_TEXT}`, `tool#b1 ${NOT_RUN_TEXT}`]);
  assertEquals(executions, []);
});

Deno.test("a result that cannot be kept is in the answer all the same, and the operator is told", async () => {
  const turns = new WatchedTurns();
  const context = testContext({ turns });
  const { client, model } = await asked([calls("act"), "Well.", "So."], {}, context);
  turns.before = (step) => {
    if (step === "settle") throw new Error("secret of the store");
  };
  client.answer(true);
  assertEquals((await client.send()).text, "Well.");
  assertEquals(seen(model).at(-1), "tool#b0 act done");
  assertEquals(context.logger.entries.map(({ level, message }) => [level, message]), [
    ["warn", "Result of a call with consent could not be kept"],
  ]);
  assert(!JSON.stringify(context.logger.entries).includes("secret"));
  await client.send();
  assertEquals(seen(model).at(-1), `tool#b0 ${UNKNOWN_RESULT_TEXT}`);
});

Deno.test("a store that cannot be read fails the run, and nothing runs", async () => {
  const turns = new WatchedTurns();
  const { client, executions } = await asked([calls("act")], {}, testContext({ turns }));
  turns.before = (step) => {
    if (step === "find") throw new Error("store is down");
  };
  await assertRejects(() => client.answer(true).send(), Error, "store is down");
  assertEquals(executions, []);
});

Deno.test("whoever consents too late is told so, before anything runs; old answers are forgiven", async () => {
  const { client, model, executions } = await asked([calls("act"), "Done.", "Still."]);
  const { id } = client.questions[0]!;
  const elsewhere = testContext();
  client.answer(true);
  const error = await assertRejects(
    () => client.send({}, { turns: elsewhere.turns }),
    RequestError,
  );
  assertEquals([error.code, error.param, error.message], [
    "invalid-value",
    "input",
    `Approval request "${id}" is not known, or has expired: send the user's message again`,
  ]);
  assertEquals([executions, model.requests.length], [[], 1]);
  await client.ask();
  // Once the conversation has gone on, a question that is forgotten does no harm.
  const later = await client.say("And?").send({}, { turns: elsewhere.turns });
  assertEquals(later.text, "Still.");
  assertEquals(seen(model), ["user Hello", "assistant Done.", "user And?"]);
  // But an answer that comes only now is not one of those, nor is one to the last question beside it.
  const repeated = { role: "assistant", content: "", toolCalls: [], approvalIds: [id] } as const;
  client.messages.push(repeated);
  const send = () => client.send({}, { turns: elsewhere.turns });
  await assertRejects(send, RequestError, `Approval request "${id}"`);
  const next = "mcpr_next";
  client.messages.splice(-1, 1, { ...repeated, approvalIds: [next] }, repeated);
  client.approvals = [{ id: next, approve: true }];
  await assertRejects(send, RequestError, `Approval request "${next}"`);
});

Deno.test("a question is its tenant's and its model's alone", async () => {
  for (
    const others of [
      { principal: { name: "bob", tenant: "bob" } },
      { modelId: "another-model" },
    ]
  ) {
    const { client, executions, model } = await asked([calls("act"), "Done."]);
    client.answer(true);
    await assertRejects(() => client.send({}, others), RequestError, "is not known");
    assertEquals([executions, model.requests.length], [[], 1]);
    await client.send();
    assertEquals(executions, ["act {}"]);
  }
});

Deno.test("ids that were not given out as questions run nothing", async () => {
  const executions: Executions = [];
  const { agent, model } = asking([calls("act", "ask")], { tools: [careful("act", executions)] });
  const client = new Client(agent);
  const { toolCalls } = await client.ask({ tools: [ask] });
  const [, message] = client.messages;
  assert(message?.role === "assistant");
  client.messages.push({
    role: "tool",
    toolCallId: toolCalls[0]!.id,
    content: [{ type: "text", text: "blue" }],
  });
  const others = [
    "b0",
    "b1",
    toolCalls[0]!.id,
    "mcpr_99",
    "__proto__",
    "constructor",
    "toString",
    "",
  ];
  for (const id of others) {
    client.approvals = [{ id, approve: true }];
    client.messages[1] = { ...message, approvalIds: [...message.approvalIds!, id] };
    await assertRejects(() => client.send(), RequestError, `Approval request "${id}"`);
  }
  assertEquals([executions, model.requests.length], [[], 1]);
});

Deno.test("a reader that stops reading ends a resumed run, and its call is not repeated", async () => {
  const executions: Executions = [];
  const signals: AbortSignal[] = [];
  const { client, agent, model } = await asked([calls("act"), "Well."], {
    tools: [
      careful("act", executions, {
        execute: (_args, ctx) => {
          signals.push(ctx.signal);
          return new Promise(() => {});
        },
      }),
    ],
  });
  client.answer(true);
  const { messages, approvals, context } = client;
  const events = agent.run({
    messages,
    approvals,
    tools: [],
    toolChoice: { type: "auto" },
    parallelToolCalls: true,
    output: { type: "text" },
    settings: {},
    stream: true,
    parameters: {},
    extraParameters: {},
  }, context);
  await events.next();
  while (signals.length === 0) await Promise.resolve();
  await events.return(undefined);
  assertEquals(signals[0]!.aborted, true);
  await client.send();
  assertEquals([seen(model).at(-1), executions.length], [`tool#b0 ${UNKNOWN_RESULT_TEXT}`, 1]);
});

Deno.test("a run without answers looks nothing up and begins nothing", async () => {
  const turns = new WatchedTurns();
  turns.before = (step) => {
    throw new Error(`${step} was not called for`);
  };
  const { agent } = asking(["Hi."], { tools: [careful("act", [])] });
  const client = new Client(agent, testContext({ turns }));
  client.messages = [USER, { role: "assistant", content: "Yes?", toolCalls: [] }, USER];
  assertEquals((await client.ask()).text, "Hi.");
});
