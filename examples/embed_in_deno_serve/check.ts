/** Over a real socket: the site answers its own routes, and an OpenAI client talks to the guide. */
import { DemoBackend } from "@x/fakellm";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { OpenAI } from "openai";
import { createAssistant, createSite } from "./main.ts";

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  await using assistant = createAssistant(new DemoBackend());
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    createSite(assistant),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;

  const home = await fetch(origin);
  assertStringIncludes(await home.text(), "The museum is open");
  const missing = await fetch(`${origin}/tickets`);
  assertEquals([missing.status, await missing.text()], [404, "No such page"]);

  const client = new OpenAI({ baseURL: `${origin}/ai/v1`, apiKey: "no-key", maxRetries: 0 });
  const { choices } = await client.chat.completions.create({
    model: "guide",
    messages: [{ role: "user", content: "When is the museum open?" }],
  });
  assertStringIncludes(choices[0]?.message.content ?? "", "Tuesday to Sunday");
}

if (import.meta.main) await check();
