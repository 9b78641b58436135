/**
 * Models inside a server you have already: an app is a function from Request to Response.
 *
 * The site keeps its own routes; everything under `/ai/` goes to fakellm. The same works with any
 * server that speaks web standards.
 */
import { Agent, type App, createApp, type Model, tool } from "@x/fakellm";
import { modelFromEnv } from "../model_from_env.ts";

/** The opening hours, for the site's own page and for the agent's hidden tool. */
const OPENING_HOURS = "Tuesday to Sunday, 9:00 to 18:00";

/** The models, under the site's own path. */
export function createAssistant(model: Model): App {
  const guide = new Agent({
    model,
    instructions: "You are the guide of a small museum. Answer in one sentence.",
    tools: [tool({
      name: "opening_hours",
      description: "When the museum is open",
      execute: () => OPENING_HOURS,
    })],
  });
  return createApp(guide, { modelName: "guide", prefix: "/ai/v1" });
}

/** The whole site. */
export function createSite(assistant: App): Deno.ServeHandler {
  return (request, info) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/ai/")) return assistant.fetch(request, info);
    if (pathname === "/") return new Response(`The museum is open ${OPENING_HOURS}.`);
    return new Response("No such page", { status: 404 });
  };
}

if (import.meta.main) {
  await using assistant = createAssistant(modelFromEnv());
  await assistant.start();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 8000 }, createSite(assistant));
  Deno.addSignalListener("SIGINT", () => server.shutdown());
  await server.finished;
}
