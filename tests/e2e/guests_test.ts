/**
 * Guests from the command line and from a deployment file, as an operator meets them.
 */
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { EndlessServer } from "../../src/testing/endless_server.ts";
import { fakeBackend } from "../fake_backend/fake_backend.ts";
import { code, RecordingServer } from "../guests/recording_server.ts";
import { chat, runCli, SpawnedCli, testFolder } from "./spawned_cli.ts";
import { toldMcpServer } from "./told_mcp_server.ts";

const OBEDIENT = await Deno.readTextFile(
  new URL("../guests/modules/obedient.ts", import.meta.url),
);
const HOSTED = new URL("../guests/modules/hosted.ts", import.meta.url).pathname;

/** Has `code` run by the model that does what it is told. */
async function does<Args extends readonly unknown[]>(
  url: string,
  model: string,
  code: (...args: Args) => unknown,
  { args, headers = {}, fields = {} }: {
    readonly args: Args;
    readonly headers?: Readonly<Record<string, string>>;
    readonly fields?: object;
  },
): Promise<{ readonly status: number; readonly value?: unknown; readonly error?: string }> {
  const content = JSON.stringify({ code: `${code}`, args });
  const init = chat(model);
  const answer = await fetch(`${url}/chat/completions`, {
    ...init,
    headers: { ...init.headers as Record<string, string>, ...headers },
    body: JSON.stringify({ model, messages: [{ role: "user", content }], ...fields }),
  });
  const body = await answer.json();
  if (answer.status !== 200) return { status: answer.status, error: body.error.message };
  return { status: 200, ...JSON.parse(body.choices[0].message.content) };
}

/** What is left in the folder for temporary files. */
async function leftIn(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => name.startsWith("fakellm-"));
}

Deno.test("a module from a URL is served with what is granted, told before, and leaves nothing", async () => {
  await using granted = new RecordingServer({ "/": () => new Response("granted") });
  await using other = new RecordingServer();
  await using server = new RecordingServer({ "/agents.ts": code(OBEDIENT) });
  await using folder = await testFolder();
  const env = { TMPDIR: folder.path, GIVEN: "for the guest", KEPT: "s3cr3t" };
  await using cli = new SpawnedCli([
    `${server.url}/agents.ts#agent`,
    "--port=0",
    "--log=json",
    `--grant=net=${granted.host}`,
    "--grant",
    "env=GIVEN",
  ], { cwd: folder.path, env });
  const [, url = ""] = await cli.seen(/"message":"Listening","url":"([^"]+)"/);
  const { data: [{ id }] } = await (await fetch(`${url}/models`)).json();
  const seen = await does(url, id, async (granted, other) => [
    await (await fetch(granted)).text(),
    await fetch(other).then(() => "reached", (error) => error.name),
    Deno.env.get("GIVEN"),
    Deno.env.get("KEPT") ?? null,
  ], { args: [granted.url, other.url] });
  assertEquals(seen.value, ["granted", "NotCapable", "for the guest", null]);
  assertEquals(other.requests, []);
  assertEquals((await leftIn(folder.path)).length, 1);
  const pid = (await does(url, id, () => Deno.pid, { args: [] })).value as number;
  cli.signal("SIGTERM");
  const { code: exit, stderr } = await cli.ended();
  assertEquals(exit, 0);
  assertEquals(await leftIn(folder.path), []);
  assertFalse(await Deno.stat(`/proc/${pid}`).then(() => true, () => false));
  const lines = stderr.trim().split("\n").map((line) => JSON.parse(line));
  const sheet = lines.find(({ message }) => message === "Guest may do this and nothing else");
  assertEquals([sheet.net, sheet.env, sheet.read, sheet.import], [
    granted.host,
    "GIVEN",
    "none",
    "none",
  ]);
  assertMatch(sheet.integrity, /^sha256-/);
  const denied = lines.find(({ permission }) => permission === "net");
  assertEquals(denied.value, other.host);
  assertFalse(stderr.includes("s3cr3t"));
});

