/**
 * `fakellm compile`. The base binary of Deno cannot be had everywhere, so what a program does is looked
 * at in a script, which is built of the same files; what a binary holds is looked at in one with `deno`
 * itself in the place of the base binary.
 */
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import OpenAI from "openai";
import { EndlessServer } from "../../src/testing/endless_server.ts";
import { code, RecordingServer } from "../guests/recording_server.ts";
import { runCli, SpawnedCli, testFolder } from "./spawned_cli.ts";

const MODULE = `
import { greeting } from "./greeting.ts";

export const greeter = {
  async *run(request: { messages: readonly unknown[] }) {
    yield { type: "text-start" };
    yield { type: "text-delta", text: greeting(request.messages.length) };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  },
};
`;

const DEPLOYMENT = `
port: \${PORT} # not for everyone
api_keys: [{name: a, key: "\${CLIENT_KEY}"}]
backends:
  main: {type: demo}
  other: {base_url: "\${OTHER_URL}", model: m, api_key: "\${OTHER_KEY}"}
models:
  plain: {backend: main}
  greeter: {module: "./greeter.ts#greeter"}
  coder: {backend: main, code_mode: true}
  remote: {backend: other}
`;

const VARIABLES = {
  PORT: "0",
  CLIENT_KEY: "s3cr3t-client",
  OTHER_URL: "http://127.0.0.1:9/v1",
  OTHER_KEY: "s3cr3t-other",
};

/** A deployment with a module, a model in code mode and secrets in the environment. */
async function deploymentFolder() {
  const folder = await testFolder();
  await folder.write("greeter.ts", MODULE);
  await folder.write("greeting.ts", "export const greeting = (n: number) => `Hello ${n}`;\n");
  await folder.write("assistant.yaml", DEPLOYMENT);
  return folder;
}

/** A program's script, run as it says with nothing else at hand: no cache, no network for code. */
function programOf(script: string, told: string, cache: string) {
  const [, line = ""] = /^ {2}deno run (.*) \S+\.js$/m.exec(told) ?? [];
  return {
    program: ["--no-remote", "--no-npm", "--no-config", script],
    permissions: line.split(" "),
    env: { ...VARIABLES, DENO_DIR: cache, FAKELLM_DENO: Deno.execPath() },
  };
}

async function answer(baseURL: string, model: string): Promise<string | null | undefined> {
  const client = new OpenAI({ baseURL, apiKey: VARIABLES.CLIENT_KEY, maxRetries: 0 });
  const { choices } = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: "Count to 3" }],
  });
  return choices[0]?.message.content;
}

Deno.test("a compiled script serves its deployment with an empty cache and what it was promised", async (t) => {
  await using folder = await deploymentFolder();
  await using empty = await testFolder();
  const built = await runCli(["compile", "assistant.yaml", "-o", "out.js"], { cwd: folder.path });
  assertEquals([built.code, built.stdout], [0, ""], built.stderr);
  const script = `${empty.path}/out.js`;
  await Deno.rename(`${folder.path}/out.js`, script);
  const text = await Deno.readTextFile(script);
  for (const secret of Object.values(VARIABLES)) {
    if (secret.startsWith("s3cr3t")) assertFalse(text.includes(secret));
  }
  const options = { ...programOf(script, built.stderr, `${empty.path}/cache`), cwd: empty.path };
  assertFalse(options.permissions.includes("--allow-all"));

  await t.step("it answers as each of its models, and stops when told", async () => {
    await using cli = new SpawnedCli([], options);
    const url = await cli.baseUrl();
    assertEquals(await answer(url, "greeter"), "Hello 1");
    assertMatch(await answer(url, "plain") ?? "", /^1 2 3/);
    assertMatch(await answer(url, "coder") ?? "", /^1 2 3/);
    cli.signal("SIGTERM");
    const { code, stderr } = await cli.ended();
    assertEquals(code, 0, stderr);
    assertFalse(stderr.includes("s3cr3t"));
  });

  await t.step("it tells what is in it", async () => {
    const { code, stdout } = await runCli(["check"], options);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "# /v1 greeter");
    assertStringIncludes(stdout, 'module: "./greeter.ts#greeter"');
    assertFalse(stdout.includes("s3cr3t"));
    const help = await runCli(["--help"], options);
    assertMatch(help.stdout, /^Serves assistant\.yaml, which was compiled in/);
    assertMatch((await runCli(["--version"], options)).stdout, /^fakellm \d/);
  });

  await t.step("it refuses to start without its variables, or a Deno for its guests", async () => {
    const { PORT: _, ...rest } = options.env;
    const missing = await runCli([], { ...options, env: rest });
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.stderr, 'port: Variable "PORT" is not set');
    const env = { ...options.env, FAKELLM_DENO: "/no/such/deno" };
    const alone = await runCli([], { ...options, env });
    assertEquals(alone.code, 2, alone.stderr);
    assertMatch(
      alone.stderr.trim().split("\n").at(-1)!,
      /^Cannot run (model "greeter", a module|code mode of "coder"): no Deno at "\/no\/such\/deno"\. Set FAKELLM_DENO/,
    );
    assertEquals((await runCli(["--hots", "x"], options)).code, 2);
  });
});

