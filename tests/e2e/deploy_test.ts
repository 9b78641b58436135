/**
 * `fakellm deploy` as a process, against a backend on loopback.
 * @module
 */
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { fakeBackend } from "../fake_backend/fake_backend.ts";
import { chat, runCli, SpawnedCli, testFolder } from "./spawned_cli.ts";

const DEMO = "backends: {main: {type: demo}}\nmodels: {alpha: {backend: main}}\n";

async function status(url: string, init?: RequestInit): Promise<number> {
  const response = await fetch(url, init);
  await response.body?.cancel();
  return response.status;
}

Deno.test("deploy serves two entrypoints, each with its own keys and models", async () => {
  await using backend = await fakeBackend({ reply: { text: ["Hel", "lo"] } });
  await using folder = await testFolder();
  const path = await folder.write(
    "cfg.yaml",
    `
port: 0
backends:
  main: {base_url: "\${BACKEND}", api_key: "\${BACKEND_KEY}", model: large, headers: {x-team: red}}
entrypoints:
  /alpha/v1:
    api_keys:
      - {name: alice, key: alice-s3cr3t}
      - {name: bob, key: bob-s3cr3t, model_id: other}
    models:
      writer: {backend: main, instructions: Write., settings: {temperature: 0.5}}
      other: {backend: main}
  /beta/v1:
    api_keys: [{name: carol, key: carol-s3cr3t}]
    models: [{model_id: reader, backend: main}]
`,
  );
  const env = { BACKEND: backend.baseURL, BACKEND_KEY: "backend-s3cr3t" };
  await using cli = new SpawnedCli(["deploy", path], { env });
  const alpha = await cli.baseUrl("/alpha/v1");
  const beta = await cli.baseUrl("/beta/v1");

  const models = await fetch(`${alpha}/models`, {
    headers: { authorization: "Bearer alice-s3cr3t" },
  });
  const { data } = await models.json();
  assertEquals(data.map(({ id }: { id: string }) => id), ["writer", "other"]);

  const completions = `${alpha}/chat/completions`;
  const answer = await fetch(completions, chat("writer", { key: "alice-s3cr3t" }));
  assertEquals(answer.status, 200);
  assertEquals((await answer.json()).choices[0].message.content, "Hello");
  const { headers, body } = await backend.request(0);
  assertEquals(headers.get("authorization"), "Bearer backend-s3cr3t");
  assertEquals(headers.get("x-team"), "red");
  assertEquals(body.model, "large");
  assertEquals(body.temperature, 0.5);
  assertEquals(body.messages?.[0], { role: "system", content: "Write." });

  assertEquals(await status(completions, chat("writer")), 401);
  assertEquals(await status(completions, chat("writer", { key: "carol-s3cr3t" })), 401);
  assertEquals(await status(completions, chat("writer", { key: "bob-s3cr3t" })), 404);
  assertEquals(await status(completions, chat("other", { key: "bob-s3cr3t" })), 200);
  const other = `${beta}/chat/completions`;
  assertEquals(await status(other, chat("reader", { key: "carol-s3cr3t" })), 200);
  assertEquals(await status(other, chat("writer", { key: "carol-s3cr3t" })), 404);
  assertEquals(await status(other, chat("reader", { key: "alice-s3cr3t" })), 401);

  cli.signal("SIGTERM");
  const { code, stdout, stderr } = await cli.ended();
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /alice.*writer|writer.*alice/);
  assertFalse(stderr.includes("s3cr3t"), stderr);
  assertFalse(stderr.includes("Hello"), stderr);
});

Deno.test("deploy drains on SIGTERM: an open stream finishes, then it exits with 0", async () => {
  const rest = Promise.withResolvers<void>();
  await using backend = await fakeBackend({
    reply: {
      text: ["one", " two"],
      beforeWrite: (index) => index === 2 ? rest.promise : undefined,
    },
  });
  await using folder = await testFolder();
  const path = await folder.write(
    "cfg.yaml",
    `port: 0\nbackends: {main: {base_url: "${backend.baseURL}", model: m}}\nmodels: {alpha: {backend: main}}\n`,
  );
  await using cli = new SpawnedCli(["deploy", path]);
  const url = `${await cli.baseUrl()}/chat/completions`;
  const answer = await fetch(url, chat("alpha", { stream: true }));
  await backend.request(0);
  cli.signal("SIGTERM");
  await cli.seen(/Stopping: /);
  rest.resolve();
  const text = await answer.text();
  assertStringIncludes(text, " two");
  assert(text.endsWith("data: [DONE]\n\n"), text);
  assertEquals((await cli.ended()).code, 0);
});