Deno.test("--sandbox holds a local module to its own files, and --integrity to what it was", async () => {
  await using folder = await testFolder();
  await folder.write("agent.ts", OBEDIENT);
  const secret = await folder.write("secret.txt", "s3cr3t");
  const { path: cwd } = folder;
  const start = (...args: string[]) => new SpawnedCli(["agent.ts", "--port=0", ...args], { cwd });
  const read = (path: string) => Deno.readTextFile(path).catch((error) => error.name);
  let integrity: string;
  {
    await using cli = start("--sandbox");
    const url = await cli.baseUrl();
    assertEquals((await does(url, "agent", read, { args: [secret] })).value, "NotCapable");
    [, integrity = ""] = await cli.seen(/(sha256-[A-Za-z0-9+/]{43}=)/);
  }
  {
    await using cli = start();
    const url = await cli.baseUrl();
    assertEquals((await does(url, "agent", read, { args: [secret] })).value, "s3cr3t");
  }
  {
    await using cli = start("--integrity", integrity, "--grant", "read=secret.txt");
    const url = await cli.baseUrl();
    assertEquals((await does(url, "agent", read, { args: [secret] })).value, "s3cr3t");
  }
  await folder.write("agent.ts", `${OBEDIENT}\n// changed`);
  const { code, stderr } = await runCli(["agent.ts", "--port=0", "--integrity", integrity], {
    cwd,
  });
  assertEquals(code, 2);
  assertStringIncludes(stderr, `not ${integrity}`);
});

Deno.test("what an operator gets wrong with a guest is one line and exit code 2", async () => {
  await using server = new RecordingServer({
    "/lacks.ts": code(`import "./absent.ts";`),
    "/throws.ts": code(`throw new TypeError("no luck");`),
    "/nothing.ts": code(`export const other = 1;`),
    "/agent.ts": code(OBEDIENT),
  });
  await using folder = await testFolder();
  await folder.write("agent.ts", OBEDIENT);
  const { path: cwd } = folder;
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["agent.ts", "--grant", "disk=/"], /^--grant: Cannot use "disk=\/"; accepted: .+\n$/],
    [["agent.ts", "--grant", "net="], /^--grant: Cannot use "net="; accepted: .+\n$/],
    [["agent.ts", "--grant", "sys=nothing"], /permissions\.sys: Cannot grant [^\n]+\n$/],
    [
      ["agent.ts", "--integrity", "sha256-short"],
      /^--integrity: Cannot use "sha256-short"[^\n]+\n$/,
    ],
    [["absent.ts", "--sandbox"], /^Cannot load module "absent\.ts": no such file\n$/],
    [[`${server.url}/lacks.ts`], /Cannot load [^\n]*absent\.ts[^\n]*\n$/],
    [[`${server.url}/throws.ts`], /Cannot serve module [^\n]*: TypeError: no luck\n$/],
    [[`${server.url}/nothing.ts`], /Cannot serve module [^\n]*none of the exports [^\n]*\n$/],
    [[`${server.url}/agent.ts#none`], /Cannot serve module [^\n]*no export "none"[^\n]*\n$/],
    [[`${server.url}/absent.ts?token=s3cr3t`], /Cannot load module [^\n]+\n$/],
  ];
  await Promise.all(cases.map(async ([args, expected]) => {
    const { code, stdout, stderr } = await runCli(args, { cwd, env: { TMPDIR: cwd } });
    assertEquals([code, stdout], [2, ""], `${args}: ${stderr}`);
    assertMatch(stderr, expected, `${args}: ${stderr}`);
    assertFalse(/s3cr3t|\n {4}at /.test(stderr), stderr);
  }));
  assertEquals(await leftIn(cwd), []);
});

