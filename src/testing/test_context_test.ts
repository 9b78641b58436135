import { assertEquals, assertStrictEquals } from "@std/assert";
import type { ParkedTurn } from "../run/seams.ts";
import { testContext, testRequest } from "./test_context.ts";

Deno.test("testContext() counts ids, stands still and keeps the log", () => {
  const context = testContext();
  assertEquals(context.runId, "run_1");
  assertEquals(context.ids.mint("call_"), "call_1");
  const before = context.clock.now();
  context.clock.advance(5);
  assertEquals(context.clock.now(), before + 5);
  context.logger.log("info", "Hello", { model: "m" });
  context.logger.log("debug", "Bye");
  assertEquals(context.logger.entries, [
    { level: "info", message: "Hello", fields: { model: "m" } },
    { level: "debug", message: "Bye", fields: {} },
  ]);
});

Deno.test("testContext() takes any field instead of its own", () => {
  const signal = AbortSignal.abort();
  const context = testContext({ signal, runId: "run_mine", deps: { a: 1 } });
  assertStrictEquals(context.signal, signal);
  assertEquals(context.runId, "run_mine");
  assertEquals(context.deps.a, 1);
});

Deno.test("testContext() keeps parked turns for their tenant, reading does not consume", async () => {
  const { turns } = testContext();
  const turn: ParkedTurn = { messages: [], callIds: { "call_1": "a", "call_2": "b" } };
  await turns.park("alice", turn);
  assertStrictEquals(await turns.find("alice", "call_1"), turn);
  assertStrictEquals(await turns.find("alice", "call_2"), turn);
  assertStrictEquals(await turns.find("alice", "call_1"), turn);
  assertEquals(await turns.find("bob", "call_1"), undefined);
  assertEquals(await testContext().turns.find("alice", "call_1"), undefined);
});

Deno.test("testRequest() is a user's text with any field changed", () => {
  assertEquals(testRequest("Hi").messages, [
    { role: "user", content: [{ type: "text", text: "Hi" }] },
  ]);
  const request = testRequest({ stream: true });
  assertEquals(request.stream, true);
  assertEquals(request.messages, testRequest("Hello").messages);
});
