/**
 * `fakellm <module>` and `fakellm demo` as processes.
 * @module
 */
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { chat, runCli, SpawnedCli, testFolder } from "./spawned_cli.ts";

const AGENT = new URL("../../src/agent/agent.ts", import.meta.url).href;
const DEMO = new URL("../../src/models/demo.ts", import.meta.url).href;

const MODULE = `
import { Agent } from ${JSON.stringify(AGENT)};
import { DemoBackend } from ${JSON.stringify(DEMO)};

export const agent = new Agent({ name: "helper", model: new DemoBackend() });
export const MODELS = { one: agent, two: () => agent };
export const broken = "text";
`;

async function modelIds(url: string, key?: string): Promise<string[]> {
  const response = await fetch(`${url}/models`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  });
  assertEquals(response.status, 200);
  return (await response.json()).data.map(({ id }: { id: string }) => id);
}

Deno.test("a module's agent is served under the name asked for", async () => {
  await using folder = await testFolder();
  await folder.write("my agent.ts", MODULE);
  const { path: cwd } = folder;
  const args = ["./my agent.ts", "--port", "0", "--prefix", "/api", "--model-name", "my-model"];
  await using cli = new SpawnedCli(args, { cwd });
  const url = await cli.baseUrl("/api");
  assertEquals(await modelIds(url), ["my-model"]);
  const answer = await fetch(`${url}/chat/completions`, chat("my-model"));
  assertEquals(answer.status, 200);
  assertStringIncludes((await answer.json()).choices[0].message.content, "demo backend");
  cli.signal("SIGINT");
  assertEquals((await cli.ended()).code, 0);
});

Deno.test("a module's named export is served, with keys from a file", async () => {
  await using folder = await testFolder();
  await folder.write("agents.ts", MODULE);
  await folder.write(
    "keys.json",
    JSON.stringify({
      api_keys: [{ name: "a", key: "s3cr3t-a" }, { name: "b", key: "s3cr3t-b", model_id: "two" }],
    }),
  );
  const { path: cwd } = folder;
  for (
    const [args, env] of [
      [["agents.ts#MODELS", "--config", "keys.json"], {}],
      [["agents.ts:MODELS"], { FAKELLM_CONFIG: "keys.json" }],
    ] as const
  ) {
    await using cli = new SpawnedCli([...args, "--port", "0"], { cwd, env });
    const url = await cli.baseUrl();
    assertEquals(await modelIds(url, "s3cr3t-a"), ["one", "two"]);
    assertEquals(await modelIds(url, "s3cr3t-b"), ["two"]);
    const response = await fetch(`${url}/models`);
    await response.body?.cancel();
    assertEquals(response.status, 401);
    assertFalse(cli.stderr.includes("s3cr3t"));
  }
});

Deno.test("a module that cannot be served ends with 2 and one line", async () => {
  await using folder = await testFolder();
  await folder.write("agents.ts", MODULE);
  await folder.write("throws.ts", 'throw new TypeError("no luck");\n');
  const { path: cwd } = folder;
  const cases: Readonly<Record<string, RegExp>> = {
    "agents.ts#broken": /^Cannot serve export "broken" of module "agents\.ts": .*got a string\n$/,
    "agents.ts#none": /^Cannot serve module "agents\.ts": found no export "none"; it has [^\n]+\n$/,
    "nothing.ts": /^Cannot load module "nothing\.ts": no such file\n$/,
    "throws.ts": /^Cannot load module "throws\.ts": TypeError: no luck\n$/,
    "https://example.invalid/a.ts": /^Cannot load module "https:[^\n]+\n$/,
  };
  for (const [module, expected] of Object.entries(cases)) {
    const { code, stdout, stderr } = await runCli([module], { cwd });
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, expected);
  }
});

Deno.test("demo serves two agents and prints what to type next", async () => {
  await using cli = new SpawnedCli(["demo", "--port", "0"]);
  await cli.seen(/Stop with/);
  const url = await cli.baseUrl();
  const { stderr } = cli;
  assertStringIncludes(stderr, `curl ${url}/models`);
  assertStringIncludes(stderr, `base_url="${url}"`);
  assertStringIncludes(stderr, `baseURL: "${url}"`);
  assertEquals(await modelIds(url), ["demo-clock", "demo-dice"]);
  const answer = await fetch(`${url}/chat/completions`, {
    ...chat("demo-clock"),
    body: JSON.stringify({
      model: "demo-clock",
      messages: [{ role: "user", content: "What time is it?" }],
    }),
  });
  const text = await answer.text();
  assertStringIncludes(text, "UTC");
  assertFalse(text.includes("current_time"));
  cli.signal("SIGTERM");
  assertEquals((await cli.ended()).code, 0);
});

Deno.test("demo takes a key from FAKELLM_API_KEY and never prints it", async () => {
  await using cli = new SpawnedCli(["demo", "--port", "0"], { env: { FAKELLM_API_KEY: "s3cr3t" } });
  await cli.seen(/Stop with/);
  assertEquals(await modelIds(await cli.baseUrl(), "s3cr3t"), ["demo-clock", "demo-dice"]);
  assertStringIncludes(cli.stderr, "$FAKELLM_API_KEY");
  assertFalse(cli.stderr.includes("s3cr3t"));
});

Deno.test("demo answers its first request soon after the process starts", async () => {
  const started = performance.now();
  await using cli = new SpawnedCli(["demo", "--port", "0"]);
  assert((await modelIds(await cli.baseUrl())).length > 0);
  const elapsedMs = Math.round(performance.now() - started);
  // Told rather than asserted: a busy machine proves nothing.
  // deno-lint-ignore no-console -- the figure is the point
  console.log(`first answer ${elapsedMs} ms after process start (goal: 300 ms, warm cache)`);
});