Deno.test("a deployment's module uses backends and MCP servers by name, as whoever asked", async () => {
  await using backend = await fakeBackend({
    reply: ({ body }) => {
      const last = body.messages!.at(-1)!;
      return last.role === "tool"
        ? { text: `Got: ${last.content}` }
        : { toolCalls: [{ name: "look", arguments: "{}" }] };
    },
  });
  await using desk = toldMcpServer(["look"]);
  await using folder = await testFolder();
  await folder.write("obedient.ts", OBEDIENT);
  const path = await folder.write(
    "cfg.yaml",
    `
port: 0
backends:
  demo: {base_url: "${backend.baseURL}", api_key: s3cr3t-key, model: large}
mcps:
  files:
    transport: streamable-http
    url: ${desk.url}
    headers:
      Authorization: Bearer s3cr3t-desk
      X-User: {from_header: X-User-Token}
      X-Tenant: {from_extra: metadata.tenant, optional: true}
models:
  hosted: {module: "${HOSTED}", backends: demo, mcps: files}
  looking:
    module: ./obedient.ts
    permissions: {env: [GIVEN], import: [127.0.0.1:1]}
    lifecycle: lazy
`,
  );
  const env = { TMPDIR: folder.path, GIVEN: "given", KEPT: "s3cr3t-env" };
  const check = await runCli(["check", path], { env });
  assertEquals(check.code, 0, check.stderr);
  assertFalse(check.stdout.includes("s3cr3t"));
  for (
    const line of [
      "in a process of its own",
      "integrity not pinned",
      "net none",
      "env GIVEN",
      "import 127.0.0.1:1",
      "import is a network channel",
      "through the server: backend demo",
      "MCP server files",
    ]
  ) {
    assertStringIncludes(check.stdout, line);
  }

  await using cli = new SpawnedCli(["deploy", path], { env });
  const url = await cli.baseUrl();
  const users = ["ann", "bob", "cem"];
  const said = await Promise.all(users.map(async (user) => {
    const init = chat("hosted");
    const answer = await fetch(`${url}/chat/completions`, {
      ...init,
      headers: { ...init.headers as Record<string, string>, "x-user-token": user },
    });
    return (await answer.json()).choices[0].message.content;
  }));
  assertEquals(said, users.map((user) => `Got: look for ${user}`));
  const call = await backend.request(0);
  assertEquals(call.headers.get("authorization"), "Bearer s3cr3t-key");
  assertEquals(call.body.messages?.[0], { role: "system", content: "Be brief." });

  // A guest that is not given the server sees no more of what is for it.
  const seen = await does(url, "looking", () => {
    const [request, context] = (globalThis as unknown as {
      lastRun: [{ parameters: object }, { headers: Headers }];
    }).lastRun;
    const { metadata } = request.parameters as { metadata: object };
    return [metadata, [...context.headers.keys()], Deno.env.toObject()];
  }, {
    args: [],
    headers: { "x-user-token": "s3cr3t", "x-kept": "kept", "x-api-key": "s3cr3t" },
    fields: { metadata: { tenant: "s3cr3t", kept: "kept" } },
  });
  const [metadata, headers, variables] = seen.value as [object, string[], object];
  assertEquals(metadata, { kept: "kept" });
  assert(headers.includes("x-kept"), `${headers}`);
  assertFalse(headers.includes("x-user-token") || headers.includes("x-api-key"), `${headers}`);
  assertEquals(variables, { GIVEN: "given" });
  cli.signal("SIGTERM");
  const { code: exit, stderr } = await cli.ended();
  assertEquals(exit, 0, stderr);
  assertEquals(await leftIn(folder.path), []);
  assertFalse(stderr.includes("s3cr3t"), stderr);
});

