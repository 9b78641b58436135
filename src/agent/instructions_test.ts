import { assertEquals } from "@std/assert";
import { fold } from "../run/fold.ts";
import type { Message } from "../run/request.ts";
import { ScriptedModel } from "../testing/scripted_model.ts";
import { testContext, testRequest } from "../testing/test_context.ts";
import { FunctionToolset } from "../tools/function_toolset.ts";
import { tool } from "../tools/tool.ts";
import { Agent } from "./agent.ts";

const user: Message = { role: "user", content: [{ type: "text", text: "Hello" }] };
const system = (content: string): Message => ({ role: "system", content });

function texts(model: ScriptedModel, call = 0): string[] {
  return model.requests[call]!.messages.map((message) =>
    message.role === "system" ? message.content : message.role
  );
}

Deno.test("a client's system messages rank below the agent's instructions", async () => {
  const model = new ScriptedModel(["a"]);
  const agent = new Agent({ model, systemPrompt: "prompt", instructions: "agent" });
  const messages = [system("client"), user, system("late")];
  await fold(agent.run(testRequest({ messages }), testContext()));
  assertEquals(texts(model), ["prompt", "agent", "client", "user", "late"]);
});

Deno.test("an author's history keeps its leading system messages in front", async () => {
  const model = new ScriptedModel(["a"]);
  await new Agent({ model, instructions: "agent" }).generate([system("mine"), user]);
  assertEquals(texts(model), ["mine", "agent", "user"]);
});

Deno.test("fixed instructions come before dynamic ones, toolsets' last, empty ones vanish", async () => {
  const model = new ScriptedModel(["a"]);
  const toolset = new FunctionToolset([], { instructions: "toolset" });
  const agent = new Agent({
    model,
    instructions: [() => "dynamic", "fixed", "", () => undefined, () => ""],
    toolsets: [toolset],
  });
  await agent.generate("Hi");
  assertEquals(texts(model), ["fixed", "dynamic", "toolset", "user"]);
});

Deno.test("dynamic instructions are made anew at every step", async () => {
  const model = new ScriptedModel([{ toolCalls: [{ name: "look" }] }, "a"]);
  const agent = new Agent<string>({
    model,
    tools: [tool({ name: "look", execute: () => 1 })],
    instructions: (ctx) => `${ctx.deps}, step ${ctx.step}, ${ctx.prompt}`,
  });
  await agent.generate("Hi", { deps: "Ann" });
  assertEquals([texts(model)[0], texts(model, 1)[0]], ["Ann, step 1, Hi", "Ann, step 2, Hi"]);
});

Deno.test("a system prompt is sent with an empty history only, then is part of it", async () => {
  const model = new ScriptedModel(["a", "b"]);
  const agent = new Agent({ model, systemPrompt: "prompt" });
  const first = await agent.generate("1");
  assertEquals(first.messages.map((message) => message.role), ["system", "user", "assistant"]);
  const second = await agent.generate("2", { history: first.messages });
  assertEquals(second.messages.map((message) => message.role), ["user", "assistant"]);
  assertEquals(texts(model, 1), ["prompt", "user", "assistant", "user"]);
});
