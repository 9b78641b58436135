import { assertEquals, assertThrows } from "@std/assert";
import { RequestError } from "../run/error.ts";
import { ClientTools, TOOL_NAME } from "./client_tools.ts";
import { at } from "./issue.ts";

const NAME = at(at(at(null, "tools"), 1), "name");

Deno.test("ClientTools keeps tools in order and names apart from Object.prototype's", () => {
  const tools = new ClientTools();
  tools.add({ name: "b", kind: "function" }, NAME);
  tools.add({ name: "constructor", kind: "custom" }, NAME);
  tools.add({ name: "__proto__", kind: "function" }, NAME);
  assertEquals(tools.specs.map((spec) => spec.name), ["b", "constructor", "__proto__"]);
  assertThrows(() => tools.named("toString", "function", { param: "tool_choice" }), RequestError);
});

Deno.test("ClientTools.add() rejects a name twice at the second one", () => {
  const tools = new ClientTools();
  tools.add({ name: "a", kind: "function" }, NAME);
  const error = assertThrows(() => tools.add({ name: "a", kind: "custom" }, NAME), RequestError);
  assertEquals([error.code, error.param], ["invalid-value", "tools[1].name"]);
});

Deno.test("ClientTools.named() wants the tool's own kind", () => {
  const tools = new ClientTools();
  tools.add({ name: "a", kind: "custom" }, NAME);
  assertEquals(tools.named("a", "custom", { param: "tool_choice" }), "a");
  const error = assertThrows(
    () => tools.named("a", "function", { param: "tool_choice" }),
    RequestError,
  );
  assertEquals([error.code, error.param], ["invalid-value", "tool_choice"]);
});

Deno.test("ClientTools.checked() rejects required where there is no tool", () => {
  const param = "tool_choice";
  const tools = new ClientTools();
  assertThrows(() => tools.checked({ type: "required" }, { param }), RequestError);
  assertEquals(tools.checked({ type: "none" }, { param }), { type: "none" });
  tools.add({ name: "a", kind: "function" }, NAME);
  assertEquals(tools.checked({ type: "required" }, { param }), { type: "required" });
});

Deno.test("TOOL_NAME takes 1 to 64 plain characters in one line", () => {
  const good = ["a", "A-b_9", "x".repeat(64)];
  const bad = ["", "a b", "a.b", "ä", "x".repeat(65), "a\n"];
  assertEquals(good.filter((name) => !TOOL_NAME.test(name)), []);
  assertEquals(bad.filter((name) => TOOL_NAME.test(name)), []);
});
