import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { Agent } from "../agent/agent.ts";
import { ContextPipeline } from "../context/pipeline.ts";
import { SetupError } from "../run/error.ts";
import { ScriptedModel } from "../testing/scripted_model.ts";
import { tool } from "../tools/tool.ts";
import { createBotApp } from "./bot_app.ts";
import { chatRequest, saying, testOptions } from "./fixture_test.ts";

/** An agent that looks something up in the name of whoever asks. */
function lookingUp() {
  const users: unknown[] = [];
  const look = tool<{ userId: string }>({
    name: "secret_lookup",
    label: "Looking it up",
    parameters: { type: "object", properties: {} },
    execute: (_, { deps }) => {
      users.push(deps.userId);
      return "found";
    },
  });
  const model = new ScriptedModel([{ toolCalls: [{ name: "secret_lookup" }] }, "Here it is."]);
  return { agent: new Agent({ model, tools: [look] }), users };
}

const context = new ContextPipeline(z.object({ userId: z.string() }))
  .fromHeader("X-User-Id", { as: "userId" });

Deno.test("createBotApp() makes deps by the pipeline and shows progress by the operator's labels", async () => {
  const { agent, users } = lookingUp();
  const app = createBotApp(agent, { ...testOptions(), context, progress: true });
  const headers = { "x-user-id": "ada" };
  const response = await app.fetch(chatRequest({ stream: true }, { headers }));
  const text = await response.text();
  assertEquals(users, ["ada"]);
  assertStringIncludes(text, '"reasoning_content":"Looking it up');
  assertStringIncludes(text, "Here it is.");
  assertFalse(text.includes("secret_lookup"));
  const refused = await app.fetch(chatRequest());
  assertEquals([refused.status, users.length], [400, 1]);
  await app.stop();
});

Deno.test("createBotApp() shows no progress unless told to, and takes a function as context", async () => {
  const { agent, users } = lookingUp();
  const app = createBotApp({ agent }, {
    ...testOptions(),
    context: (request) => ({ userId: request.header("x-user-id") ?? "nobody" }),
  });
  const text = await (await app.fetch(chatRequest({ stream: true }))).text();
  assertEquals(users, ["nobody"]);
  assertFalse(text.includes("Looking it up"));
  await app.stop();
});

Deno.test("createBotApp() refuses progress beside another reasoning mode", async () => {
  const options = { progress: true, responsesReasoning: { mode: "agent" } } as const;
  assertThrows(() => createBotApp(saying("Hi"), options), SetupError, 'mode "agent"');
  const agreeing = { progress: true, responsesReasoning: { mode: "custom" } } as const;
  await createBotApp(saying("Hi"), agreeing).stop();
  await createBotApp(saying("Hi"), { responsesReasoning: { mode: "agent" } }).stop();
});
