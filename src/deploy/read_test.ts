import { assert, assertEquals, assertRejects } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { interpolate } from "./interpolate.ts";
import { parseText } from "./load.ts";
import type { Overrides } from "./overrides.ts";
import { resolve } from "./resolve.ts";
import type { ResolvedDeployment } from "./resolved.ts";
import { validate } from "./validate.ts";

const GOOD = "backends: {main: {type: demo}}\nmodels: {alpha: {backend: main}}\n";

async function read(
  text: string,
  options: { env?: Record<string, string>; overrides?: Overrides } = {},
): Promise<ResolvedDeployment> {
  const file = interpolate(parseText(text, "cfg.yaml"), (name) => options.env?.[name]);
  return resolve(await validate(file, options.overrides), options.overrides);
}

Deno.test("resolve() fills in the documented defaults", async () => {
  const { entrypoints, ...rest } = await read(GOOD);
  assertEquals(rest, {
    host: "127.0.0.1",
    port: 8000,
    insecure: false,
    backends: [{ type: "demo", name: "main", fallback: [] }],
    mcps: [],
    store: { type: "memory", ttlMs: undefined, maxBytes: undefined },
    playground: true,
    metrics: false,
    log: "pretty",
    corsOrigins: [],
    shutdownGraceMs: 30_000,
    limits: {
      maxBodyBytes: undefined,
      maxMessages: undefined,
      maxNesting: undefined,
      maxImageBytes: undefined,
      maxFileBytes: undefined,
      maxSeconds: undefined,
      keepAliveMs: undefined,
      maxConcurrentRuns: undefined,
      queue: undefined,
    },
    workers: 1,
  });
  assertEquals(entrypoints.map(({ prefix, keys }) => ({ prefix, keys })), [
    { prefix: "/v1", keys: [] },
  ]);
  const [model] = entrypoints[0]!.models;
  assertEquals(model?.source, { type: "backend", backend: "main" });
  assertEquals(model?.lifecycle, "startup");
  assertEquals(model?.dependencyPolicy, "fail");
  assertEquals(model?.clientTools, "allow");
  assertEquals(model?.onDisconnect, { type: "cancel" });
  assertEquals(model?.settings, {});
});

Deno.test("resolve() turns units into numbers and words into cases", async () => {
  const deployment = await read(`
shutdown_grace: 1.5m
limits: {max_body: 1MiB, keep_alive: 250ms}
store: {type: memory, ttl: 1h, max_size: 10MB}
backends:
  main: {base_url: "https://llm.example/v1", api_key: k, model: m, timeout: 30s, max_retries: 0}
mcps:
  files: {command: mcp-files, args: [--root, .]}
  docs: {url: "https://docs.example/mcp", tools: {deny: [delete]}}
  old: {transport: sse, url: "https://old.example"}
models:
  alpha:
    backend: main
    mcps: files
    settings: {max_tokens: 10, stop: END, reasoning_effort: low}
    limits: {max_steps: 3, budget: {tokens: 5}}
    on_disconnect: grace(30s)
    responses_reasoning: {mode: premade, chunks: [a], interval: 2s}
  beta: {module: ./agent.ts, permissions: {net: true, env: [KEY]}}
`);
  assertEquals(deployment.shutdownGraceMs, 90_000);
  assertEquals(deployment.limits.maxBodyBytes, 1_048_576);
  assertEquals(deployment.limits.keepAliveMs, 250);
  assertEquals(deployment.store, { type: "memory", ttlMs: 3_600_000, maxBytes: 10_000_000 });
  const [backend] = deployment.backends;
  assert(backend?.type === "openai-compatible");
  assertEquals(backend.timeoutMs, 30_000);
  assertEquals(backend.maxRetries, 0);
  assertEquals(deployment.mcps.map(({ connection }) => connection.transport), [
    "stdio",
    "streamable-http",
    "sse",
  ]);
  assertEquals(deployment.mcps[1]?.denyTools, ["delete"]);
  const [alpha, beta] = deployment.entrypoints[0]!.models;
  assertEquals(alpha?.mcps, ["files"]);
  assertEquals(alpha?.settings, { maxTokens: 10, stop: ["END"], reasoningEffort: "low" });
  assertEquals(alpha?.limits.maxSteps, 3);
  assertEquals(alpha?.limits.budget?.per, "day");
  assertEquals(alpha?.onDisconnect, { type: "grace", graceMs: 30_000 });
  assertEquals(alpha?.responsesReasoning, { mode: "premade", chunks: ["a"], intervalMs: 2000 });
  assert(beta?.source.type === "module");
  assertEquals(beta.source.permissions.net, "all");
  assertEquals(beta.source.permissions.env, ["KEY"]);
  assertEquals(beta.source.permissions.run, []);
});

