/**
 * Two agents served as models, and two outer agents that talk to them at the same time.
 *
 * Neither side knows that the other is an agent: the inner ones look like models, and the outer ones
 * are clients like any other. `liveClient` joins them in one process, without a socket.
 */
import {
  Agent,
  createApp,
  type LiveClient,
  liveClient,
  type Model,
  OpenAICompatibleBackend,
  tool,
} from "@x/fakellm";
import { z } from "zod";
import { modelFromEnv } from "../model_from_env.ts";

/** The inner agents: each knows one thing, through a tool nobody outside can see. */
function departments(model: Model): Record<string, Agent> {
  return {
    warehouse: new Agent({
      model,
      instructions: "You answer for the warehouse. Use your tool; answer in one sentence.",
      tools: [tool({
        name: "look_up_stock",
        description: "How many pieces of an article are in stock",
        parameters: z.object({ article: z.string() }),
        execute: ({ article }) => `${article}: 712 pieces in stock`,
      })],
    }),
    shipping: new Agent({
      model,
      instructions: "You answer for shipping. Use your tool; answer in one sentence.",
      tools: [tool({
        name: "look_up_parcel",
        description: "Where a parcel is and when it arrives",
        parameters: z.object({ parcel: z.string() }),
        execute: ({ parcel }) => `Parcel ${parcel} is in Lisbon and arrives on Friday`,
      })],
    }),
  };
}

/** An outer agent: its model is whatever `client` serves as `name`. */
function clerk(client: LiveClient, name: string): Agent {
  const { baseURL, fetch } = client;
  return new Agent({
    model: new OpenAICompatibleBackend({ baseURL, fetch, model: name }),
    instructions: "Pass the customer's question on and answer with what you are told.",
  });
}

/** Asks both departments at once. */
export async function askDepartments(
  model: Model,
): Promise<{ readonly stock: string; readonly parcel: string }> {
  await using client = liveClient(createApp(departments(model)));
  const [stock, parcel] = await Promise.all([
    clerk(client, "warehouse").generate('How many pieces of "M4 bolts" are in stock?'),
    clerk(client, "shipping").generate('Where is parcel "PX-12", and when does it arrive?'),
  ]);
  return { stock: stock.output, parcel: parcel.output };
}

if (import.meta.main) {
  const { stock, parcel } = await askDepartments(modelFromEnv());
  // deno-lint-ignore no-console -- this program's answer
  console.log(`Warehouse: ${stock}\n\nShipping: ${parcel}`);
}
