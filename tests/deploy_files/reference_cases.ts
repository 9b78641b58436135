/**
 * Files whose keys do not fit each other, or whose variables are missing.
 * @module
 */
import { type BrokenCase, CANARY, GOOD } from "./broken_case.ts";

const HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/** Broken between keys. */
export const REFERENCE_CASES: readonly BrokenCase[] = [
  {
    name: "a missing variable, named with its path",
    file: `${GOOD}host: \${FAKELLM_TEST_HOST}\n`,
    lines: ['host: Variable "FAKELLM_TEST_HOST" is not set'],
  },
  {
    name: "variables that are malformed",
    file: `${GOOD}host: "\${}"\nprefix: "\${A-b}"\nlog: "\${A"\n`,
    env: { A: "x" },
    lines: [
      'host: Malformed variable after "${"',
      'prefix: Malformed variable after "${"',
      'log: Malformed variable after "${"',
    ],
  },
  {
    name: "a variable that holds no number",
    file: `${GOOD}port: \${PORT}\n`,
    env: { PORT: CANARY },
    lines: ['port: Cannot use the value of "${PORT}"'],
  },
  {
    name: "an empty variable where a key is wanted",
    file: `${GOOD}api_keys: [{name: a, key: "\${KEY}"}]\n`,
    env: { KEY: "" },
    lines: ['api_keys[0].key: Cannot use the value of "${KEY}"'],
  },
  { name: "no models", file: "backends: {main: {type: demo}}\n", lines: ["models: Missing"] },
  { name: "empty models", file: "models: {}\n", lines: ["models: Empty"] },
  { name: "an empty list of models", file: "models: []\n", lines: ["models: Empty"] },
  {
    name: "unknown names",
    file: `
backends:
  main: {type: demo, fallback: mian}
models:
  alpha: {backend: mainn, mcps: [docs], background_tasks: {backend: cheap}}
`,
    lines: [
      'backends.main.fallback: Unknown backend "mian" (did you mean "main"?)',
      'models.alpha.backend: Unknown backend "mainn" (did you mean "main"?)',
      'models.alpha.background_tasks.backend: Unknown backend "cheap"',
      'models.alpha.mcps[0]: Unknown MCP server "docs"',
    ],
  },
  {
    name: "a name that came from a variable",
    file: "backends: {main: {type: demo}}\nmodels:\n  alpha: {backend: '${NAME}'}\n",
    env: { NAME: CANARY },
    lines: ["models.alpha.backend: Unknown backend from a variable"],
  },
  {
    name: "a backend that falls back to itself",
    file: "backends: {a: {type: demo, fallback: a}}\nmodels: {m: {backend: a}}\n",
    lines: ['backends.a.fallback: Ring of fallbacks "a" -> "a"'],
  },
  {
    name: "a ring of fallbacks",
    file: `
backends:
  a: {type: demo, fallback: [b, d]}
  b: {type: demo, fallback: c}
  c: {type: demo, fallback: [d, a]}
  d: {type: demo}
models: {m: {backend: a}}
`,
    lines: ['backends.c.fallback[1]: Ring of fallbacks "a" -> "b" -> "c" -> "a"'],
  },
  {
    name: "the same model id twice in a list",
    file: `
backends: [{name: a, type: demo}, {name: a, type: demo}]
models: [{model_id: m, backend: a}, {model_id: m, backend: a}]
`,
    lines: ['backends[1].name: Duplicate name "a"', 'models[1].model_id: Duplicate model_id "m"'],
  },
  {
    name: "list items without a name",
    file: "backends: [{type: demo}]\nmodels: [{backend: a}]\n",
    lines: ["backends[0].name: Missing", "models[0].model_id: Missing"],
  },
  {
    name: "models with neither or both of backend and module",
    file: `
backends: {main: {type: demo}}
models:
  alpha: {instructions: hi}
  beta: {backend: main, module: ./a.ts}
`,
    lines: [
      "models.alpha: Has neither backend nor module",
      "models.beta: Has both backend and module",
    ],
  },
  {
    name: "keys of modules beside a backend, and the reverse",
    file: `
backends: {main: {type: demo}}
models:
  alpha: {backend: main, permissions: {}}
  beta: {module: ./a.ts, instructions: hi, code_mode: true}
  gamma: {module: "ftp://host/a.ts"}
`,
    lines: [
      "models.alpha.permissions: Cannot stand beside backend",
      "models.beta.instructions: Cannot stand beside module",
      "models.beta.code_mode: Cannot stand beside module",
      'models.gamma.module: Cannot load from scheme "ftp:"',
    ],
  },
  {
    name: "backends without what they need",
    file: `
backends:
  a: {}
  b: {type: demo, base_url: "http://a", api_key: ${CANARY}}
models: {m: {backend: a}}
`,
    lines: [
      "backends.a.base_url: Missing",
      "backends.a.model: Missing",
      "backends.b.base_url: Cannot stand beside type demo",
      "backends.b.api_key: Cannot stand beside type demo",
    ],
  },
  {
    name: "MCP servers whose keys do not fit their transport",
    file: `${GOOD}
mcps:
  a: {}
  b: {command: x, url: "http://a"}
  c: {transport: stdio, url: "http://a"}
  d: {transport: sse, url: "http://a", env: {TOKEN: ${CANARY}}}
`,
    lines: [
      "mcps.a: Has neither command nor url",
      "mcps.b: Has both command and url",
      "mcps.c.command: Missing",
      "mcps.c.url: Cannot stand beside transport stdio",
      "mcps.d.env: Cannot stand beside an HTTP transport",
    ],
  },
  {
    name: "headers of MCP servers from nowhere, from everywhere, and with credentials",
    file: `${GOOD}
mcps:
  a: {url: "http://a", headers: {x-a: {optional: true}, x-b: {from_auth: name, from_extra: user}}}
  b: {url: "http://b", headers: {x-a: {from_header: Authorization}, x-b: {from_auth: key}}}
  c: {command: x, sessions: shared}
`,
    lines: [
      "mcps.b.headers.x-b.from_auth: Cannot use this value",
      "mcps.a.headers.x-a: Has none or several sources",
      "mcps.a.headers.x-b: Has none or several sources",
      "mcps.b.headers.x-a.from_header: Cannot pass on credentials",
      "mcps.c.sessions: Cannot stand beside transport stdio",
    ],
  },
  {
    name: "approval with words for nobody, or half of them",
    file: `
backends: {main: {type: demo}}
models:
  alpha: {backend: main, approval: {tools: [a], label: Do it}}
  beta: {backend: main, approval: {ask: client, label: Do it}}
  gamma: {backend: main, approval: {ask: client, text: Shall I?}}
`,
    lines: [
      "models.alpha.approval.label: Cannot stand beside ask: nobody",
      "models.beta.approval.text: Missing",
      "models.gamma.approval.label: Missing",
    ],
  },
  {
    name: "an entrypoint's unknown MCP servers",
    file: `
backends: {main: {type: demo}}
mcps: {docs: {url: "http://a"}}
entrypoints:
  /a: {mcps: [dcos], models: {m: {backend: main}}}
  /b: {mcps: files, models: {m: {backend: main}}}
`,
    lines: [
      'entrypoints["/a"].mcps[0]: Unknown MCP server "dcos" (did you mean "docs"?)',
      'entrypoints["/b"].mcps: Unknown MCP server "files"',
    ],
  },
  {
    name: "keys with empty, missing, double and equal values",
    file: `${GOOD}
api_keys:
  - {name: a, key: ""}
  - {name: b}
  - {name: c, key: ${CANARY}-1, key_sha256: ${HASH}}
  - {name: d, key: ${CANARY}-2}
  - {name: e, key: ${CANARY}-2}
  - {name: f, key: "${CANARY} 3"}
  - {name: g, key_sha256: ${CANARY}}
`,
    lines: [
      "api_keys[0].key: Empty",
      "api_keys[5].key: Cannot use this value",
      "api_keys[6].key_sha256: Cannot use this value",
      "api_keys[1].key: Missing",
      "api_keys[2].key_sha256: Cannot stand beside key",
      "api_keys[4].key: The same key as an earlier one",
    ],
  },
  {
    name: "a key and its own hash",
    file: `${GOOD}api_keys: [{name: a, key: test}, {name: b, key_sha256: ${HASH}}]\n`,
    lines: ["api_keys[1].key_sha256: The same key as an earlier one"],
  },
  {
    name: "keys for unknown models",
    file: `${GOOD}
api_keys:
  - {name: a, key: ${CANARY}-1, model_id: alpa}
  - {name: b, key: ${CANARY}-2, models: [alpha, zeta]}
  - {name: c, key: ${CANARY}-3, model_id: alpha, models: [alpha]}
  - {name: d, key: ${CANARY}-4, models: []}
  - {name: e, key: ${CANARY}-5, expires_at: tomorrow}
`,
    lines: [
      "api_keys[3].models: Cannot use an empty list",
      "api_keys[4].expires_at: Cannot use this value",
      'api_keys[0].model_id: Unknown model "alpa" (did you mean "alpha"?)',
      'api_keys[1].models[1]: Unknown model "zeta"',
      "api_keys[2].models: Cannot stand beside model_id",
    ],
  },
  {
    name: "entrypoints beside what they exclude",
    file: `${GOOD}
prefix: /v1
api_keys: [{name: a, key: ${CANARY}}]
entrypoints: {/a: {models: {m: {backend: main}}}}
`,
    lines: [
      "models: Cannot stand beside entrypoints",
      "prefix: Cannot stand beside entrypoints",
      "api_keys: Cannot stand beside entrypoints",
    ],
  },
  {
    name: "entrypoints with bad and equal paths and without models",
    file: `
backends: {main: {type: demo}}
entrypoints:
  alpha: {models: {m: {backend: main}}}
  /b/v1: {models: {m: {backend: main}}}
  /b/v1/: {models: {m: {backend: other}}}
  /c: {}
  /d: {models: {}}
`,
    lines: [
      "entrypoints.alpha: Cannot use this name",
      'entrypoints["/c"].models: Missing',
      'entrypoints["/b/v1/"]: Duplicate path',
      'entrypoints["/b/v1/"].models.m.backend: Unknown backend "other"',
      'entrypoints["/d"].models: Empty',
    ],
  },
  {
    name: "no entrypoint at all",
    file: "entrypoints: {}\n",
    lines: ["entrypoints: Empty"],
  },
  {
    name: "a prefix flag beside entrypoints",
    file: "backends: {a: {type: demo}}\nentrypoints: {/a: {models: {m: {backend: a}}}}\n",
    flags: ["--prefix", "/v2"],
    lines: ["prefix: Cannot be set beside entrypoints"],
  },
  {
    name: "an open door",
    file: `${GOOD}host: 0.0.0.0\n`,
    lines: ['api_keys: Missing while other machines can reach host "0.0.0.0"'],
  },
  {
    name: "one open door among several",
    file: `
host: "::"
backends: {main: {type: demo}}
entrypoints:
  /a: {api_keys: [{name: a, key: ${CANARY}}], models: {m: {backend: main}}}
  /b: {models: {m: {backend: main}}}
`,
    lines: ['entrypoints["/b"].api_keys: Missing while other machines can reach host "::"'],
  },
  {
    name: "a store with another store's keys",
    file: `${GOOD}store: {type: memory, path: a.db, url: "redis://:${CANARY}@host"}\n`,
    lines: [
      "store.path: Cannot stand beside this type",
      "store.url: Cannot stand beside this type",
    ],
  },
  {
    name: "reasoning without its texts",
    file: `
backends: {main: {type: demo}}
models:
  alpha: {backend: main, responses_reasoning: {mode: premade}}
  beta: {backend: main, responses_reasoning: {mode: agent, chunks: [a]}}
`,
    lines: [
      "models.alpha.responses_reasoning.chunks: Missing",
      "models.beta.responses_reasoning.chunks: Cannot stand beside this mode",
    ],
  },
];