Deno.test("resolve() reads lists as it reads mappings", async () => {
  const mapping = await read(`
backends: {main: {type: demo}}
mcps: {docs: {command: x}}
models: {alpha: {backend: main}, beta: {backend: main}}
`);
  const list = await read(`
backends: [{name: main, type: demo}]
mcps: [{name: docs, command: x}]
models: [{model_id: alpha, backend: main}, {model_id: beta, backend: main}]
`);
  assertEquals(list, mapping);
});

Deno.test("validate() reads whole variables as numbers and booleans where those are wanted", async () => {
  const deployment = await read(
    `${GOOD}port: \${PORT}\ninsecure: \${OPEN:-false}\nhost: \${NUMBER}\nlimits: {max_messages: "\${N:-5}"}\n`,
    { env: { PORT: "8080", NUMBER: "127.0.0.1" } },
  );
  assertEquals(deployment.port, 8080);
  assertEquals(deployment.insecure, false);
  assertEquals(deployment.limits.maxMessages, 5);
  const text = await read(
    "backends: {main: {base_url: 'http://a', model: '${MODEL}', api_key: '${KEY}'}}\nmodels: {a: {backend: main}}\n",
    { env: { MODEL: "7", KEY: "true" } },
  );
  const [backend] = text.backends;
  assert(backend?.type === "openai-compatible");
  assertEquals([backend.model, backend.apiKey], ["7", "true"]);
  const granted = await read("models: {a: {module: ./a.ts, permissions: {net: '${NET}'}}}\n", {
    env: { NET: "true" },
  });
  const { source } = granted.entrypoints[0]!.models[0]!;
  assert(source.type === "module");
  assertEquals(source.permissions.net, "all");
});

Deno.test("validate() does not read part of a text as a number", async () => {
  await assertRejects(
    () => read(`${GOOD}port: "80\${N}"\n`, { env: { N: "80" } }),
    SetupError,
    "port:",
  );
});

Deno.test("resolve() takes an empty api_key for none", async () => {
  const { backends } = await read(
    "backends: {main: {base_url: 'http://a', model: m, api_key: '${KEY:-}'}}\nmodels: {a: {backend: main}}\n",
  );
  assert(backends[0]?.type === "openai-compatible");
  assertEquals(backends[0].apiKey, undefined);
});

Deno.test("resolve() lets overrides win over the file", async () => {
  const text = `${GOOD}host: localhost\nport: 1\nprefix: /a\nlog: pretty\n`;
  const overrides = { host: "127.0.0.2", port: 2, prefix: "/b/", log: "json" as const };
  const deployment = await read(text, { overrides });
  assertEquals(deployment.host, "127.0.0.2");
  assertEquals(deployment.port, 2);
  assertEquals(deployment.log, "json");
  assertEquals(deployment.entrypoints[0]?.prefix, "/b");
});

Deno.test("resolve() gives the shared key to entrypoints without keys only", async () => {
  const deployment = await read(
    `
host: 0.0.0.0
backends: {main: {type: demo}}
entrypoints:
  /a: {api_keys: [{name: own, key: k1}], models: {m: {backend: main}}}
  /b/: {models: {m: {backend: main}}}
`,
    { overrides: { apiKey: "k2" } },
  );
  assertEquals(
    deployment.entrypoints.map(({ prefix, keys }) => [prefix, keys.map(({ name }) => name)]),
    [["/a", ["own"]], ["/b", ["FAKELLM_API_KEY"]]],
  );
});

Deno.test("resolve() reads scopes, hashes and expiry of keys", async () => {
  const hash = "A".repeat(64);
  const { entrypoints } = await read(`${GOOD}
api_keys:
  - {name: a, key: k, model_id: alpha, expires_at: "2030-12-31"}
  - {name: b, key_sha256: ${hash}, models: [alpha], expires_at: "2030-12-31T12:00:00+02:00"}
`);
  assertEquals(
    entrypoints[0]?.keys.map(({ secret, models, expiresAtMs }) => ({
      secret,
      models,
      expiresAtMs,
    })),
    [
      {
        secret: { type: "plain", key: "k" },
        models: ["alpha"],
        expiresAtMs: Date.UTC(2030, 11, 31),
      },
      {
        secret: { type: "sha256", hex: "a".repeat(64) },
        models: ["alpha"],
        expiresAtMs: Date.UTC(2030, 11, 31, 10),
      },
    ],
  );
});

Deno.test("validate() lets --insecure and loopback open doors", async () => {
  const open = `${GOOD}host: 0.0.0.0\n`;
  await assertRejects(() => read(open), SetupError, "api_keys:");
  assertEquals((await read(open, { overrides: { insecure: true } })).insecure, true);
  assertEquals((await read(open, { overrides: { host: "localhost" } })).host, "localhost");
  assertEquals((await read(`${open}insecure: true\n`)).insecure, true);
  await assertRejects(
    () => read(`${open}insecure: true\n`, { overrides: { insecure: false } }),
    SetupError,
  );
});
