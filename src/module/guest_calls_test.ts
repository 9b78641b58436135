import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ModelEvent } from "../models/model.ts";
import { RequestError, RunError } from "../run/error.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { macrotask } from "../testing/macrotask.ts";
import { GuestCalls } from "./guest_calls.ts";
import type { HostMessage, ServiceRequest } from "./guest_messages.ts";
import type { AnswerOptions, RunServices } from "./guest_services.ts";

type Answer = (request: ServiceRequest, options: AnswerOptions) => unknown;

function opened(answer: Answer = () => "answer") {
  const sent: HostMessage[] = [];
  const failures: unknown[] = [];
  const calls = new GuestCalls({
    send: (message) => {
      // What cannot be written down throws here.
      JSON.stringify(message);
      sent.push(message);
    },
    onFailure: (service, error) => failures.push([service, error]),
    clock: new ManualClock(),
  });
  const services = {
    answer: async (request: ServiceRequest, options: AnswerOptions) =>
      await answer(request, options),
  } as unknown as RunServices;
  const begin = (call: number, run = 1) =>
    calls.begin({ type: "call", call, run, request: { service: "turn-find", id: "x" } }, services);
  return { calls, sent, failures, begin };
}

const DELTA: ModelEvent = { type: "text-delta", text: "x" };

Deno.test("GuestCalls answers each call under its number", async () => {
  let count = 0;
  const { sent, begin } = opened(() => ++count);
  begin(1);
  begin(2);
  await macrotask();
  assertEquals(sent, [
    { type: "reply", call: 1, value: 1 },
    { type: "reply", call: 2, value: 2 },
  ]);
});

Deno.test("GuestCalls throws at calls that are numbered wrongly, or too many at once", () => {
  for (const first of [0, 2, 1000]) {
    assertThrows(() => opened().begin(first), Error, "Numbered its calls wrongly");
  }
  const { begin } = opened(() => new Promise(() => {}));
  for (let call = 1; call <= 1000; call++) begin(call);
  assertThrows(() => begin(1001), Error, "more than 1000 calls at once");
  const again = opened();
  again.begin(1);
  assertThrows(() => again.begin(1), Error, "Numbered its calls wrongly");
});

Deno.test("GuestCalls tells a guest no more of a failure than it may know", async () => {
  const errors = [
    new Error("password"),
    new RunError("backend-down", "password", { retryAfterMs: 5, cause: new Error("password") }),
    new RequestError("invalid-value", "Not so", { param: "a" }),
  ];
  const { sent, failures, begin } = opened(() => {
    throw errors[sent.length];
  });
  for (let call = 1; call <= 3; call++) {
    begin(call);
    await macrotask();
  }
  const message = "A service of the host failed";
  assertEquals(sent.map((reply) => (reply as { error: unknown }).error), [
    { family: "run", code: "internal", message },
    { family: "run", code: "backend-down", message, retryAfterMs: 5, retryable: true },
    { family: "request", code: "invalid-value", message: "Not so", param: "a" },
  ]);
  assertEquals(failures, errors.map((error) => ["turn-find", error]));
});

Deno.test("GuestCalls answers with an error where an answer cannot be written down", async () => {
  const { sent, failures, begin } = opened(() => 1n);
  begin(1);
  await macrotask();
  assertEquals(sent.map(({ type }) => type), ["reply-error"]);
  assertEquals(failures.length, 1);
});

Deno.test("GuestCalls holds an answer back while the guest has enough of it", async () => {
  let made = 0;
  const { calls, sent, begin } = opened(async (_, { emit }) => {
    for (let count = 0; count < 200; count++) {
      made += 1;
      await emit(DELTA);
    }
  });
  begin(1);
  await macrotask();
  assertEquals(made, 64);
  calls.taken({ type: "taken", call: 1, events: 32 });
  await macrotask();
  assertEquals(made, 96);
  assertThrows(
    () => calls.taken({ type: "taken", call: 1, events: 65 }),
    Error,
    "Took up more of an answer than there was",
  );
  for (let taken = 32; taken < 200; taken += 32) {
    calls.taken({ type: "taken", call: 1, events: Math.min(32, 200 - taken) });
    await macrotask();
  }
  assertEquals(sent.at(-1)?.type, "reply");
  assertEquals(sent.length, 201);
});

Deno.test("GuestCalls stops a call that its guest gave up, and tells nothing more of it", async () => {
  const reasons: unknown[] = [];
  const { calls, sent, failures, begin } = opened((_, { signal, emit }) =>
    new Promise((_, reject) => {
      emit(DELTA);
      signal.addEventListener("abort", () => {
        reasons.push(signal.reason.message);
        emit(DELTA);
        reject(signal.reason);
      });
    })
  );
  begin(1);
  await macrotask();
  calls.cancel({ type: "cancel", call: 1 });
  await macrotask();
  assertEquals(reasons, ["The guest gave up"]);
  assertEquals([sent.length, failures], [1, []]);
  // It did not know: what it had sent by then is no fault. More than that is.
  calls.taken({ type: "taken", call: 1, events: 1 });
  calls.cancel({ type: "cancel", call: 1 });
  assertThrows(() => calls.taken({ type: "taken", call: 1, events: 1 }), Error, "had not made");
});

Deno.test("GuestCalls ends the calls of a run with it, and no others", async () => {
  const ended: number[] = [];
  const { calls, begin } = opened((_, { signal }) =>
    new Promise((_, reject) => {
      const number = ended.length;
      ended.push(0);
      signal.addEventListener("abort", () => {
        ended[number] = 1;
        reject(signal.reason);
      });
    })
  );
  begin(1, 7);
  begin(2, 8);
  begin(3, 7);
  await macrotask();
  calls.cancelRun(7);
  await macrotask();
  assertEquals(ended, [1, 0, 1]);
});

Deno.test("GuestCalls refuses calls of runs that are over, and throws at whoever makes many", () => {
  const refused = opened();
  const late = (call: number) =>
    refused.calls.begin(
      { type: "call", call, run: 1, request: { service: "tools", mcp: "a" } },
      undefined,
    );
  for (let call = 1; call <= 1000; call++) late(call);
  assert(refused.sent.every((message) => message.type === "reply-error"));
  assertEquals(refused.sent.length, 1000);
  assertThrows(() => late(1001), Error, "Went on calling though its runs were over");
});
