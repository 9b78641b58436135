/**
 * An agent that somebody else wrote, served by its URL. It may talk to its own site and to nobody else:
 * what it tries besides fails, and is told to you. The same on the command line:
 *
 * ```sh
 * fakellm https://weather.example.com/agent.ts --grant net=weather.example.com
 * ```
 */
import {
  type App,
  createApp,
  DependencyHealth,
  Guest,
  lineLogger,
  liveClient,
  type Logger,
} from "@x/fakellm";
import { weatherSite } from "./weather_site.ts";

/** What the app is made of. */
export interface WeatherAppOptions {
  /** URL of the agent's code. */
  readonly agentUrl: string;
  /** The one host that it may talk to. */
  readonly host: string;
  readonly logger: Logger;
}

/** The app. */
export function createWeatherApp({ agentUrl, host, logger }: WeatherAppOptions): App {
  const weather = new Guest(agentUrl, { permissions: { net: [host] }, logger });
  return createApp({ weather }, {
    health: [new DependencyHealth("weather", (signal) => weather.check(signal))],
    logger,
  });
}

if (import.meta.main) {
  await using site = await weatherSite();
  const logger = lineLogger({ level: "info" });
  await using client = liveClient(createWeatherApp({ ...site, logger }));
  const openai = await client.openai();
  const { choices } = await openai.chat.completions.create({
    model: "weather",
    messages: [{ role: "user", content: "What is the weather in Oslo?" }],
  });
  await logger.flush();
  await Deno.stdout.write(new TextEncoder().encode(`${choices[0]?.message.content}\n`));
}
