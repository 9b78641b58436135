/**
 * `background_tasks` of a deployment file, against backends on loopback.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assemble } from "../../src/deploy/assemble.ts";
import { describeDeployment } from "../../src/deploy/describe.ts";
import { interpolate } from "../../src/deploy/interpolate.ts";
import { parseText } from "../../src/deploy/load.ts";
import { notInForce } from "../../src/deploy/not_in_force.ts";
import { permissionSheet } from "../../src/deploy/permission_sheet.ts";
import { resolve } from "../../src/deploy/resolve.ts";
import type { ResolvedDeployment } from "../../src/deploy/resolved.ts";
import { validate } from "../../src/deploy/validate.ts";
import { openWebUiTitle } from "../../src/hosting/background_task/fixture_test.ts";
import { CollectingLogger } from "../../src/testing/test_context.ts";
import { fakeBackend } from "../fake_backend/fake_backend.ts";

async function read(text: string): Promise<ResolvedDeployment> {
  return resolve(await validate(interpolate(parseText(text, "cfg.yaml"), () => undefined)));
}

const PROMPT = openWebUiTitle("USER: Plan my trip to Rome\nASSISTANT: Sure.");

function post(
  model: string,
  content: string,
  more: Readonly<Record<string, unknown>> = {},
): Request {
  return new Request("http://localhost/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content }], ...more }),
  });
}

Deno.test("each model's tasks go where its file says; everything else goes to the model", async () => {
  await using large = await fakeBackend({ reply: { text: "Large" } });
  await using small = await fakeBackend({ reply: { text: '{"title":"Rome"}' } });
  const deployment = await read(`
backends:
  large: {base_url: "${large.baseURL}", model: large-1}
  small: {base_url: "${small.baseURL}", model: small-1}
models:
  plain: {backend: large}
  itself: {backend: large, background_tasks: agent}
  ruled: {backend: large, background_tasks: rule, lifecycle: lazy}
  cheap:
    backend: large
    instructions: You plan trips.
    settings: {temperature: 0.9, max_tokens: 5}
    background_tasks: {backend: small}
`);
  assertEquals(notInForce(deployment), []);
  const logger = new CollectingLogger();
  await using app = await assemble(deployment, { logger });
  const ask = async (request: Request): Promise<string> => {
    const response = await app.fetch(request);
    const body = await response.json();
    assertEquals(response.status, 200, JSON.stringify(body));
    return body.choices[0].message.content;
  };
  assertEquals(await ask(post("plain", PROMPT)), "Large");
  assertEquals(await ask(post("itself", PROMPT)), "Large");
  assertEquals(large.requests.length, 2);
  assertEquals(await ask(post("ruled", PROMPT)), '{"title":"Plan my trip to Rome"}');
  assertEquals(await ask(post("cheap", PROMPT, { max_tokens: 1000 })), '{"title":"Rome"}');
  assertEquals([large.requests.length, small.requests.length], [2, 1]);
  const { body } = await small.request(0);
  assertEquals(body.model, "small-1");
  assertEquals(body.messages, [{ role: "user", content: PROMPT }]);
  assertEquals([body.temperature, body.max_tokens ?? body.max_completion_tokens], [
    undefined,
    1000,
  ]);
  const stream = await app.fetch(post("cheap", PROMPT, { stream: true }));
  assertStringIncludes(await stream.text(), "Rome");
  assertEquals(await ask(post("cheap", "Plan my trip")), "Large");
  assertEquals([large.requests.length, small.requests.length], [3, 2]);
  const { entrypoints } = await (await app.fetch(new Request("http://localhost/ready"))).json();
  const models: Record<string, Record<string, unknown>> = entrypoints["/v1"];
  assertEquals(
    Object.values(models).map((
      { runs, background_tasks, state },
    ) => [runs, background_tasks, state]),
    [
      [0, { title: 1 }, "up"],
      [0, { title: 1 }, "up"],
      [0, { title: 1 }, "idle"],
      [1, { title: 2 }, "up"],
    ],
  );
  assert(logger.entries.every(({ level }) => level === "info"));
});

Deno.test("structured titles of a cheap backend are one call, right or wrong", async () => {
  const replies = ['{"title":"Rome"}', "no JSON at all"];
  await using small = await fakeBackend({ reply: (_, call) => ({ text: replies[call] ?? "" }) });
  await using app = await assemble(
    await read(`
backends:
  small: {base_url: "${small.baseURL}", model: small-1}
models: {cheap: {backend: small, background_tasks: {backend: small}}}
`),
    { logger: new CollectingLogger() },
  );
  const schema = {
    type: "object",
    properties: { title: { type: "string" } },
    required: ["title"],
    additionalProperties: false,
  };
  const format = { "response_format": { type: "json_schema", json_schema: { name: "t", schema } } };
  const good = await (await app.fetch(post("cheap", PROMPT, format))).json();
  assertEquals(good.choices[0].message.content, '{"title":"Rome"}');
  const bad = await app.fetch(post("cheap", PROMPT, format));
  await bad.body?.cancel();
  assertEquals(bad.status, 422);
  assertEquals(small.requests.length, 2);
});

Deno.test("models of a module may have them; a module need not be loaded for that", async () => {
  const deployment = await read(`
backends: {small: {type: demo}}
models:
  guest: {module: ./missing.ts, lifecycle: lazy, background_tasks: rule}
  other: {module: ./missing.ts, lifecycle: lazy, background_tasks: {backend: small}}
`);
  const sheet = permissionSheet(deployment);
  assertEquals(sheet.filter((line) => line.includes("background")), [
    "  background tasks: backend small: the built-in demo, no network",
  ]);
  const { entrypoints } = describeDeployment(deployment);
  const text = JSON.stringify(entrypoints);
  assertStringIncludes(text, '"background_tasks":"rule"');
  assertStringIncludes(text, '"background_tasks":{"backend":"small"}');
  await using app = await assemble(deployment, { logger: new CollectingLogger() });
  const answer = await (await app.fetch(post("guest", PROMPT))).json();
  assertEquals(answer.choices[0].message.content, '{"title":"Plan my trip to Rome"}');
});
