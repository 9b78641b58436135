/** A client configured as `.crush.json` says finds the model, and the model knows the news. */
import { createApp, DemoBackend } from "@x/fakellm";
import { assert, assertEquals, assertExists, assertStringIncludes } from "@std/assert";
import { OpenAI } from "openai";
import { fakeHackerNews, TITLES } from "../fake_hacker_news.ts";
import crush from "./.crush.json" with { type: "json" };
import { createModels } from "./main.ts";

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  const provider = crush.providers.fakellm;
  assertEquals(provider.type, "openai-compat");
  // Where the command line listens when it is not told otherwise.
  assertEquals(provider.base_url, "http://127.0.0.1:8000/v1");

  await using news = fakeHackerNews();
  const app = createApp(createModels(new DemoBackend(), news.apiUrl));
  // A check takes whichever port is free.
  await using server = await app.serve({ port: 0 });
  const client = new OpenAI({
    baseURL: `http://127.0.0.1:${server.port}/v1`,
    apiKey: provider.api_key,
    maxRetries: 0,
  });

  const served = (await Array.fromAsync(await client.models.list())).map(({ id }) => id);
  assertEquals(served, provider.models.map(({ id }) => id));
  for (const chosen of Object.values(crush.models)) {
    assert(chosen.provider in crush.providers, chosen.provider);
    assert(served.includes(chosen.model), chosen.model);
  }
  await checkNews(client, crush.models.large.model);
  await checkClientTool(client, crush.models.large.model);
}

async function checkNews(client: OpenAI, model: string): Promise<void> {
  const stream = client.chat.completions.stream({
    model,
    messages: [{ role: "user", content: "What is on the Hacker News front page?" }],
  });
  const text = await stream.finalContent();
  assertExists(text);
  for (const title of TITLES) assertStringIncludes(text, title);
}

/** A coding tool brings tools of its own; their calls come out as usual. */
async function checkClientTool(client: OpenAI, model: string): Promise<void> {
  const { choices } = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: "List the directory src" }],
    tools: [{ type: "function", function: { name: "list_directory" } }],
  });
  const calls = choices[0]?.message.tool_calls?.map((call) =>
    call.type === "function" ? call.function.name : call.type
  );
  assertEquals(calls, ["list_directory"]);
}

if (import.meta.main) await check();
