/**
 * Agents inside agents, as clients of both APIs see them: an answer, its tokens, and labels where
 * progress is shown.
 */
import { assert, assertEquals } from "@std/assert";
import { Agent, AgenticWorkflow, agentTool, tool } from "../../mod.ts";
import { gate, untilAborted } from "../../src/hosting/fixture_test.ts";
import { FunctionModel, ScriptedModel } from "../../src/testing/mod.ts";
import { served } from "../oracle/served.ts";
import { post } from "./posting.ts";

const LABEL = "Asking a colleague";
const MESSAGES = [{ role: "user", content: "Go" }] as const;

/** An agent that asks an agent that looks something up; each says what it used. */
function office(before: (signal: AbortSignal) => void | Promise<void> = () => {}): Agent {
  const look = tool({ name: "secret_look", label: "Secret label", execute: () => "secret result" });
  const colleague = new Agent({
    name: "secret_agent",
    model: new FunctionModel(({ messages }) =>
      messages.at(-1)!.role === "tool"
        ? { text: "secret answer", usage: { inputTokens: 2000, outputTokens: 20 }, before }
        : {
          reasoning: "secret thought",
          text: "secret words",
          toolCalls: [{ name: "secret_look" }],
          usage: { inputTokens: 1000, outputTokens: 10, reasoningTokens: 4 },
        }
    ),
    tools: [look],
  });
  return new Agent({
    model: new FunctionModel(({ messages }) =>
      messages.at(-1)!.role === "tool"
        ? { text: "Done.", usage: { inputTokens: 30, outputTokens: 3 } }
        : {
          toolCalls: [{ name: "secret_ask", arguments: { prompt: "secret prompt" } }],
          usage: { inputTokens: 20, outputTokens: 2 },
        }
    ),
    tools: [agentTool(colleague, { name: "secret_ask", description: "secret", label: LABEL })],
  });
}

const MODES = ["custom", "agent", "disabled"] as const;

for (const mode of MODES) {
  for (const stream of [false, true]) {
    Deno.test(`an agent inside is an answer, tokens and a label, in mode ${mode}, ${stream ? "" : "un"}streamed`, async () => {
      await using app = await served(office(), {
        modelName: "agent",
        responsesReasoning: { mode },
      });
      for (
        const [path, body] of [
          ["responses", { input: "Go" }],
          ["chat/completions", { messages: MESSAGES, "stream_options": { "include_usage": true } }],
        ] as const
      ) {
        const response = await app.app.fetch(post({ ...body, stream }, { path }));
        const text = await response.text();
        assertEquals(response.status, 200);
        assert(!text.toLowerCase().includes("secret"), text);
        assert(text.includes("Done."));
        assertEquals(text.includes(LABEL), mode === "custom", text);
        // The prompt is the conversation's, what was answered is all of it.
        const [prompt, answer] = path === "responses"
          ? ["input_tokens", "output_tokens"]
          : ["prompt_tokens", "completion_tokens"];
        assert(text.includes(`"${prompt}":30`), text);
        assert(text.includes(`"${answer}":35`), text);
        assert(text.includes('"reasoning_tokens":4'), text);
      }
      const lines = app.logger.entries.filter(({ fields }) => "inputTokens" in fields);
      assertEquals(
        lines.map(({ fields }) => [fields.inputTokens, fields.outputTokens]),
        [[3050, 35], [3050, 35]],
      );
    });
  }
}

Deno.test("a workflow's agents inside count, too, and stay out of the prompt it tells", async () => {
  const agent = office();
  await using app = await served(new AgenticWorkflow((request) => request.run(agent)), {
    modelName: "agent",
  });
  const { usage, output_text: text } = await app.openai.responses.create({
    model: "agent",
    input: "Go",
  });
  assertEquals(text, "Done.");
  assertEquals([usage?.input_tokens, usage?.output_tokens], [30, 35]);
  const lines = app.logger.entries.filter(({ fields }) => "inputTokens" in fields);
  assertEquals(lines.map(({ fields }) => fields.inputTokens), [3050]);
});

for (const path of ["responses", "chat/completions"]) {
  const asking = async () => {
    const called = gate<AbortSignal>();
    const agent = office((signal) => {
      called.resolve(signal);
      return untilAborted(signal);
    });
    return { app: await served(agent, { modelName: "agent" }), called: called.promise };
  };
  const body = { input: "Go", messages: MESSAGES };

  Deno.test(`a client of ${path} that leaves aborts the model call inside`, async () => {
    const { app, called } = await asking();
    await using _app = app;
    const leaving = new AbortController();
    const asked = Promise.resolve(app.app.fetch(post(body, { path, signal: leaving.signal })));
    const signal = await called;
    assertEquals(signal.aborted, false);
    leaving.abort();
    assertEquals(signal.aborted, true);
    await (await asked).body?.cancel();
  });

  Deno.test(`a reader of ${path} that stops aborts the model call inside`, async () => {
    const { app, called } = await asking();
    await using _app = app;
    const response = await app.app.fetch(post({ ...body, stream: true }, { path }));
    const reader = response.body!.getReader();
    // A stream goes on as long as somebody reads.
    const reading = (async () => {
      while (!(await reader.read()).done);
    })();
    const signal = await called;
    assertEquals(signal.aborted, false);
    await reader.cancel();
    assertEquals(signal.aborted, true);
    await reading;
  });
}

Deno.test("limits that are met inside are a run that failed, and say nothing of what is inside", async () => {
  const look = tool({ name: "secret_look", execute: () => "secret" });
  const endless = new FunctionModel(() => ({ toolCalls: [{ name: "secret_look" }] }));
  const inner = new Agent({ model: endless, tools: [look] });
  const outer = new Agent({
    model: new ScriptedModel([{
      toolCalls: [{ name: "secret_ask", arguments: { prompt: "x" } }],
    }]),
    tools: [agentTool(inner, { name: "secret_ask", description: "secret" })],
    limits: { maxSteps: 5 },
  });
  await using app = await served(outer, { modelName: "agent" });
  const response = await app.app.fetch(post({ input: "Go" }));
  const text = await response.text();
  assertEquals([response.status, JSON.parse(text).error.code], [422, "run_failed"]);
  assert(!text.includes("secret") && !text.includes("maxSteps"), text);
  assertEquals(endless.requests.length, 4);
});