Deno.test("a compiled script without guests is allowed to use the network, and nothing else", async () => {
  await using folder = await testFolder();
  await folder.write(
    "a.yaml",
    "backends: {main: {type: demo}}\nmcps: {unused: {command: x}}\nmodels: {a: {backend: main}}\n",
  );
  const built = await runCli(["compile", "a.yaml", "--output", "a.js", "--minify"], {
    cwd: folder.path,
  });
  assertEquals(built.code, 0, built.stderr);
  const options = programOf(`${folder.path}/a.js`, built.stderr, `${folder.path}/cache`);
  assertEquals(options.permissions, ["--no-prompt", "--allow-net", "--allow-env", "--deny-import"]);
  await using cli = new SpawnedCli(["--port", "0"], options);
  assertMatch(await answer(await cli.baseUrl(), "a") ?? "", /^1 2 3/);
});

/** What Deno writes into a binary for its base binary to read. */
function metadataOf(binary: string) {
  const at = binary.search(/d3n0l4nd[^]{8}\{"argv"/);
  assert(at > 0, "no metadata");
  const length = binary.charCodeAt(at + 8) + 256 * binary.charCodeAt(at + 9);
  return JSON.parse(binary.slice(at + 16, at + 16 + length));
}

Deno.test("a compiled binary holds the deployment, its module and just its permissions", async () => {
  await using folder = await deploymentFolder();
  for (const flags of [[], ["--minify"]]) {
    const { code, stderr } = await runCli(["compile", "assistant.yaml", ...flags], {
      cwd: folder.path,
      env: { DENORT_BIN: Deno.execPath() },
    });
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /Wrote \S+\/assistant\. It may do what --allow-net --allow-env /);
    const path = `${folder.path}/assistant`;
    const binary = new TextDecoder("latin1").decode(await Deno.readFile(path));
    const metadata = metadataOf(binary);
    const { permissions } = metadata;
    assertEquals(metadata.argv, []);
    const allowed = Object.entries(permissions)
      .filter(([key, value]) => /^allow_(?!import)/.test(key) && Array.isArray(value))
      .map(([key]) => key).sort();
    assertEquals(allowed, ["allow_env", "allow_net", "allow_read", "allow_run", "allow_write"]);
    assertEquals(permissions.deny_import, []);
    assertStringIncludes(binary, "CLIENT_KEY");
    assertFalse(binary.includes("s3cr3t"));
    assertFalse(binary.includes("messages: readonly unknown[]"), "the module goes as JavaScript");
    if (flags.length === 0) {
      assertMatch(stderr, /── cli\.ts \(/);
      assertFalse(/_test\.ts|deno\.lock/.test(stderr));
      assertStringIncludes(binary, '"api_key": "${OTHER_KEY}"');
      assertFalse(binary.includes("not for everyone"), "comments stay behind");
      assertStringIncludes(binary, "greeting(request.messages.length)");
    }
    await Deno.remove(path);
  }
});

Deno.test("deno task compile makes a program of the command line", async () => {
  await using folder = await testFolder();
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  const [deno, ...args] = tasks.compile.command.replace("fakellm", `${folder.path}/fakellm`)
    .split(" ");
  assertEquals(deno, "deno");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: new URL("../../", import.meta.url),
    env: { DENORT_BIN: Deno.execPath(), NO_COLOR: "1" },
  }).output();
  const told = new TextDecoder().decode(stderr);
  assert(success, told);
  assertMatch(told, /── cli\.ts \(/);
  const bytes = await Deno.readFile(`${folder.path}/fakellm`);
  const binary = new TextDecoder("latin1").decode(bytes);
  const { permissions } = metadataOf(binary);
  assertEquals([permissions.allow_net, permissions.allow_run], [[], []]);
  // The programs of guests and sandboxes go along as they are: another Deno runs them.
  assertStringIncludes(binary, "The program of a guest's process: loads one module");
  assertStringIncludes(binary, "The program of a sandbox: runs code");
});

