import { assertEquals, assertRejects } from "@std/assert";
import { SetupError } from "../../run/error.ts";
import { parseText } from "../load.ts";
import { bakeDeployment } from "./bake.ts";
import { literalSecrets } from "./literal_secrets.ts";

async function baked(text: string, variables: Readonly<Record<string, string>> = {}) {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, text);
    return await bakeDeployment(path, (name) => variables[name]);
  } finally {
    await Deno.remove(path);
  }
}

async function problems(text: string, variables?: Readonly<Record<string, string>>) {
  const error = await assertRejects(() => baked(text, variables), SetupError);
  return error.problems.map(({ path, message }) => `${path}: ${message}`);
}

const MODELS = "backends: {main: {type: demo}}\nmodels: {a: {backend: main}}\n";

Deno.test("bakeDeployment() needs none of the variables that are set where the program runs", async () => {
  const text = `
port: \${PORT}
host: \${HOST:-127.0.0.1}
insecure: \${OPEN}
shutdown_grace: \${GRACE}
limits: {max_body: "\${BODY}"}
store: {type: redis, url: "\${STORE_URL}"}
api_keys: [{name: a, key: "\${KEY}"}, {name: b, key: "\${OTHER}"}]
backends: {main: {base_url: "\${URL}", model: "\${MODEL}", api_key: "\${BACKEND_KEY}"}}
models: {a: {backend: main, limits: {max_steps: "\${STEPS}"}}}
`;
  const { text: kept, deployment, modules } = await baked(text);
  assertEquals([parseText(kept, "x"), modules], [parseText(text, "x"), []]);
  assertEquals([deployment.host, deployment.backends.length], ["127.0.0.1", 1]);
});

Deno.test("bakeDeployment() tells what is wrong whatever the variables hold", async () => {
  assertEquals(await problems(`port: \${PORT}\nprot: 1\n${MODELS}`), [
    'prot: Unknown key (did you mean "port"?); accepted: ' +
    (await problems(`prot: 1\n${MODELS}`))[0]!.split("accepted: ")[1],
  ]);
  assertEquals(await problems(`log: \${LOG}\n${MODELS}`), [
    'log: Variable "LOG" must be set here, too: its place takes few values; accepted: a variable ' +
    'that is set, or a default as "${LOG:-default}"',
  ]);
  assertEquals((await baked(`log: \${LOG}\n${MODELS}`, { LOG: "json" })).deployment.log, "json");
});

Deno.test("bakeDeployment() gathers modules without their exports, each once", async () => {
  const { modules } = await baked(`
models:
  a: {module: "./agents.ts#one"}
  b: {module: "./agents.ts:two", permissions: {net: [example.com]}}
  c: {module: "https://example.com/x.ts"}
`);
  assertEquals(modules.map(({ specifier, uses }) => [specifier, uses.length]), [
    ["./agents.ts", 2],
    ["https://example.com/x.ts", 1],
  ]);
});

Deno.test("bakeDeployment() keeps what each model says of a module, the same only once", async () => {
  const hash = `sha256-${"A".repeat(43)}=`;
  const { modules: [module] } = await baked(`
models:
  a: {module: "./x.ts", integrity: "${hash}"}
  b: {module: "./x.ts"}
  c: {module: "./x.ts#other"}
  d: {module: "./x.ts", permissions: {net: [example.com]}}
`);
  assertEquals(module?.uses.map(({ integrity, permissions }) => [integrity, permissions.net]), [
    [hash, []],
    [undefined, []],
    [undefined, ["example.com"]],
  ]);
});

Deno.test("bakeDeployment() leaves comments behind and changes nothing else", async () => {
  const text = `# s3cr3t
port: 0x1F90 # s3cr3t
backends: {main: {type: demo}}
models:
  a: &a {backend: main, instructions: "\\x7f $$ \\uFEFF \\U0001F600\\n--- x"}
  b: *a
`;
  const { text: kept } = await baked(text);
  assertEquals(kept.includes("s3cr3t"), false);
  assertEquals(parseText(kept, "x"), parseText(text, "x"));
});

Deno.test("bakeDeployment() refuses a file without an end", async () => {
  assertEquals((await problems("models: &m {a: *m}")).length, 1);
});

Deno.test("bakeDeployment() refuses modules that variables name, in every form of models", async () => {
  const told = "Cannot bake in a module that a variable names; accepted: a path or URL without any";
  for (
    const [text, path] of [
      ["models: {a: {module: '${M}'}}", "models.a.module"],
      ["models: {'a/b': {module: './${M}.ts'}}", 'models["a/b"].module'],
      ["models: [{model_id: a, module: '${M}'}]", "models[0].module"],
      [
        "entrypoints: {/a/v1: {models: {a: {module: '${M:-x.ts}'}}}}",
        'entrypoints["/a/v1"].models.a.module',
      ],
    ] as const
  ) assertEquals(await problems(text), [`${path}: ${told}`]);
});

Deno.test("bakeDeployment() refuses secrets that are in the file", async () => {
  const found = await problems(`api_keys: [{name: a, key: s3cr3t}]\n${MODELS}`);
  assertEquals(found, [
    "api_keys[0].key: Secret would be baked in for everyone to read; accepted: a variable without a " +
    'default, as "${NAME}"',
  ]);
});

