import { assertEquals } from "@std/assert";
import { causesOf } from "./cause.ts";

Deno.test("causesOf() tells the whole chain from the top down, each message once", () => {
  const refused = new Error("connection refused");
  const first = new Error("Backend 1 failed", { cause: refused });
  const second = new Error("Backend 2 failed", { cause: refused });
  const all = new AggregateError([first, second], "All failed");
  assertEquals(
    causesOf(new Error("Run failed", { cause: all })),
    "All failed; because: Backend 1 failed; because: connection refused; because: Backend 2 failed",
  );
  assertEquals(causesOf(new Error("alone")), undefined);
  assertEquals(causesOf("no error"), undefined);
});

Deno.test("causesOf() ends on circles and long chains, and cuts long messages", () => {
  const circle = new Error("circle");
  circle.cause = circle;
  assertEquals(causesOf(circle), undefined);
  let chain = new Error("x".repeat(1000));
  for (let depth = 0; depth < 1000; depth++) chain = new Error(`level ${depth}`, { cause: chain });
  assertEquals(causesOf(chain)?.split("; because: ").length, 10);
  assertEquals(causesOf(new Error("top", { cause: new Error("y".repeat(1000)) }))?.length, 300);
});