Deno.test("deploy ends at once at a second signal", async () => {
  await using backend = await fakeBackend({ reply: { text: "x", ending: "hang", endAfter: 1 } });
  await using folder = await testFolder();
  const path = await folder.write(
    "cfg.yaml",
    `port: 0\nshutdown_grace: 1h\nbackends: {main: {base_url: "${backend.baseURL}", model: m}}\nmodels: {alpha: {backend: main}}\n`,
  );
  await using cli = new SpawnedCli(["deploy", path]);
  const url = `${await cli.baseUrl()}/chat/completions`;
  const answer = fetch(url, chat("alpha", { stream: true })).then((response) => response.text())
    .catch(() => "");
  const upstream = await backend.request(0);
  cli.signal("SIGTERM");
  await cli.seen(/Stopping: /);
  cli.signal("SIGINT");
  assertEquals((await cli.ended()).code, 1);
  assertEquals(await upstream.closed, "aborted");
  assertFalse((await answer).includes("[DONE]"));
});

Deno.test("deploy ends runs that outlast the grace, and still exits with 0", async () => {
  await using backend = await fakeBackend({ reply: { text: "x", ending: "hang", endAfter: 1 } });
  await using folder = await testFolder();
  const path = await folder.write(
    "cfg.yaml",
    `port: 0\nshutdown_grace: 100ms\nbackends: {main: {base_url: "${backend.baseURL}", model: m}}\nmodels: {alpha: {backend: main}}\n`,
  );
  await using cli = new SpawnedCli(["deploy", path]);
  const url = `${await cli.baseUrl()}/chat/completions`;
  const answer = fetch(url, chat("alpha", { stream: true })).then((response) => response.text());
  const upstream = await backend.request(0);
  cli.signal("SIGTERM");
  assertEquals(await upstream.closed, "aborted");
  assertFalse((await answer).includes("[DONE]"));
  assertEquals((await cli.ended()).code, 0);
});

Deno.test("deploy stops the upstream call when its client leaves", async () => {
  await using backend = await fakeBackend({
    reply: { text: ["x", "y"], ending: "hang", endAfter: 2 },
  });
  await using folder = await testFolder();
  const path = await folder.write(
    "cfg.yaml",
    `port: 0\nbackends: {main: {base_url: "${backend.baseURL}", model: m}}\nmodels: {alpha: {backend: main}}\n`,
  );
  await using cli = new SpawnedCli(["deploy", path]);
  const url = `${await cli.baseUrl()}/chat/completions`;
  for (const stream of [true, false]) {
    const call = backend.requests.length;
    const leave = new AbortController();
    const answer = fetch(url, { ...chat("alpha", { stream }), signal: leave.signal })
      .then((response) => response.text()).catch((error) => error.name);
    const upstream = await backend.request(call);
    leave.abort();
    assertEquals(await upstream.closed, "aborted", `stream ${stream}`);
    assertEquals(await answer, "AbortError");
  }
});

Deno.test("deploy refuses a port that is taken, in one line", async () => {
  await using folder = await testFolder();
  const path = await folder.write("cfg.yaml", DEMO);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const { code, stderr } = await runCli(["deploy", path, "--port", String(port)]);
  assertEquals(code, 2);
  assertMatch(stderr, new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: [^\\n]+\\n$`));
});

Deno.test("deploy refuses to listen beyond loopback without a key", async () => {
  await using folder = await testFolder();
  const path = await folder.write("cfg.yaml", `port: 0\n${DEMO}`);
  const refused = await runCli(["deploy", path, "--host", "0.0.0.0"]);
  assertEquals(refused.code, 2);
  assertMatch(refused.stderr, /^api_keys: Missing while [^\n]+; accepted: [^\n]+\n$/);
  for (
    const [args, env] of [
      [["--insecure"], {}],
      [[], { FAKELLM_INSECURE: "1" }],
      [[], { FAKELLM_API_KEY: "s3cr3t" }],
    ] as const
  ) {
    await using cli = new SpawnedCli(["deploy", path, "--host", "0.0.0.0", ...args], { env });
    const { port } = new URL(await cli.baseUrl());
    const keyed = "FAKELLM_API_KEY" in env;
    assertEquals(await status(`http://127.0.0.1:${port}/v1/models`), keyed ? 401 : 200);
    assertFalse(cli.stderr.includes("s3cr3t"));
  }
});

