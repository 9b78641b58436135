import { assert, assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../run/error.ts";
import { fold } from "../run/fold.ts";
import { ScriptedModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";

Deno.test("prepare edits a tool for a step or leaves it out, which also blocks its execution", async () => {
  let ran = false;
  const late = tool({
    name: "late",
    description: "old",
    prepare: (ctx, definition) =>
      ctx.step === 1 ? undefined : { ...definition, description: "new" },
    execute: () => ran = true,
  });
  const model = new ScriptedModel([{ toolCalls: [{ name: "late" }] }, "done"]);
  await fold(new Agent({ model, tools: [late] }).run(testRequest(), testContext()));
  assertEquals(model.requests.map((request) => request.tools.map((spec) => spec.description)), [
    [],
    ["new"],
  ]);
  assert(!ran);
});

Deno.test("prepareTools filters and edits but cannot add", async () => {
  const tools = ["a", "b"].map((name) => tool({ name, execute: () => 1 }));
  const model = new ScriptedModel(["done", "done"]);
  const agent = new Agent({
    model,
    tools,
    prepareTools: (_, definitions) => definitions.filter(({ name }) => name === "b"),
  });
  await fold(agent.run(testRequest(), testContext()));
  assertEquals(model.requests[0]!.tools.map((spec) => spec.name), ["b"]);
  const adding = new Agent({
    model,
    prepareTools: () => [{ name: "new", parameters: {} }],
  });
  await assertRejects(() => fold(adding.run(testRequest(), testContext())), RunError, "was added");
});
