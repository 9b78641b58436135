/** The agent reads the front page, tells it, and leaves no trace of having read it. */
import { createApp, DemoBackend, liveClient } from "@x/fakellm";
import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { fakeHackerNews, TITLES } from "../fake_hacker_news.ts";
import { createNewsAgent } from "./main.ts";

const QUESTION = "What are the top 5 stories on Hacker News?";

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  await checkNews();
  await checkOutage();
}

async function checkNews(): Promise<void> {
  await using news = fakeHackerNews();
  const agent = createNewsAgent(new DemoBackend(), news.apiUrl);
  await using client = liveClient(createApp(agent, { modelName: "news" }));
  for (const stream of [false, true]) {
    const asked = news.paths.length;
    const response = await client.post("chat/completions", {
      model: "news",
      messages: [{ role: "user", content: QUESTION }],
      stream,
    });
    const wire = await response.text();
    assertEquals(response.status, 200, wire);
    assertEquals(news.paths.length - asked, 4, "One list and three stories are read");
    for (const hidden of ["read_hacker_news", "tool_call", "topstories", news.apiUrl]) {
      assertFalse(wire.includes(hidden), `"${hidden}" leaks: ${wire}`);
    }
    // Streamed, a title is spread over many events.
    if (!stream) { for (const title of TITLES) assertStringIncludes(wire, title); }
  }
}

async function checkOutage(): Promise<void> {
  await using news = fakeHackerNews({ down: true });
  const { output, toolCalls } = await createNewsAgent(new DemoBackend(), news.apiUrl)
    .generate(QUESTION);
  assertEquals(news.paths, ["/v0/topstories.json"]);
  assertEquals(toolCalls, 0, "A failed call does not count");
  assertFalse(TITLES.some((title) => output.includes(title)), output);
}

if (import.meta.main) await check();