Deno.test("deploy reads FAKELLM_* variables; flags win over them, they over the file", {
  // Elsewhere 127.0.0.1 is the only address of the loopback network that can be taken.
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using folder = await testFolder();
  const path = await folder.write("cfg.yaml", `host: 127.0.0.3\nport: 1\nlog: json\n${DEMO}`);
  const env = { FAKELLM_HOST: "127.0.0.2", FAKELLM_PORT: "0", FAKELLM_API_KEY: "s3cr3t" };
  await using cli = new SpawnedCli(["deploy", "--config", path, "--prefix=/x", "--log=pretty"], {
    env,
  });
  const url = await cli.baseUrl("/x");
  assertMatch(url, /^http:\/\/127\.0\.0\.2:\d+\/x$/);
  assertEquals(await status(`${url}/models`), 401);
  assertEquals(await status(`${url}/models`, { headers: { "x-api-key": "s3cr3t" } }), 200);
  await using flags = new SpawnedCli(
    ["deploy", path, "--host", "127.0.0.1", "--port", "0", "--log", "pretty"],
    { env: { FAKELLM_HOST: "127.0.0.2", FAKELLM_PORT: "2" } },
  );
  assertMatch(await flags.baseUrl(), /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
});

Deno.test("deploy logs JSON where the file says so, the listening line too", async () => {
  await using folder = await testFolder();
  const path = await folder.write("cfg.yaml", `port: 0\nlog: json\n${DEMO}`);
  await using cli = new SpawnedCli(["deploy", path]);
  const [, url] = await cli.seen(/"url":"([^"]+)"/);
  assertEquals(await status(`${url}/chat/completions`, chat("alpha")), 200);
  cli.signal("SIGINT");
  const { code, stderr } = await cli.ended();
  assertEquals(code, 0);
  const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines[0].message, "Listening");
  assert(lines.some((line) => line.model === "alpha" && line.status === 200), stderr);
});

Deno.test("deploy serves the others while a module cannot be loaded", async () => {
  await using folder = await testFolder();
  const path = await folder.write(
    "cfg.yaml",
    `
port: 0
api_keys: [{name: a, key: k}]
backends: {main: {type: demo}}
models:
  alpha: {backend: main, limits: {budget: {tokens: 5}}}
  module: {module: "https://example.invalid/agent.ts", lifecycle: per_request}
`,
  );
  await using cli = new SpawnedCli(["deploy", path]);
  const url = await cli.baseUrl();
  const completions = `${url}/chat/completions`;
  const response = await fetch(completions, chat("module", { key: "k" }));
  const { error } = await response.json();
  assertEquals([response.status, error.type], [500, "server_error"]);
  assertFalse(JSON.stringify(error).includes("invalid"));
  await cli.seen(/Cannot load module "https:\/\/example\.invalid\/agent\.ts"/);
  assertEquals(await status(completions, chat("alpha", { key: "k" })), 200);
  assertMatch(cli.stderr, /no effect in this version: .*alpha.*budget/);
});

Deno.test("deploy tells every problem of a broken file and shows no trace", async () => {
  await using folder = await testFolder();
  const path = await folder.write(
    "cfg.yaml",
    `port: 70000\nbackends: {main: {base_url: "http://u:s3cr3t@h", model: m}}\nmodels: {}\n`,
  );
  const { code, stdout, stderr } = await runCli(["deploy", path]);
  assertEquals([code, stdout], [2, ""]);
  const lines = stderr.trimEnd().split("\n");
  assertEquals(lines.map((line) => line.split(":")[0]), [
    "port",
    "backends.main.base_url",
    "models",
  ]);
  for (const line of lines) assertMatch(line, /^[\w.]+: [^;]+; accepted: [^;]+$/);
  assertFalse(stderr.includes("s3cr3t"));
});

Deno.test("deploy finds modules from a current folder with characters that URLs give a meaning", async () => {
  await using folder = await testFolder();
  const cwd = `${folder.path}/we#ird ?%41 ü`;
  await Deno.mkdir(`${cwd}/in%ner`, { recursive: true });
  await folder.write(
    "we#ird ?%41 ü/agent.ts",
    `export default { async *run() { yield { type: "finish", reason: "stop" }; } };\n`,
  );
  const text = "port: 0\nmodels: {alpha: {module: ./agent.ts}}\n";
  await folder.write("we#ird ?%41 ü/f#1.yaml", text);
  await folder.write("we#ird ?%41 ü/in%ner/g.yaml", text.replace("./agent", "../agent"));
  for (const path of ["f#1.yaml", "./in%ner/g.yaml", `${cwd}/in%ner/../f#1.yaml`]) {
    await using cli = new SpawnedCli(["deploy", path], { cwd });
    const url = `${await cli.baseUrl()}/chat/completions`;
    assertEquals(await status(url, chat("alpha")), 200, path);
  }
});
