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
api_keys: [{name: a, key: "\${KEY}"}, {name: b, key: "\${OTHER}"}]
backends: {main: {base_url: "\${URL}", model: "\${MODEL}", api_key: "\${BACKEND_KEY}"}}
models: {a: {backend: main, limits: {max_steps: "\${STEPS}"}}}
`;
  const { text: kept, deployment, modules } = await baked(text);
  assertEquals([kept, modules], [text, []]);
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
  assertEquals(modules.map(({ specifier }) => specifier), [
    "./agents.ts",
    "https://example.com/x.ts",
  ]);
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
