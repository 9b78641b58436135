/**
 * Files with unknown keys, wrong types and values out of range.
 * @module
 */
import { type BrokenCase, CANARY, GOOD } from "./broken_case.ts";

/** Broken in what single keys hold. */
export const VALUE_CASES: readonly BrokenCase[] = [
  {
    name: "unknown keys, near and far",
    file: `${GOOD}prot: 80\nfoo: 1\n`,
    lines: ['prot: Unknown key (did you mean "port"?)', "foo: Unknown key"],
  },
  {
    name: "unknown keys at every depth",
    file: `
backends:
  main: {type: demo, base_ulr: http://a}
mcps:
  docs: {command: x, tools: {alow: [a]}}
models:
  alpha: {backend: main, setings: {}, limits: {budget: {token: 1}}}
api_keys:
  - {name: a, key: ${CANARY}, modelid: alpha}
`,
    lines: [
      'api_keys[0].modelid: Unknown key (did you mean "model_id"?)',
      'backends.main.base_ulr: Unknown key (did you mean "base_url"?)',
      'mcps.docs.tools.alow: Unknown key (did you mean "allow"?)',
      'models.alpha.limits.budget.token: Unknown key (did you mean "tokens"?)',
      'models.alpha.setings: Unknown key (did you mean "settings"?)',
    ],
  },
  {
    name: "a reserved key",
    file: `${GOOD}__proto__: {port: 1}\n`,
    lines: ["__proto__: Reserved key"],
  },
  {
    name: "a port beyond 65535",
    file: `${GOOD}port: 70000\n`,
    lines: ["port: Cannot use 70000"],
  },
  { name: "a negative port", file: `${GOOD}port: -1\n`, lines: ["port: Cannot use -1"] },
  { name: "a broken port", file: `${GOOD}port: 80.5\n`, lines: ["port: Cannot use 80.5"] },
  { name: "a port in words", file: `${GOOD}port: http\n`, lines: ['port: Cannot use "http"'] },
  { name: "a port in quotes", file: `${GOOD}port: "80"\n`, lines: ['port: Cannot use "80"'] },
  {
    name: "a port flag that is none",
    file: GOOD,
    flags: ["--port", "99999"],
    lines: ['--port: Cannot use "99999"'],
  },
  {
    name: "a port variable that is none",
    file: GOOD,
    env: { FAKELLM_PORT: "none" },
    lines: ['FAKELLM_PORT: Cannot use "none"'],
  },
  {
    name: "a prefix without slash",
    file: `${GOOD}prefix: v1\n`,
    lines: ['prefix: Cannot use "v1"'],
  },
  {
    name: "a prefix with a query",
    file: `${GOOD}prefix: /v1?x=1\n`,
    lines: ['prefix: Cannot use "/v1?x=1"'],
  },
  {
    name: "a duration without unit",
    file: `${GOOD}shutdown_grace: 30\n`,
    lines: ["shutdown_grace: Cannot use 30"],
  },
  {
    name: "units that do not exist",
    file: `${GOOD}shutdown_grace: 30 seconds\nlimits: {max_body: 64Mb, keep_alive: 0s}\n`,
    lines: [
      'shutdown_grace: Cannot use "30 seconds"',
      'limits.max_body: Cannot use "64Mb"',
      'limits.keep_alive: Cannot use "0s"',
    ],
  },
  {
    name: "a duration no timer can wait",
    file: `${GOOD}shutdown_grace: 60d\n`,
    lines: ['shutdown_grace: Cannot use "60d"'],
  },
  {
    name: "YAML 1.1 booleans",
    file: `${GOOD}insecure: yes\nplayground: off\n`,
    lines: ['insecure: Cannot use "yes"', 'playground: Cannot use "off"'],
  },
  {
    name: "keys left empty",
    file: "host:\nbackends:\n  main:\nmodels:\n",
    lines: ["host: Empty", "backends.main: Empty", "models: Empty"],
  },
  {
    name: "bad URLs of backends",
    file: `
backends:
  a: {base_url: "not a url", model: m}
  b: {base_url: "ftp://host/v1", model: m}
  c: {base_url: "https://user:${CANARY}@host/v1", model: m}
  d: {base_url: "//host/v1", model: m}
models:
  alpha: {backend: a}
`,
    lines: [
      "backends.a.base_url: Cannot use this value",
      "backends.b.base_url: Cannot use this value",
      "backends.c.base_url: Cannot use this value",
      "backends.d.base_url: Cannot use this value",
    ],
  },
  {
    name: "headers that cannot be sent",
    file: `
backends:
  a: {base_url: "http://a", model: m, headers: {"x y": a, x-key: "${CANARY}\\n", x-number: 3}}
models:
  alpha: {backend: a}
`,
    lines: [
      'backends.a.headers["x y"]: Cannot use this name',
      "backends.a.headers.x-key: Cannot use this value",
      "backends.a.headers.x-number: Cannot use this value",
    ],
  },
  {
    name: "a backend's key with a line break",
    file: `
backends: {a: {base_url: "http://a", model: m, api_key: "${CANARY}\\n"}}
models: {alpha: {backend: a}}
`,
    lines: ["backends.a.api_key: Cannot use this value"],
  },
  {
    name: "settings out of range",
    file: `
backends: {main: {type: demo}}
models:
  alpha:
    backend: main
    settings:
      temperature: 3
      top_p: -0.1
      max_tokens: 0
      stop: [a, b, c, d, e]
      seed: 1.5
      presence_penalty: "1"
      reasoning_effort: hard
      extra_body: [${CANARY}]
`,
    lines: [
      "models.alpha.settings.max_tokens: Cannot use 0",
      "models.alpha.settings.temperature: Cannot use 3",
      "models.alpha.settings.top_p: Cannot use -0.1",
      "models.alpha.settings.stop: Cannot use a list",
      "models.alpha.settings.seed: Cannot use 1.5",
      'models.alpha.settings.presence_penalty: Cannot use "1"',
      'models.alpha.settings.reasoning_effort: Cannot use "hard"',
      "models.alpha.settings.extra_body: Cannot use a list",
    ],
  },
  {
    name: "words that are not among the accepted",
    file: `
backends: {main: {type: gemini}}
models:
  alpha:
    backend: main
    lifecycle: eager
    dependency_policy: retry
    client_tools: maybe
    on_disconnect: grace(30)
    background_tasks: always
    responses_reasoning: loud
store: postgres
log: xml
`,
    lines: [
      'backends.main.type: Cannot use "gemini"',
      'models.alpha.lifecycle: Cannot use "eager"',
      'models.alpha.dependency_policy: Cannot use "retry"',
      'models.alpha.responses_reasoning: Cannot use "loud"',
      'models.alpha.client_tools: Cannot use "maybe"',
      'models.alpha.background_tasks: Cannot use "always"',
      'models.alpha.on_disconnect: Cannot use "grace(30)"',
      'store: Cannot use "postgres"',
      'log: Cannot use "xml"',
      "backends.main.base_url: Missing",
      "backends.main.model: Missing",
    ],
  },
  {
    name: "lists and mappings in each other's place",
    file: `
backends: [main]
models: {alpha: demo}
api_keys: {alice: ${CANARY}}
cors_origins: https://a
`,
    lines: [
      "api_keys: Cannot use a mapping",
      'backends[0]: Cannot use "main"',
      'models.alpha: Cannot use "demo"',
      'cors_origins: Cannot use "https://a"',
    ],
  },
  {
    name: "origins that are none",
    file: `${GOOD}cors_origins: [chat.example.com, "https://a/path"]\n`,
    lines: [
      'cors_origins[0]: Cannot use "chat.example.com"',
      'cors_origins[1]: Cannot use "https://a/path"',
    ],
  },
  {
    name: "permissions that are none",
    file: `
models:
  alpha:
    module: ./agent.ts
    integrity: md5-x
    permissions: {net: api.example.com, env: false, network: []}
`,
    lines: [
      'models.alpha.permissions.net: Cannot use "api.example.com"',
      "models.alpha.permissions.env: Cannot use this value",
      "models.alpha.permissions.network: Unknown key",
      'models.alpha.integrity: Cannot use "md5-x"',
    ],
  },
];
