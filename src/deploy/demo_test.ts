import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { silentLogger } from "../context/system.ts";
import { DEMO_MODELS, demoApp } from "./demo.ts";

Deno.test("the demo's models answer by their tools and keep them hidden", async () => {
  const clock = { now: () => Date.UTC(2030, 0, 2, 3, 4) };
  await using app = demoApp({ logger: silentLogger, clock });
  const ask = async (model: string, content: string) => {
    const response = await app.fetch(
      new Request("http://localhost/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model, messages: [{ role: "user", content }] }),
      }),
    );
    assertEquals(response.status, 200);
    const { choices } = await response.json();
    assertEquals(choices[0].message.tool_calls, undefined);
    return choices[0].message.content;
  };
  const [clockId, diceId] = DEMO_MODELS;
  assertStringIncludes(await ask(clockId, "What time is it?"), "2 January 2030 at 03:04 (UTC)");
  assertStringIncludes(
    await ask(clockId, "What time is it in Tokyo?"),
    "2 January 2030 at 12:04 (Asia/Tokyo)",
  );
  assertStringIncludes(await ask(clockId, "What time is it in Atlantis?"), "Atlantis");
  assertStringIncludes(
    await ask(clockId, "How many days until 2030-01-12?"),
    "10 days until 2030-01-12",
  );
  assertMatch(await ask(diceId, "Roll two dice"), /Rolled [1-6], [1-6]/);
  assertMatch(await ask(diceId, "Flip a coin"), /heads|tails/);
});