Deno.test("a guest that dies is told by /ready and answered for, and the server goes on", async () => {
  await using folder = await testFolder();
  await folder.write("agent.ts", OBEDIENT);
  const path = await folder.write(
    "cfg.yaml",
    `
port: 0
backends: {demo: {type: demo}}
models:
  guest: {module: ./agent.ts}
  other: {backend: demo}
`,
  );
  await using cli = new SpawnedCli(["deploy", path], { env: { TMPDIR: folder.path } });
  const url = await cli.baseUrl();
  const root = new URL("/", url).href;
  assertEquals((await status(`${root}ready`))[0], 200);
  const first = (await does(url, "guest", () => Deno.pid, { args: [] })).value as number;
  const waiting = does(url, "guest", () => new Promise(() => setInterval(() => {}, 1000)), {
    args: [],
  });
  // It is in the guest once something later is.
  await does(url, "guest", () => 1, { args: [] });
  Deno.kill(first, "SIGKILL");
  const { status: failed, error } = await waiting;
  assertEquals(failed, 503);
  assertMatch(`${error}`, /^The model is not available at the moment \(request id /);
  const second = (await does(url, "guest", () => Deno.pid, { args: [] })).value;
  assert(second !== first);
  // Until its pauses are longer than anybody waits.
  const pauseMs = () => Number(Array.from(cli.stderr.matchAll(/retryInMs=(\d+)/g)).at(-1)?.[1]);
  for (let deaths = 0; pauseMs() < 2000; deaths++) {
    assert(deaths < 10);
    const answer = await fetch(`${url}/chat/completions`, {
      ...chat("guest"),
      body: JSON.stringify({
        model: "guest",
        messages: [{
          role: "user",
          content: JSON.stringify({ code: "() => Deno.exit(1)", args: [] }),
        }],
      }),
    });
    await answer.body?.cancel();
    assertEquals(answer.status, 503);
  }
  await cli.seen(/Guest ended/);
  const [code, body] = await until(() => status(`${root}ready`), ([code]) => code === 503);
  assertEquals(code, 503);
  assertEquals(body.checks["module guest"].status, "failed");
  const [other] = await status(`${url}/chat/completions`, chat("other"));
  assertEquals(other, 200);
});

async function status(url: string, init?: RequestInit) {
  const answer = await fetch(url, init);
  return [answer.status, await answer.json()] as const;
}

/** An outcome is given out again for a second. */
async function until<Value>(
  look: () => Promise<Value>,
  holds: (value: Value) => boolean,
): Promise<Value> {
  const began = performance.now();
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    assert(performance.now() - began < 3000, `It did not come about: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test("a signal while a guest starts is obeyed at once", async () => {
  await using folder = await testFolder();
  await folder.write("slow.ts", "await new Promise((resolve) => setTimeout(resolve, 60_000));\n");
  const path = await folder.write("slow.yaml", "port: 0\nmodels: {slow: {module: ./slow.ts}}\n");
  await using cli = new SpawnedCli(["deploy", path], { env: { TMPDIR: folder.path } });
  await cli.seen(/Guest may do this and nothing else/);
  const begin = performance.now();
  cli.signal("SIGTERM");
  const { code, stderr } = await cli.ended();
  assertEquals(code, 0, stderr);
  assert(performance.now() - begin < 10_000, "it waited for the guest");
  assertFalse(stderr.includes("Listening"), stderr);
  assertEquals(await leftIn(folder.path), []);
});

Deno.test("a signal while a guest's code is downloaded is obeyed at once", async () => {
  await using folder = await testFolder();
  await using server = new EndlessServer();
  const path = await folder.write(
    "a.yaml",
    `port: 0\nmodels: {a: {module: "${server.url}/a.ts"}}\n`,
  );
  await using cli = new SpawnedCli(["deploy", path], { env: { TMPDIR: folder.path } });
  await server.asked;
  cli.signal("SIGTERM");
  const { code, stderr } = await cli.ended();
  assertEquals(code, 0, stderr);
  await server.left;
  assertEquals(await leftIn(folder.path), []);
});
