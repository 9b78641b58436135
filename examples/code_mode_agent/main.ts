/**
 * An agent that computes instead of guessing: its LLM is offered no tools but one, which runs code, and
 * the tools are functions of that code. However many orders there are, the LLM reads the sum alone. The
 * code runs in a process that may do nothing but call these functions.
 */
import { Agent, CodeMode, createApp, liveClient, type Model, tool } from "@x/fakellm";
import { z } from "zod";
import { modelFromEnv } from "../model_from_env.ts";

const Order = z.object({
  id: z.int(),
  customer: z.string(),
  amount: z.number().describe("In the currency of the order"),
  currency: z.enum(["EUR", "USD", "SEK"]),
});

/** An order. */
export type Order = z.infer<typeof Order>;

/** Orders of a month, the same each time. */
export function ordersOf(month: number): readonly Order[] {
  const currencies = ["EUR", "USD", "SEK"] as const;
  return Array.from({ length: 60 + month }, (_, index) => ({
    id: 1000 * month + index,
    customer: `customer ${index % 41}`,
    amount: 10 + (index * 37) % 190,
    currency: currencies[index % currencies.length]!,
  }));
}

/** Euros for one unit of each currency. */
export const RATES: Readonly<Record<Order["currency"], number>> = { EUR: 1, USD: 0.92, SEK: 0.088 };

const tools = [
  tool({
    name: "list_orders",
    description: "Lists all orders of a month",
    parameters: z.object({ month: z.int().min(1).max(12) }),
    returns: z.array(Order),
    execute: ({ month }) => ordersOf(month),
  }),
  tool({
    name: "exchange_rates",
    description: "Euros for one unit of each currency",
    returns: z.record(Order.shape.currency, z.number()),
    execute: () => RATES,
  }),
];

/** The agent. */
export function createAccountant(model: Model): Agent {
  return new Agent({
    model,
    instructions: "You keep the books of a shop. Compute with code; never add up by yourself.",
    tools,
    codeMode: new CodeMode({ maxRunMs: 10_000 }),
  });
}

if (import.meta.main) {
  await using client = liveClient(
    createApp(createAccountant(modelFromEnv()), { modelName: "accountant" }),
  );
  const openai = await client.openai();
  const { choices } = await openai.chat.completions.create({
    model: "accountant",
    messages: [{
      role: "user",
      content: "What are this year's orders worth at today's exchange rates?",
    }],
  });
  await Deno.stdout.write(new TextEncoder().encode(`${choices[0]?.message.content}\n`));
}
