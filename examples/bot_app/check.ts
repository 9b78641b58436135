/** Router, context with a lookup, managed MCP server, policy and a failing dependency, each at work. */
import { type App, type LiveClient, liveClient, type Model } from "@x/fakellm";
import { FunctionModel } from "@x/fakellm/testing";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { createDesk } from "./main.ts";

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  await checkRouter();
  await checkCustomer();
  await checkPolicy();
  await checkDependencies();
}

/** A bot whose models say what a check wants; nobody tracks parcels unless told so. */
function desk(
  route: string | (() => string),
  model: Model,
  parcelsUrl = "http://127.0.0.1:2/parcels",
): App {
  const routing = new FunctionModel(() =>
    JSON.stringify({ route: typeof route === "function" ? route() : route })
  );
  return createDesk({ routing, model, parcelsUrl, logger: { log() {} } });
}

/** Calls a tool at first, then says what it got. */
function calling(name: string, args: Readonly<Record<string, unknown>>): FunctionModel {
  return new FunctionModel(({ messages }) => {
    const last = messages.at(-1)!;
    if (last.role !== "tool") return { toolCalls: [{ name, arguments: args }] };
    const [part] = last.content;
    return `I was told: ${part?.type === "text" ? part.text : ""}`;
  });
}

async function ask(client: LiveClient, user?: string, stream = false) {
  const response = await client.post("chat/completions", {
    model: "desk",
    messages: [{ role: "user", content: "Help me" }],
    stream,
  }, { headers: user === undefined ? {} : { "X-User-Id": user } });
  const wire = await response.text();
  assertEquals(response.status, 200, wire);
  for (const hidden of ["list_orders", "cancel_purchase", "track_parcel"]) {
    assertFalse(wire.includes(hidden), `"${hidden}" leaks: ${wire}`);
  }
  return { wire, said: stream ? "" : JSON.parse(wire).choices[0].message.content as string };
}

async function readiness(client: LiveClient) {
  const response = await client.get("/ready");
  return { status: response.status, checks: (await response.json()).checks };
}

/** The route named answers; a name that is none is asked for again, then the fallback answers. */
async function checkRouter(): Promise<void> {
  const model = new FunctionModel(({ messages }) => JSON.stringify(messages[0]));
  await using talking = liveClient(desk("talk", model));
  assertStringIncludes((await ask(talking)).said, "say what this desk can do");
  let asked = 0;
  const nowhere = () => `nowhere ${++asked}`;
  await using lost = liveClient(desk(nowhere, model));
  assertStringIncludes((await ask(lost)).said, "say what this desk can do");
  assertEquals(asked, 2);
}

/** The MCP server is told the customer that the lookup found, whatever the model wrote. */
async function checkCustomer(): Promise<void> {
  const prying = calling("list_orders", { customer: "c-bob" });
  await using client = liveClient(desk("orders", prying));
  const { status, checks } = await readiness(client);
  assertEquals([status, checks.orders.status], [200, "ok"], "The server came along with the app");
  const [ada, bob] = await Promise.all([ask(client, "ada"), ask(client, "bob")]);
  assertStringIncludes(ada.said, "typewriter");
  assertFalse(ada.said.includes("lighthouse"));
  assertStringIncludes(bob.said, "lighthouse");
  const { wire } = await ask(client, "ada", true);
  assertStringIncludes(wire, "Looking at your orders");
}

/** Who is nobody known can neither look nor cancel; who is can cancel what is theirs. */
async function checkPolicy(): Promise<void> {
  await using client = liveClient(desk("orders", calling("cancel_purchase", { order: "1001" })));
  for (const user of [undefined, "mallory"]) {
    assertStringIncludes((await ask(client, user)).said, "Ask the user to sign in first.");
  }
  assertStringIncludes((await ask(client, "bob")).said, "Customer has no order 1001");
  assertStringIncludes((await ask(client, "ada")).said, '"status":"cancelled"');
}

/** While the parcel service is down the desk says so, and says where parcels are when it is back. */
async function checkDependencies(): Promise<void> {
  const model = calling("track_parcel", { order: "1001" });
  await using client = liveClient(desk("parcel", model));
  const { said, wire } = await ask(client, "ada");
  assertEquals(
    said,
    "Something this desk depends on cannot be reached. Please try again in a minute.",
  );
  assertFalse(wire.includes("127.0.0.1"));
  const down = await readiness(client);
  assertEquals([down.status, down.checks.parcels.status], [200, "failed"]);

  await using parcels = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) => new Response(url.endsWith("/1001") ? "In a van near you" : "OK"),
  );
  const { port } = parcels.addr;
  await using healed = liveClient(desk("parcel", model, `http://127.0.0.1:${port}/parcels`));
  assertStringIncludes((await ask(healed, "ada")).said, "In a van near you");
  const up = await readiness(healed);
  assert(up.status === 200 && up.checks.parcels.status === "ok");
}

if (import.meta.main) await check();
