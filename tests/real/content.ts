/**
 * Image and file parts over a live LLM.
 * @module
 */
import { Agent } from "@x/fakellm";
import { assertMatch } from "@std/assert";
import type { OpenAI } from "openai";
import { type LiveModels, SERVED, withServed } from "./live_model.ts";

/** A PNG of 32 by 32 pixels, all of them red. */
export const RED_SQUARE =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAJ0lEQVR42u3NsQkAAAjAsP7/tF7hIASyp6lTCQQCgUAgEAgEgi/BAjLD/C5w/SM9AAAAAElFTkSuQmCC";

const RECIPE = "Lighthouse soup\n\nThe secret ingredient is turmeric.\n";

/** Registers the tests. */
export function testContent({ main, vision }: LiveModels): void {
  Deno.test("live content: an image part is seen", () =>
    ask(new Agent({ model: vision }), [
      { type: "text", text: "Which colour does this image have? Answer with one word." },
      { type: "image_url", "image_url": { url: RED_SQUARE } },
    ], /red/i));

  Deno.test("live content: a file part is read", () =>
    ask(new Agent({ model: main }), [
      {
        type: "text",
        text: "Which ingredient does this recipe keep secret? Answer with one word.",
      },
      {
        type: "file",
        file: { filename: "soup.txt", "file_data": `data:text/plain;base64,${btoa(RECIPE)}` },
      },
    ], /turmeric/i));
}

async function ask(
  agent: Agent,
  content: OpenAI.ChatCompletionContentPart[],
  expected: RegExp,
): Promise<void> {
  await withServed(agent, async (openai) => {
    const { choices } = await openai.chat.completions.create({
      model: SERVED,
      messages: [{ role: "user", content }],
    });
    assertMatch(choices[0]?.message.content ?? "", expected);
  });
}
