import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import type { LogFields } from "../run/seams.ts";
import { assembleBackends } from "./assemble/backends.ts";
import { assemble } from "./assemble.ts";
import { interpolate } from "./interpolate.ts";
import { parseText } from "./load.ts";
import { resolve } from "./resolve.ts";
import type { ResolvedDeployment } from "./resolved.ts";
import { validate } from "./validate.ts";

async function read(text: string): Promise<ResolvedDeployment> {
  return resolve(await validate(interpolate(parseText(text, "cfg.yaml"), () => undefined)));
}

Deno.test("assembleBackends() builds each backend once, with what it falls back to", async () => {
  const { backends } = await read(`
backends:
  first: {base_url: "http://127.0.0.1:1/v1", model: m, fallback: [second, third]}
  second: {base_url: "http://127.0.0.1:1/v1", model: m, fallback: third}
  third: {type: demo}
models: {alpha: {backend: first}}
`);
  const models = await assembleBackends(backends);
  assertEquals([...models.keys()].sort(), ["first", "second", "third"]);
  assertEquals([...models].map(([name, model]) => model.name === name), [true, true, true]);
  assertStrictEquals(models.get("third")?.profile.logprobs, false);
  // What a chain can do is what all of it can do.
  assertEquals(models.get("first")?.profile.logprobs, false);
});

Deno.test("assemble() answers through a fallback and gives every entrypoint its models", async () => {
  const warnings: string[] = [];
  const logger = {
    log: (level: string, message: string, _fields?: LogFields) => {
      if (level === "warn") warnings.push(message);
    },
  };
  const deployment = await read(`
limits: {max_body: 1KiB, max_concurrent_runs: 3}
backends:
  down: {base_url: "http://127.0.0.1:1/v1", model: m, max_retries: 0, fallback: demo}
  demo: {type: demo}
entrypoints:
  /a: {models: {one: {backend: down, description: First}}}
  /b: {models: {two: {backend: demo, client_tools: deny, lifecycle: per_request}}}
`);
  await using app = await assemble(deployment, { logger });
  assertEquals([...app.prefixes], ["/a", "/b"]);
  assertEquals(app.keyed, false);
  const ask = async (path: string, body: object) => {
    const response = await app.fetch(
      new Request(`http://localhost${path}/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ messages: [{ role: "user", content: "Hello" }], ...body }),
      }),
    );
    return { status: response.status, answer: await response.json() };
  };
  const { status, answer } = await ask("/a", { model: "one" });
  assertEquals(status, 200);
  assert(answer.choices[0].message.content.length > 0);
  assertEquals((await ask("/b", { model: "one" })).status, 404);
  assertEquals((await ask("/b", { model: "two" })).status, 200);
  const tools = [{ type: "function", function: { name: "t" } }];
  assertEquals((await ask("/b", { model: "two", tools })).status, 400);
  assertEquals((await ask("/b", { model: "two", user: "x".repeat(2000) })).status, 413);
  assert(warnings.includes("Setting has no effect in this version: limits.max_concurrent_runs"));
});

Deno.test("assemble() puts a model's reasoning mode in force and warns of none", async () => {
  const warnings: string[] = [];
  const logger = {
    log: (level: string, message: string) => {
      if (level === "warn") warnings.push(message);
    },
  };
  const seen = Promise.withResolvers<void>();
  await using backend = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async () => {
      await seen.promise;
      return new Response("{}", { status: 400 });
    },
  );
  await using app = await assemble(
    await read(`
backends:
  slow: {base_url: "http://127.0.0.1:${backend.addr.port}/v1", model: m, max_retries: 0}
entrypoints:
  /a:
    models:
      own: {backend: slow, responses_reasoning: custom}
      fixed:
        backend: slow
        responses_reasoning: {mode: premade, chunks: [Hold on], interval: 5ms}
`),
    { logger },
  );
  assertEquals(warnings, []);
  const response = await app.fetch(
    new Request("http://localhost/a/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "fixed",
        messages: [{ role: "user", content: "Hello" }],
        stream: true,
      }),
    }),
  );
  let text = "";
  for await (const frame of response.body!.pipeThrough(new TextDecoderStream())) {
    text += frame;
    if (text.includes('"reasoning":"Hold on"')) seen.resolve();
  }
  assertStringIncludes(text, '"error"');
});
