/**
 * Hacker News as a model: `fakellm-hacker-news`, for Crush and any other OpenAI client.
 *
 * There is no server code: `fakellm examples/hacker_news_server/main.ts` serves what the default
 * export makes. Beside it lies `.crush.json`, which tells Crush where to find the model.
 */
import { Agent, FakeModels, type Model } from "@x/fakellm";
import { frontPageTool } from "../hacker_news.ts";
import { modelFromEnv } from "../model_from_env.ts";

/** The models; `apiUrl` stands in for Hacker News in the check. */
export function createModels(model: Model, apiUrl?: string): FakeModels {
  const agent = new Agent({
    model,
    instructions: "You are a news desk for programmers. Read Hacker News before you speak about " +
      "news. The user's program may offer tools of its own; use them when asked to.",
    tools: [frontPageTool(apiUrl)],
  });
  return new FakeModels().add("fakellm-hacker-news", agent, {
    description: "Knows what is on the front page of Hacker News",
  });
}

/** What the command line serves. */
export default (): FakeModels => createModels(modelFromEnv());
