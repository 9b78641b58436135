/** The agent answers, and whatever it tries besides is denied and told. */
import { liveClient, type Logger } from "@x/fakellm";
import { assertEquals } from "@std/assert";
import { createWeatherApp } from "./main.ts";
import { weatherSite } from "./weather_site.ts";

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  await using site = await weatherSite();
  const denied: string[] = [];
  const logger: Logger = {
    log(level, message, { permission, value } = {}) {
      if (message === "Guest was denied") denied.push(`${level}: ${permission} ${value}`);
    },
  };
  await using client = liveClient(createWeatherApp({ ...site, logger }));
  const openai = await client.openai();
  for (const [place, weather] of [["Oslo", "clear, 12"], ["Paris", "cloudy, 15"]]) {
    const { choices } = await openai.chat.completions.create({
      model: "weather",
      messages: [{ role: "user", content: `What is the weather in ${place}?` }],
    });
    assertEquals(choices[0]?.message.content, `${place}: ${weather} °C.`);
  }
  assertEquals(
    [...new Set(denied)].sort(),
    ["debug: env LLM_KEY", "warn: net telemetry.example.com:443"],
  );
  const { status } = await client.get("/ready");
  assertEquals(status, 200);
}

if (import.meta.main) await check();
