/** Both answers hold what only the hidden tools know, and both questions are open at once. */
import { DemoBackend, type Model } from "@x/fakellm";
import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { askDepartments } from "./main.ts";

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  const gate = meetingPoint(2);
  const { stock, parcel } = await askDepartments(gate.model);
  assertStringIncludes(stock, "712 pieces");
  assertStringIncludes(stock, "M4 bolts");
  assertStringIncludes(parcel, "PX-12");
  assertStringIncludes(parcel, "Lisbon");
  for (const answer of [stock, parcel]) assertFalse(answer.includes("look_up"), answer);
  assertEquals(gate.calls, 4, "Each agent asks its model for the tool call, then for the answer");
}

/** A demo backend whose first calls wait for each other: calls one after another would never end. */
function meetingPoint(parties: number): { readonly model: Model; readonly calls: number } {
  const demo = new DemoBackend();
  const everyone = Promise.withResolvers<void>();
  let calls = 0;
  return {
    model: {
      name: demo.name,
      profile: demo.profile,
      async *call(request, options) {
        calls += 1;
        if (calls === parties) everyone.resolve();
        await everyone.promise;
        yield* demo.call(request, options);
      },
    },
    get calls() {
      return calls;
    },
  };
}

if (import.meta.main) await check();