Deno.test("compile says in one line what is in its way", async () => {
  await using folder = await deploymentFolder();
  const { path: cwd } = folder;
  await folder.write("broken.yaml", "models: {a: {module: ./missing.ts}}\n");
  await folder.write("computed.yaml", "models: {a: {module: ./bad.ts}}\n");
  await folder.write("bad.ts", 'import "./nowhere.ts";\n');
  await folder.write(
    "pinned.yaml",
    `models: {a: {module: ./greeter.ts, integrity: "sha256-${"A".repeat(43)}="}}\n`,
  );
  await folder.write(
    "twice.yaml",
    `models:
  a: {module: ./greeter.ts, integrity: "sha256-${"A".repeat(43)}="}
  b: {module: ./greeter.ts}
`,
  );
  await folder.write("own.js", "export const greeter = 1;\n");
  await folder.write("own.yaml", "models: {a: {module: ./own.js}}\n");
  await Deno.mkdir(`${cwd}/folder`);
  await Deno.mkdir(`${cwd}/folder.js`);
  await folder.write(
    "key.yaml",
    `api_keys: [{name: a, key: s3cr3t}]\n${DEPLOYMENT.slice(DEPLOYMENT.indexOf("backends"))}`,
  );
  for (
    const [args, code, told, env] of [
      [[], 2, /^Cannot compile without a file/],
      [["none.yaml"], 2, /^none\.yaml: Cannot be read \(no such file\)/],
      [["broken.yaml"], 2, /^Cannot load module "\.\/missing\.ts": no such file$/],
      [["computed.yaml"], 2, /^Cannot load module "\.\/bad\.ts": Module not found .*nowhere\.ts"/],
      [
        ["pinned.yaml"],
        2,
        /^integrity: Cannot load module "\.\/greeter\.ts": its integrity is sha256-/,
      ],
      [["twice.yaml"], 2, /^integrity: Cannot load module "\.\/greeter\.ts": its integrity is/],
      [["own.yaml", "-o", "own.js"], 2, /^--output: Cannot write ".*own\.js": the program is made/],
      [
        ["assistant.yaml", "-o", "own.js"],
        2,
        /^--output: .*: it is there already, and not made by/,
      ],
      [["own.yaml", "-o", "own.yaml"], 2, /^--output: .*own\.yaml": the program is made of it/],
      [["own.yaml", "-o", "greeter/"], 2, /^--output: .*: it is a folder/],
      [["own.yaml", "-o", "folder"], 2, /^--output: .*: it is a folder/],
      [["own.yaml", "-o", "folder.js"], 2, /^--output: .*: it is a folder/],
      [
        ["key.yaml"],
        2,
        /^api_keys\[0\]\.key: Secret would be baked in for everyone to read; accepted/,
      ],
      [["assistant.yaml", "--target", "vax"], 2, /^--target: Cannot use "vax"; accepted: x86_64-/],
      [["assistant.yaml"], 2, /^Cannot run fakellm compile: no Deno at "\/no\/deno"\./, {
        FAKELLM_DENO: "/no/deno",
      }],
      [["assistant.yaml", "-o", "none/x.js"], 0, /Wrote/],
      [["assistant.yaml", "-o", "./none/../none/x.js"], 0, /Wrote/],
    ] as const
  ) {
    const ended = await runCli(["compile", ...args], { cwd, env });
    assertEquals(ended.code, code, ended.stderr);
    assertMatch(ended.stderr.trim(), told);
    if (code !== 0) assertEquals(ended.stderr.trim().split("\n").length, 1, ended.stderr);
    assertFalse(ended.stderr.includes("s3cr3t"));
  }
  assertEquals(await Deno.readTextFile(`${cwd}/own.js`), "export const greeter = 1;\n");
  const script = await Deno.readTextFile(`${cwd}/none/x.js`);
  assertEquals(script.split("// Made by fakellm compile.\n").length, 2);
  assert(script.startsWith("// Made by fakellm compile.\n"));
});

Deno.test("compile takes along no file that a module may not have", async () => {
  await using folder = await testFolder();
  await using elsewhere = await testFolder();
  const secret = await elsewhere.write("secret.txt", "s3cr3t of the host");
  const target = JSON.stringify(`file://${secret}`);
  for (
    const code of [
      `import text from ${target} with { type: "text" };\nexport const agent = { run: () => text };\n`,
      `export const agent = { run: () => import(${target}, { with: { type: "text" } }) };\n`,
    ]
  ) {
    await folder.write("agent.ts", code);
    await folder.write("a.yaml", "models: {a: {module: ./agent.ts}}\n");
    const { code: exit, stderr } = await runCli(["compile", "a.yaml", "-o", "a.js"], {
      cwd: folder.path,
    });
    assertEquals(exit, 2, stderr);
    assertMatch(stderr, /secret\.txt/);
    assertFalse(stderr.includes("s3cr3t"));
  }
});

Deno.test("compile reads permissions from where the deployment file lies, as a server does", async () => {
  await using folder = await testFolder();
  await Deno.mkdir(`${folder.path}/conf`);
  await folder.write("shared.txt", "shared with the module");
  await folder.write(
    "conf/agent.ts",
    `import text from "../shared.txt" with { type: "text" };\nexport const agent = { run: () => text };\n`,
  );
  for (const [read, exit] of [["..", 0], [".", 2]] as const) {
    await folder.write(
      "conf/a.yaml",
      `models: {a: {module: ./agent.ts, permissions: {read: ["${read}"]}}}`,
    );
    const { code, stderr } = await runCli(["compile", "conf/a.yaml", "-o", "a.js"], {
      cwd: folder.path,
    });
    assertEquals(code, exit, stderr);
  }
});

Deno.test("compile takes along no code that one of a module's models may not import", async () => {
  await using folder = await testFolder();
  await using server = new RecordingServer({ "/later.ts": code("export default 'unpinned';") });
  const target = JSON.stringify(`${server.url}/later.ts`);
  await folder.write("agent.ts", `export const agent = { run: () => import(${target}) };\n`);
  const granted = `permissions: {import: ["${server.host}"], net: ["${server.host}"]}`;
  for (
    const [models, exit] of [
      ["a: {module: ./agent.ts}", 2],
      [`a: {module: ./agent.ts, ${granted}}, b: {module: ./agent.ts}`, 2],
      [`a: {module: ./agent.ts, ${granted}}`, 0],
    ] as const
  ) {
    await folder.write("a.yaml", `models: {${models}}\n`);
    const { code, stderr } = await runCli(["compile", "a.yaml", "-o", "a.js"], {
      cwd: folder.path,
    });
    assertEquals(code, exit, stderr);
    if (exit === 0) {
      assertStringIncludes(await Deno.readTextFile(`${folder.path}/a.js`), "unpinned");
    } else {
      assertMatch(
        stderr.trim(),
        /^Cannot make one file of module "\.\/agent\.ts": it imports "[^"]*later\.ts" at run time, and one of its models may not; grant import=127\.0\.0\.1:\d+ to allow it$/,
      );
      assertEquals(server.requests, []);
    }
  }
});

Deno.test("compile leaves nothing behind when it is told to stop", async () => {
  await using folder = await testFolder();
  await using server = new EndlessServer();
  await folder.write("a.yaml", `models: {a: {module: "${server.url}/a.ts"}}\n`);
  await using cli = new SpawnedCli(["compile", "a.yaml", "-o", "a.js"], {
    cwd: folder.path,
    env: { TMPDIR: folder.path },
  });
  await server.asked;
  cli.signal("SIGTERM");
  const { code, stderr } = await cli.ended();
  assertEquals([code, stderr], [1, "Stopped before the program was written\n"]);
  await server.left;
  assertEquals(await folder.names(), ["a.yaml"]);
});

Deno.test("compile says what to do where the base binary of Deno cannot be had", async () => {
  await using folder = await testFolder();
  await folder.write("a.yaml", "backends: {main: {type: demo}}\nmodels: {a: {backend: main}}\n");
  const { code, stderr } = await runCli(["compile", "a.yaml", "-o", "a"], {
    cwd: folder.path,
    // Packages come from the cache; what else there is cannot be reached.
    env: { HTTPS_PROXY: "http://127.0.0.1:9", HTTP_PROXY: "http://127.0.0.1:9" },
  });
  assertEquals(code, 1);
  const line = stderr.trim().split("\n").at(-1)!;
  assertMatch(line, /^Cannot compile: Deno cannot get its base binary, denort\. Let it reach/);
  assertStringIncludes(line, "DENORT_BIN");
  assertEquals(await folder.names(), ["a.yaml"]);
});
