/** Both drafts are written at once, the judge reads both, and the client gets the one it chose. */
import { createApp, DemoBackend, liveClient } from "@x/fakellm";
import { FunctionModel } from "@x/fakellm/testing";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { createJudgedWorkflow } from "./main.ts";

const QUESTION = "Should a small team write tests first?";

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  await checkWithScript();
  await checkWithDemoBackend();
}

async function checkWithScript(): Promise<void> {
  const bothAsked = Promise.withResolvers<void>();
  const drafts: string[] = [];
  const model = new FunctionModel((request, call) => {
    const orders = request.messages.map((message) => JSON.stringify(message.content)).join("\n");
    if (call < 2) {
      const draft = orders.includes("Monday morning") ? "Draft by practice" : "Draft by principle";
      drafts.push(draft);
      if (drafts.length === 2) bothAsked.resolve();
      // Neither draft is finished before both are begun.
      return { text: draft, before: () => bothAsked.promise };
    }
    for (const text of [QUESTION, ...drafts]) assertStringIncludes(orders, text);
    const [output] = request.tools;
    assert(output, "The judge is asked for a verdict by an output tool");
    const verdict = { winner: "second", reason: "It says why" };
    return { toolCalls: [{ name: output.name, arguments: verdict }] };
  });
  await using client = liveClient(createApp(createJudgedWorkflow(model), { modelName: "judged" }));
  const openai = await client.openai();
  const answer = await openai.chat.completions.create({
    model: "judged",
    messages: [{ role: "user", content: QUESTION }],
  });
  const { content } = answer.choices[0]!.message;
  assertEquals(content, "Draft by principle\n\n(The judge chose the second answer: It says why)");
  assertEquals(model.requests.length, 3);
  assertEquals(answer.usage?.completion_tokens, 3, "Each of the three calls says one token");
}

async function checkWithDemoBackend(): Promise<void> {
  const workflow = createJudgedWorkflow(new DemoBackend());
  await using client = liveClient(createApp(workflow, { modelName: "judged" }));
  const openai = await client.openai();
  const stream = await openai.chat.completions.create({
    model: "judged",
    messages: [{ role: "user", content: QUESTION }],
    stream: true,
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  assertStringIncludes(text, QUESTION);
  assertStringIncludes(text, "(The judge chose the ");
  assertFalse(text.includes("Second answer:"), text);
}

if (import.meta.main) await check();
