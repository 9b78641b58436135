/**
 * A router over agents with hidden tools and client tools in one turn.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { Agent } from "../../src/agent/agent.ts";
import { fold } from "../../src/run/fold.ts";
import type { Message, RunRequest } from "../../src/run/request.ts";
import { FunctionModel, ScriptedModel } from "../../src/testing/scripted_model.ts";
import { testContext, testRequest } from "../../src/testing/test_context.ts";
import { tool } from "../../src/tools/tool.ts";
import { Route } from "../../src/workflow/route.ts";
import { RouterWorkflow } from "../../src/workflow/router.ts";

Deno.test("what hidden tools of one route returned is for its own model alone", async () => {
  const seen: Record<string, string> = {};
  const agent = (name: string) =>
    new Agent({
      tools: [tool({
        name: `${name}_lookup`,
        description: "Hidden",
        parameters: z.object({}),
        execute: () => `secret of ${name}`,
      })],
      model: new FunctionModel(({ messages, tools }) => {
        seen[name] = JSON.stringify(messages);
        if (tools.length < 2 || messages.at(-1)!.role === "tool") return name;
        return { toolCalls: [{ name: `${name}_lookup` }, { name: "get_weather" }] };
      }),
    });
  const choices = ["coder", "poet", "coder"].map((route) => JSON.stringify({ route }));
  const router = new RouterWorkflow({
    model: new ScriptedModel(choices),
    routes: ["poet", "coder"].map((id) => new Route(id, agent(id), `Asks for a ${id}`)),
  });
  const context = testContext();
  const ask = (request: RunRequest) => fold(router.run(request, context));

  const first = testRequest({ tools: [{ name: "get_weather", kind: "function" }] });
  const { toolCalls } = await ask(first);
  const answered: Message[] = [
    ...first.messages,
    { role: "assistant", content: "", toolCalls },
    { role: "tool", toolCallId: toolCalls[0]!.id, content: [{ type: "text", text: "Sunny" }] },
  ];
  assertEquals((await ask({ ...first, messages: answered })).text, "coder");
  assertStringIncludes(seen.coder!, "secret of coder");

  const next = testRequest({
    messages: [...answered, { role: "user", content: [{ type: "text", text: "And now?" }] }],
  });
  assertEquals((await ask(next)).text, "poet");
  assertStringIncludes(seen.poet!, "Sunny");
  assert(!seen.poet!.includes("secret") && !seen.poet!.includes("lookup"));
  assertEquals((await ask(next)).text, "coder");
  assertStringIncludes(seen.coder!, "secret of coder");
});
