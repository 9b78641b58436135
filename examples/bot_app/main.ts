/**
 * A shop's help desk behind one served name: a router, two agents, an MCP server that comes along, and
 * rules about who may do what.
 *
 * Whoever calls says with `X-User-Id` for whom. A lookup makes a customer of that, and a policy sees to
 * it that tools work for this customer and no other, whatever the model writes. Where the parcel
 * service is down, the desk says so.
 */
import {
  Agent,
  type App,
  ContextPipeline,
  createBotApp,
  DependencyErrorPolicy,
  DependencyHealth,
  FakeModels,
  liveClient,
  type Logger,
  ManagedMCP,
  type Model,
  Route,
  RouterWorkflow,
  tool,
  ToolCallPolicy,
} from "@x/fakellm";
import { z } from "zod";
import { environment, modelFromEnv } from "../model_from_env.ts";

/** For whom a request is: nobody known, or a customer. */
const Deps = z.object({ userId: z.string().optional(), customer: z.string().optional() });
type Deps = z.infer<typeof Deps>;

/** Stands in for the shop's user database. */
const CUSTOMERS = new Map([["ada", "c-ada"], ["bob", "c-bob"]]);

/** What of the world a check puts others in the place of. */
export interface Surroundings {
  /** Chooses the route. */
  readonly routing: Model;
  /** Answers. */
  readonly model: Model;
  /** Base URL of the parcel service. */
  readonly parcelsUrl: string;
  /** Where operators read what happened. @default standard error */
  readonly logger?: Logger;
}

/** The bot. */
export function createDesk({ routing, model, parcelsUrl, logger }: Surroundings): App {
  const context = new ContextPipeline(Deps)
    .fromHeader("X-User-Id", { as: "userId", optional: true })
    .resolve("customer", ({ userId }) => CUSTOMERS.get(userId), {
      from: ["userId"],
      optional: true,
    })
    .cachePerRequest();

  const orders = ManagedMCP.stdio<Deps>({
    id: "orders",
    command: Deno.execPath(),
    args: ["run", "--quiet", "--no-prompt", new URL("orders_server.ts", import.meta.url).pathname],
    urlEnv: "ORDERS_MCP_URL",
    label: "Looking at your orders",
    toolErrors: "failed",
  });
  const policy = new ToolCallPolicy<Deps>()
    .require("customer", { message: "Ask the user to sign in first." })
    .before(({ args }, { deps }) => ({ ...args, customer: deps.customer }));

  const track = tool({
    name: "track_parcel",
    description: "Tell where the parcel of an order is",
    label: "Asking the parcel service",
    parameters: z.object({ order: z.string() }),
    execute: async ({ order }, { signal }) => {
      const response = await fetch(`${parcelsUrl}/${encodeURIComponent(order)}`, { signal });
      return await response.text();
    },
  });

  const desk = new RouterWorkflow({
    model: routing,
    routes: [
      new Route(
        "orders",
        new Agent<Deps>({ model, toolsets: [orders], hooks: [policy] }),
        "What somebody has ordered, and cancelling it",
      ),
      new Route("parcel", new Agent({ model, tools: [track] }), "Where a parcel is"),
      new Route(
        "talk",
        new Agent({ model, instructions: "Greet, and say what this desk can do." }),
        "Everything else",
      ),
    ],
    fallback: "talk",
  });

  return createBotApp(new FakeModels().add("desk", desk, { dependencyPolicy: "degrade" }), {
    context,
    logger,
    managedMcp: [orders],
    progress: true,
    dependencyErrors: new DependencyErrorPolicy({
      message: "Something this desk depends on cannot be reached. Please try again in a minute.",
    }),
    health: [
      new DependencyHealth("parcels", async (signal) => {
        const response = await fetch(parcelsUrl, { signal });
        await response.body?.cancel();
        return response.ok;
      }, { required: false }),
    ],
  });
}

/** The bot over the LLM of the environment. */
export function deskFromEnv(): App {
  const model = modelFromEnv();
  const { PARCELS_URL = "http://127.0.0.1:2/parcels" } = environment();
  return createDesk({ routing: model, model, parcelsUrl: PARCELS_URL });
}

if (import.meta.main) {
  await using client = liveClient(deskFromEnv());
  const openai = await client.openai({ defaultHeaders: { "X-User-Id": "ada" } });
  for (const content of ["List my orders, please", "Track parcel 1001"]) {
    const { choices } = await openai.chat.completions.create({
      model: "desk",
      messages: [{ role: "user", content }],
    });
    // deno-lint-ignore no-console -- this program's answers
    console.log(`> ${content}\n${choices[0]?.message.content}\n`);
  }
}
