import { assertEquals } from "@std/assert";
import type { ParkedTurn } from "../run/seams.ts";
import { testContext } from "../testing/test_context.ts";
import { Route } from "./route.ts";
import { RouteTurns } from "./route_turns.ts";
import { AgenticWorkflow } from "./workflow.ts";

const RUNNER = new AgenticWorkflow(() => "");
const TURN: ParkedTurn = {
  messages: [{ role: "system", content: "parked" }],
  callIds: JSON.parse('{"call_1":"b1","__proto__":"b2"}'),
};

Deno.test("RouteTurns gives a route its own turns as it parked them", async () => {
  const turns = new RouteTurns(testContext().turns, new Route("a", RUNNER, "A"));
  await turns.park("t", TURN);
  for (const callId of ["call_1", "__proto__", "call_1"]) {
    assertEquals(await turns.find("t", callId), TURN);
  }
  assertEquals(await turns.find("other", "call_1"), undefined);
  assertEquals(await turns.find("t", "call_2"), undefined);
});

Deno.test("RouteTurns keeps questions and what became of them to the route", async () => {
  const { turns } = testContext();
  const view = (id: string) => new RouteTurns(turns, new Route(id, RUNNER, id));
  const awaited = { callId: "b1", tool: "act", model: "router" };
  const asking: ParkedTurn = {
    ...TURN,
    approvals: JSON.parse(`{"q":${JSON.stringify(awaited)},"__proto__":{"tool":"x"}}`),
  };
  await view("a").park("t", asking);
  for (const id of ["q", "__proto__", "call_1"]) {
    assertEquals(await view("a").find("t", id), asking);
    assertEquals(await view("b").find("t", id), undefined);
    assertEquals(await turns.find("t", id), undefined);
  }
  assertEquals(await view("a").begin("t", "q"), undefined);
  assertEquals(await view("a").begin("t", "q"), {});
  assertEquals(await view("b").begin("t", "q", TURN.messages), undefined);
  assertEquals(await view("b").begin("t", "q"), { messages: TURN.messages });
  await view("a").settle("t", "q", TURN.messages);
  assertEquals(await view("a").begin("t", "q"), { messages: TURN.messages });
  assertEquals(await turns.begin("t", "q"), undefined);
});

Deno.test("RouteTurns shows a route neither the turns of others nor those of routers around it", async () => {
  const { turns } = testContext();
  const view = (id: string, of = turns) => new RouteTurns(of, new Route(id, RUNNER, id));
  await view("a").park("t", TURN);
  for (const other of [turns, view("b"), view("a", view("a")), view("a", view("b"))]) {
    assertEquals(await other.find("t", "call_1"), undefined);
  }
  await turns.park("t", TURN);
  assertEquals(await view("b").find("t", "call_1"), undefined);
  // No id makes one route look like another.
  assertEquals(await view('a" "b').find("t", "call_1"), undefined);
  assertEquals(await view("a").find("t", ' "b" call_1'), undefined);
});
