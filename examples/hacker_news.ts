/**
 * Reads the front page of Hacker News.
 * @module
 */
import { type Tool, tool, ToolFailed } from "@x/fakellm";
import { z } from "zod";

/** Base URL of the public API; see https://github.com/HackerNews/API. */
const API_URL = "https://hacker-news.firebaseio.com/v0";

const StoryIds = z.array(z.int());
/** Null stands for a story that is gone. */
const Story = z.object({
  title: z.string(),
  url: z.string().optional(),
  score: z.int().optional(),
}).nullable();

/** How many stories may be asked for. */
export const COUNT = z.int().min(1).max(30).default(10);

/** What a model is told of the tool. */
export const DESCRIPTION =
  "Read the front page of Hacker News: its top stories with title, link and score";

/** Where and how long to read. */
export interface ReadOptions {
  /** Where the API is; a check puts a server of its own there. */
  readonly apiUrl?: string;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/** The top stories; fails when the API does. */
export async function readFrontPage(
  count: number,
  { apiUrl = API_URL, signal }: ReadOptions,
): Promise<readonly NonNullable<z.infer<typeof Story>>[]> {
  const read = async (path: string) => {
    const response = await fetch(`${apiUrl}/${path}`, { signal });
    if (response.ok) return await response.json();
    await response.body?.cancel();
    throw new Error(`Status ${response.status}`);
  };
  const ids = StoryIds.parse(await read("topstories.json")).slice(0, count);
  const stories = await Promise.all(ids.map((id) => read(`item/${id}.json`)));
  return stories.map((story) => Story.parse(story)).filter((story) => story !== null);
}

/** As a tool. What goes wrong is told to the model, which can then tell the user. */
export function frontPageTool(apiUrl?: string): Tool {
  return tool({
    name: "read_hacker_news",
    description: DESCRIPTION,
    parameters: z.object({ count: COUNT }),
    timeoutMs: 15_000,
    async execute({ count }, { signal }) {
      try {
        return await readFrontPage(count, { apiUrl, signal });
      } catch {
        signal.throwIfAborted();
        throw new ToolFailed("Hacker News cannot be read at the moment");
      }
    },
  });
}
