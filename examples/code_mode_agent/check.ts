/** The LLM's code adds up what the LLM never sees, and no client sees the code. */
import { createApp, DemoBackend, liveClient } from "@x/fakellm";
import { ScriptedModel } from "@x/fakellm/testing";
import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { createAccountant, ordersOf, RATES } from "./main.ts";

/** What an LLM would write, in two pieces: what the first declares is there for the second. */
const CODE = [
  `const rates = await exchange_rates();
const months = Array.from({ length: 12 }, (_, index) => index + 1);
const orders = (await Promise.all(months.map((month) => list_orders({ month })))).flat();
orders.length`,
  "Math.round(orders.reduce((sum, order) => sum + order.amount * rates[order.currency], 0))",
];

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  await checkCode();
  await checkDemo();
}

async function checkCode(): Promise<void> {
  let euros = 0;
  for (let month = 1; month <= 12; month++) {
    for (const { amount, currency } of ordersOf(month)) euros += amount * RATES[currency];
  }
  const total = Math.round(euros);
  const model = new ScriptedModel([
    ...CODE.map((code) => ({ toolCalls: [{ name: "run_code", arguments: { code } }] })),
    `They are worth ${total} euros.`,
  ]);
  await using client = liveClient(createApp(createAccountant(model), { modelName: "accountant" }));
  const response = await client.post("chat/completions", {
    model: "accountant",
    messages: [{ role: "user", content: "What are the orders worth?" }],
  });
  const wire = await response.text();
  assertStringIncludes(wire, `They are worth ${total} euros.`);
  for (const hidden of ["run_code", "list_orders", "exchange_rates", "reduce"]) {
    assertFalse(wire.includes(hidden), `"${hidden}" leaks: ${wire}`);
  }
  const [first, ...more] = model.requests;
  assertEquals(first?.tools.map(({ name }) => name), ["run_code"]);
  const read = JSON.stringify(more.map(({ messages }) => messages));
  assertStringIncludes(read, String(total));
  assertFalse(read.includes("customer 7"), "Orders reach the model");
}

async function checkDemo(): Promise<void> {
  const { output } = await createAccountant(new DemoBackend()).generate(
    "Which exchange rates are there?",
  );
  assertStringIncludes(output, "SEK: 0.088");
}

if (import.meta.main) await check();
