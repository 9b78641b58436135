/** The client runs the call it is asked for and reads the reasoning, streamed and not. */
import { liveClient, type OpenAIClient } from "@x/fakellm";
import { FunctionModel } from "@x/fakellm/testing";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import type { OpenAI } from "openai";
import { createReviewerApp, review } from "./main.ts";

const FILE = "Their are to mistakes\nin this file\n";

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  const sent = Promise.withResolvers<void>();
  const model = new FunctionModel((request, call) => {
    assertStringIncludes(JSON.stringify(request.messages), "Their are to mistakes");
    const text = call % 2 === 0 ? "The spelling." : "It is short.";
    // The critic waits until its label is read: reasoning does not wait for the answer.
    return call === 0 ? { text, before: () => sent.promise } : { text };
  });
  await using client = liveClient(createReviewerApp(model));
  const openai = await client.openai();

  const deltas: string[] = [];
  const streamed = await reviewed(openai, (delta) => {
    deltas.push(delta);
    if (delta.includes("Looking for mistakes.")) sent.resolve();
  });
  assertEquals(deltas, [
    "I have to see notes.txt first.",
    "It begins: ",
    "Their ",
    "are ",
    "to ",
    "mistakes ",
    "\n\nLooking for mistakes.",
    "\n\nLooking for what is good.",
  ]);
  const whole = await reviewed(openai);
  assertEquals(whole.output_text, streamed.output_text);
  assertEquals(reasoningOf(whole), reasoningOf(streamed));
  assertEquals(reasoningOf(whole), deltas.slice(1).join(""));
  assertEquals(model.requests.length, 4);
}

async function reviewed(
  openai: OpenAIClient,
  onReasoning?: (delta: string) => void,
): Promise<OpenAI.Responses.Response> {
  const asked: string[] = [];
  const response = await review(openai, "notes.txt", {
    readFile(path) {
      asked.push(path);
      return FILE;
    },
    onReasoning,
  });
  assertEquals(asked, ["notes.txt"]);
  assertEquals(response.output_text, "To mend: The spelling.\n\nTo keep: It is short.");
  assertEquals(response.output.map(({ type }) => type), ["reasoning", "message"]);
  return response;
}

function reasoningOf({ output }: OpenAI.Responses.Response): string {
  const [item] = output;
  assert(item?.type === "reasoning");
  const text = item.summary.map((part) => part.text).join("");
  assertFalse(text.includes("spelling"), "What the hidden agents say stays hidden");
  return text;
}

if (import.meta.main) await check();
