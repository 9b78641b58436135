/**
 * What stands between an agent that asks and its client keeps questions whole and in their place.
 */
import { assertEquals, assertRejects } from "@std/assert";
import {
  assertAsked,
  careful,
  Client,
  type Executions,
} from "../../src/agent/approval_fixture_test.ts";
import { Agent } from "../../src/agent/agent.ts";
import { degradeFailures } from "../../src/hosting/degrade.ts";
import { PremadeRun } from "../../src/hosting/reasoning/premade.ts";
import type { RunEvent } from "../../src/run/event.ts";
import type { Runner } from "../../src/run/runner.ts";
import { macrotask } from "../../src/testing/macrotask.ts";
import { FunctionModel, ManualClock } from "../../src/testing/mod.ts";
import { testContext } from "../../src/testing/test_context.ts";
import { eventLine } from "../../src/testing/transcript.ts";

/** An agent that asks, and does not hurry. */
function slow(executions: Executions, clock: ManualClock): Agent {
  return new Agent({
    approval: "client",
    tools: [careful("act", executions)],
    model: new FunctionModel(async ({ messages }) => {
      clock.advance(10);
      await macrotask();
      return messages.at(-1)!.role === "tool" ? "Done." : { toolCalls: [{ name: "act" }] };
    }),
  });
}

Deno.test("premade reasoning ends before a question, and nothing is added after it", async () => {
  const clock = new ManualClock();
  const executions: Executions = [];
  const agent = slow(executions, clock);
  const runner: Runner = {
    run: (request, context) =>
      new PremadeRun(agent.run(request, context), {
        deltas: { first: ["Thinking"], next: [" on"] },
        intervalMs: 10,
        context,
      }),
  };
  const client = new Client(runner, testContext({ clock }));
  const { events } = await client.ask();
  assertEquals(events.filter(({ type }) => type !== "trace" && type !== "usage").map(eventLine), [
    "reasoning-start progress",
    'reasoning-delta "Thinking"',
    "reasoning-end",
    'approval-request mcpr_1 "Do act" "May I act?"',
    "finish tool-calls",
  ]);
  const answered = await client.answer(true).ask();
  assertEquals([answered.text, executions], ["Done.", ["act {}"]]);
  assertEquals(clock.pending, 0);
});

Deno.test("a failure after a question is told as it is, never as something the model says", async () => {
  const failing: Runner = {
    async *run(): AsyncGenerator<RunEvent> {
      yield { type: "approval-request", id: "mcpr_1", label: "Do act", text: "May I?" };
      await Promise.resolve();
      throw new Error("away");
    },
  };
  const degraded = (runner: Runner): Runner => ({
    run: (request, context) =>
      degradeFailures(() => runner.run(request, context), {
        request,
        signal: context.signal,
        message: "Try again later.",
        isDependencyError: () => true,
        onFailure: () => {},
        onSuccess: () => {},
      }),
  });
  await assertRejects(() => new Client(degraded(failing)).ask(), Error, "away");
  // A question alone goes through.
  const client = new Client(degraded(slow([], new ManualClock())));
  await client.ask();
  assertAsked(client, "Do act");
});