Deno.test("literalSecrets() finds them wherever they can stand, and nothing else", () => {
  const paths = (text: string) => literalSecrets(parseText(text, "x")).map(({ path }) => path);
  assertEquals(
    paths(`
api_keys: [{name: a, key: literal}, {name: b, key: "\${K}"}, {name: c, key: "\${K:-literal}"}]
entrypoints: {/a: {api_keys: [{name: a, key: literal}]}}
backends:
  a: {api_key: literal, headers: {authorization: Bearer x, x-title: shown}}
  b: {api_key: "\${K}", headers: {authorization: "Bearer \${K}"}, base_url: "https://u:p@h/v1"}
  c: {api_key: "", base_url: "https://u:\${P}@h/v1"}
  d: {api_key: "\${K:-}"}
mcps:
  a: {command: x, env: {GITHUB_TOKEN: literal, NODE_ENV: production}}
  b: {url: "https://h/mcp", headers: {X-Api-Key: literal}}
store: {type: redis, url: "redis://:literal@host"}
models: {a: {backend: a, instructions: "the key is under the mat"}}
`),
    [
      "api_keys[0].key",
      "api_keys[2].key",
      'entrypoints["/a"].api_keys[0].key',
      "backends.a.api_key",
      "backends.a.headers.authorization",
      "backends.b.base_url",
      "mcps.a.env.GITHUB_TOKEN",
      "mcps.b.headers.X-Api-Key",
      "store.url",
    ],
  );
});

Deno.test("literalSecrets() takes text around variables for secret, and names it does not know", () => {
  const paths = (text: string) => literalSecrets(parseText(text, "x")).map(({ path }) => path);
  assertEquals(
    paths(`
api_keys: [{name: a, key: "sk-s3cr3t-\${S}"}, {name: b, key: "\${A:-\${B:-s3cr3t}}"}, {name: c, key: "\${A:-\${B}}"}]
backends:
  a: {api_key: "s3cr3t\${E:-}", headers: {X-Session: s3cr3t, x: "Bearer s3cr3t\${X:-}"}}
  b: {api_key: "Bearer", headers: {authorization: "Basic \${U}:\${P}", Accept-Language: en, HTTP-Referer: "https://h"}}
  headers: {model: m}
mcps:
  a: {command: x, env: {PGPASS: s3cr3t, PIN: "1", SSH_PASSPHRASE: s, LC_ALL: C, OTHER: "\${O}", HOST: "http://u:p@h"}}
models: {a: {backend: a, headers: {x: "no place for one"}}}
`),
    [
      "api_keys[0].key",
      "api_keys[1].key",
      "backends.a.api_key",
      "backends.a.headers.X-Session",
      "backends.a.headers.x",
      "backends.b.api_key",
      "mcps.a.env.PGPASS",
      "mcps.a.env.PIN",
      "mcps.a.env.SSH_PASSPHRASE",
      "mcps.a.env.HOST",
    ],
  );
});

Deno.test("literalSecrets() reads addresses, wherever they are", () => {
  const found = (address: string) =>
    literalSecrets({ models: { a: { module: address } }, mcps: [{ url: address }] }).length;
  for (
    const address of [
      "https://h/v1?api-key=s3cr3t",
      "https://h/v1?a=1&token=s3cr3t",
      "https://h/v1?api%2Dkey=s3cr3t",
      "https://h/v1?sig=${S}s3cr3t",
      "https://h/v1?session=${S:-s3cr3t}",
      "${BASE}?pin=1234",
      "https://h/x.ts#access_token=s3cr3t",
      "https://u:s3cr3t@h/x.ts",
      "https://s3cr3t@h/x.ts",
      "redis://s3cr3t@h",
    ]
  ) assertEquals(found(address), 2, address);
  for (
    const address of [
      "https://h/v1?api-key=${K}&x=1",
      "https://h/v1?version=2&shopping=1",
      "https://${U}:${P}@h/x.ts",
      "https://${T}@h/x.ts",
      "https://esm.sh/@scope/x@1.0.0",
      "npm:@scope/x@1",
      "./x.ts#tokens",
    ]
  ) assertEquals(found(address), 0, address);
});

Deno.test("literalSecrets() reads arguments of programs", () => {
  const found = (...args: string[]) =>
    literalSecrets({ mcps: { a: { args } } }).map(({ path }) => path);
  for (
    const args of [
      ["srv", "--token=s3cr3t"],
      ["--api-key", "s3cr3t"],
      ["--env", "PIN=1234"],
      ["-e", "TOKEN=s3cr3t${X}"],
      ["--env=TOKEN=s3cr3t"],
      ["-c", "TOKEN='s3cr3t' srv"],
      ["--config", '{"a": 1, "token": "s3cr3t"}'],
      ["Server=h;Password=s3cr3t"],
      ["-c", "srv --password=s3cr3t"],
      ["--header", "Authorization: Bearer s3cr3t"],
      ["--header=X-Api-Key:s3cr3t${X}"],
      ["https://u:s3cr3t@h"],
      ["--key", "${K:-s3cr3t}"],
    ]
  ) assertEquals(found(...args), [`mcps.a.args[${args.length - 1}]`], args.join(" "));
  for (
    const args of [
      ["-y", "--token=${T}", "--api-key", "${K}", "--auth", "--verbose"],
      ["--header", "Authorization: Bearer ${T}", "--header=X-Api-Key:${K}"],
      ["--max-tokens", "100", "--token-file", "/run/token", "--port=80", "run:all", "-e", "A=${A}"],
      ["--env=TOKEN=${T}", "-c", "TOKEN='${T}' srv", '{"token": "${T}", "port": 80}'],
    ]
  ) assertEquals(found(...args), [], args.join(" "));
});
