import { assertEquals, assertRejects } from "@std/assert";
import { macrotask } from "../testing/macrotask.ts";
import { CallOrder } from "./call_order.ts";

/** Calls that begin when they may and end when told. */
function ordered() {
  const order = new CallOrder();
  const begun: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<string>>();
  const call = (name: string, sequential = false) =>
    order.run(sequential, () => {
      begun.push(name);
      const gate = Promise.withResolvers<string>();
      gates.set(name, gate);
      return gate.promise;
    });
  return { begun, gates, call };
}

Deno.test("CallOrder runs calls side by side, and a sequential one alone", async () => {
  const { begun, gates, call } = ordered();
  const calls = [call("a"), call("b"), call("alone", true), call("c"), call("d")];
  await macrotask();
  assertEquals(begun, ["a", "b"]);
  gates.get("b")!.resolve("b");
  await macrotask();
  assertEquals(begun, ["a", "b"]);
  gates.get("a")!.resolve("a");
  await macrotask();
  assertEquals(begun, ["a", "b", "alone"]);
  gates.get("alone")!.resolve("alone");
  await macrotask();
  assertEquals(begun, ["a", "b", "alone", "c", "d"]);
  for (const name of ["c", "d"]) gates.get(name)!.resolve(name);
  assertEquals(await Promise.all(calls), ["a", "b", "alone", "c", "d"]);
});

Deno.test("CallOrder goes on after calls that fail", async () => {
  const { begun, gates, call } = ordered();
  const failing = assertRejects(() => call("alone", true), Error, "no");
  const other = assertRejects(() => call("a"), Error, "neither");
  const last = call("last", true);
  await macrotask();
  gates.get("alone")!.reject(new Error("no"));
  await macrotask();
  gates.get("a")!.reject(new Error("neither"));
  await macrotask();
  assertEquals(begun, ["alone", "a", "last"]);
  gates.get("last")!.resolve("last");
  await Promise.all([failing, other, last]);
});
