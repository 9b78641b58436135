/**
 * An agent with a tool built in: ask for news, and it reads the front page of Hacker News.
 *
 * The client offers no tool and sees no call. It asks a model, and the model happens to know.
 */
import { Agent, createApp, liveClient, type Model } from "@x/fakellm";
import { frontPageTool } from "../hacker_news.ts";
import { modelFromEnv } from "../model_from_env.ts";

/** The agent; `apiUrl` stands in for Hacker News in the check. */
export function createNewsAgent(model: Model, apiUrl?: string): Agent {
  return new Agent({
    model,
    instructions: "You know what is on the front page of Hacker News, since you can read it. " +
      "Tell titles and links, most popular first.",
    tools: [frontPageTool(apiUrl)],
  });
}

if (import.meta.main) {
  const agent = createNewsAgent(modelFromEnv());
  await using client = liveClient(createApp(agent, { modelName: "news" }));
  const openai = await client.openai();
  const stream = await openai.chat.completions.create({
    model: "news",
    messages: [{ role: "user", content: "What are the top 5 stories on Hacker News?" }],
    stream: true,
  });
  const encoder = new TextEncoder();
  for await (const { choices } of stream) {
    await Deno.stdout.write(encoder.encode(choices[0]?.delta.content ?? ""));
  }
  await Deno.stdout.write(encoder.encode("\n"));
}
