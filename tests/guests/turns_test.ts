/**
 * Turns that wait for the client's results or consent, made by guests and kept by their host.
 */
import { assert, assertEquals } from "@std/assert";
import { Client } from "../../src/agent/approval_fixture_test.ts";
import { GuestRunner } from "../../src/module/guest_runner.ts";
import { fold } from "../../src/run/fold.ts";
import type { Message } from "../../src/run/request.ts";
import { testRequest } from "../../src/testing/test_context.ts";
import { contextOf } from "./host_services.ts";
import { TestGuest } from "./test_guest.ts";

Deno.test("a guest's agent asks the client for consent, and acts once, with turns kept by its host", async () => {
  await using guest = await TestGuest.start({ specifier: "careful.ts" });
  const runner = new GuestRunner(guest.module, { servedName: "careful", ownsModule: false });
  const client = new Client(runner, contextOf());
  const asked = await client.ask();
  assertEquals(
    asked.events.filter(({ type }) => type === "approval-request").map((event) => ({
      ...event,
      id: "",
    })),
    [{ type: "approval-request", id: "", label: "Do act", text: "May I act?" }],
  );
  const answered = await client.answer(true).ask();
  assertEquals(answered.text, "Result: acted 1");
});

Deno.test("a turn with hidden and client calls goes on with its own results, for its own caller", async () => {
  await using guest = await TestGuest.start({ specifier: "careful.ts", exportName: "mixed" });
  const context = contextOf({ principal: { name: "alice", tenant: "alice" } });
  const request = testRequest({
    tools: [{ name: "theirs", kind: "function", parameters: { type: "object" } }],
  });
  const first = await fold(guest.module.run(undefined, request, context));
  const [call] = first.toolCalls;
  assertEquals(call?.name, "theirs");
  const messages: Message[] = [
    ...request.messages,
    { role: "assistant", content: "", toolCalls: first.toolCalls },
    { role: "tool", toolCallId: call!.id, content: [{ type: "text", text: "from the client" }] },
  ];
  const resume = (tenant: string) =>
    fold(guest.module.run(undefined, { ...request, messages }, {
      ...context,
      principal: { name: tenant, tenant },
    }));
  assertEquals((await resume("alice")).text, "counted 1 and from the client");
  // Another tenant's turns are not there: nothing hidden comes out of them.
  assert(!(await resume("bob").then(({ text }) => text, String)).includes("counted 1"));
});

Deno.test("turns of code that is baked in are there after a restart, for that code alone", async () => {
  const kept = new Map<string, unknown>();
  const turns = {
    park: (tenant: string, turn: unknown) => Promise.resolve(void kept.set(tenant, turn)),
    find: (tenant: string) => Promise.resolve(kept.get(tenant)),
  } as never;
  const code = `export const agent = { async *run(request, { turns }) {
    const found = await turns.find("", "a");
    if (!found) await turns.park("", { messages: [], callIds: { a: "b" } });
    yield { type: "text-start" };
    yield { type: "text-delta", text: found ? "found" : "parked" };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  } };`;
  const outcome = async (specifier: string) => {
    await using guest = await TestGuest.start({ specifier, code });
    return await guest.asks("", { turns });
  };
  assertEquals(await outcome("https://a.example/a.ts?1"), "parked");
  assertEquals(await outcome("https://a.example/a.ts?1"), "found");
  // Both are shown alike.
  assertEquals(await outcome("https://a.example/a.ts?2"), "parked");
});
