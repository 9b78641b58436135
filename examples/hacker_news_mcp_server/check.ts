/** The model knows the news, tells that it is reading, and leaves no trace of the MCP server. */
import { createApp, DemoBackend, liveClient } from "@x/fakellm";
import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { fakeHackerNews, TITLES } from "../fake_hacker_news.ts";
import { createModels } from "./main.ts";

const MODEL = "fakellm-hacker-news-mcp";
const HIDDEN = ["hn_", "read_front_page", 'hacker-news"', "topstories", "tool_call", 'mcp":'];

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  await checkNews();
  await checkOutage();
}

async function checkNews(): Promise<void> {
  await using news = fakeHackerNews();
  await using client = liveClient(createApp(createModels(new DemoBackend(), news.apiUrl)));
  for (const stream of [false, true]) {
    const response = await client.post("chat/completions", {
      model: MODEL,
      messages: [{ role: "user", content: "What is on the Hacker News front page?" }],
      stream,
    });
    const wire = await response.text();
    assertEquals(response.status, 200, wire);
    for (const hidden of [...HIDDEN, news.apiUrl]) {
      assertFalse(wire.includes(hidden), `"${hidden}" leaks: ${wire}`);
    }
    assertStringIncludes(wire, "Reading Hacker News");
    // Streamed, a title is spread over many events.
    if (!stream) { for (const title of TITLES) assertStringIncludes(wire, title); }
  }
  assertEquals(news.paths.filter((path) => path.endsWith("topstories.json")).length, 2);
}

async function checkOutage(): Promise<void> {
  await using news = fakeHackerNews({ down: true });
  await using client = liveClient(createApp(createModels(new DemoBackend(), news.apiUrl)));
  const response = await client.post("responses", { model: MODEL, input: "Any Hacker News?" });
  const wire = await response.text();
  assertEquals(response.status, 200, wire);
  assertFalse(TITLES.some((title) => wire.includes(title)), wire);
}

if (import.meta.main) await check();
