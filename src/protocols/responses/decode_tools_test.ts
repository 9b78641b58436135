import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { RequestError, type RequestErrorCode } from "../../run/error.ts";
import type { RunRequest } from "../../run/request.ts";
import { TOOL_NAME } from "../client_tools.ts";
import { responses } from "./mod.ts";

function decode(fields: Readonly<Record<string, unknown>>): RunRequest {
  return responses.decode({ model: "alpha", input: "Hi", ...fields }).request;
}

const WEATHER = { type: "function", name: "weather" };
const SQL = { type: "custom", name: "run_sql" };
const FILES = {
  type: "namespace",
  name: "mcp__files",
  description: "Files of the user.",
  tools: [
    { type: "function", name: "read", description: "Reads.", parameters: { type: "object" } },
    { type: "custom", name: "grep" },
  ],
};

Deno.test("decode() reads functions, strict or not", () => {
  const parameters = { type: "object", properties: {} };
  const { tools } = decode({
    tools: [
      { ...WEATHER, description: "Tells.", parameters, strict: true },
      { ...WEATHER, name: "now", description: null, parameters: null, strict: null },
    ],
  });
  assertEquals(tools, [
    { name: "weather", kind: "function", description: "Tells.", parameters, strict: true },
    { name: "now", kind: "function" },
  ]);
});

Deno.test("decode() tells the model of a custom tool's grammar", () => {
  const format = { type: "grammar", syntax: "lark", definition: "start: WORD" };
  const [tool] = decode({ tools: [{ ...SQL, description: "Runs.", format }] }).tools;
  assertEquals(tool, {
    name: "run_sql",
    kind: "custom",
    description: "Runs.\n\nThe input must follow this lark grammar:\nstart: WORD",
  });
});

Deno.test("decode() flattens namespaces", () => {
  assertEquals(decode({ tools: [FILES, WEATHER] }).tools, [
    { name: "weather", kind: "function" },
    {
      name: "mcp__files__read",
      kind: "function",
      description: "Reads.",
      parameters: { type: "object" },
    },
    { name: "mcp__files__grep", kind: "custom", description: "Files of the user." },
  ]);
});

Deno.test("decode() gives tools of namespaces names that are legal and not in use", () => {
  const long = "n".repeat(60);
  const member = { type: "function", name: "read_everything" };
  const names = decode({
    tools: [
      { ...WEATHER, name: "mcp__files__read" },
      FILES,
      { type: "namespace", name: long, tools: [member] },
      { type: "namespace", name: `${long}.`, tools: [member] },
      { type: "namespace", name: "Füße / Schuhe", tools: [member] },
    ],
  }).tools.map((tool) => tool.name);
  assertEquals(new Set(names).size, names.length);
  for (const name of names) assertMatch(name, TOOL_NAME);
});

Deno.test("decode() leaves out what OpenAI runs itself, extra keys included", () => {
  const types = [
    "web_search",
    "web_search_preview_2025_03_11",
    "file_search",
    "mcp",
    "local_shell",
    "tool_search",
    "apply_patch",
  ];
  const listed = types.map((type) => ({ type, "external_web_access": true, "server_url": {} }));
  assertEquals(decode({ tools: [...listed, WEATHER] }).tools.map((tool) => tool.name), ["weather"]);
});

const CHOICES: readonly [unknown, unknown][] = [
  [undefined, { type: "auto" }],
  ["none", { type: "none" }],
  ["required", { type: "required" }],
  [WEATHER, { type: "tool", name: "weather" }],
  [SQL, { type: "tool", name: "run_sql" }],
  [{ type: "function", name: "read" }, { type: "tool", name: "mcp__files__read" }],
  [
    { type: "function", name: "read", namespace: "mcp__files" },
    { type: "tool", name: "mcp__files__read" },
  ],
  [
    { type: "allowed_tools", mode: "required", tools: [WEATHER, WEATHER, { type: "mcp" }] },
    { type: "allowed", mode: "required", names: ["weather"] },
  ],
  [
    { type: "allowed_tools", mode: "auto", tools: [{ type: "namespace", name: "mcp__files" }] },
    { type: "allowed", mode: "auto", names: ["mcp__files__read", "mcp__files__grep"] },
  ],
  [{ type: "allowed_tools", mode: "auto", tools: [{ type: "web_search" }] }, { type: "none" }],
];

for (const [choice, expected] of CHOICES) {
  Deno.test(`decode() reads tool_choice ${JSON.stringify(choice)}`, () => {
    const request = decode({ tools: [WEATHER, SQL, FILES], "tool_choice": choice });
    assertEquals(request.toolChoice, expected as RunRequest["toolChoice"]);
  });
}

const REFUSED: readonly [Readonly<Record<string, unknown>>, RequestErrorCode, string][] = [
  [{ tools: {} }, "invalid-type", "tools"],
  [{ tools: [{}] }, "missing-parameter", "tools[0].type"],
  [{ tools: [{ type: "functon", name: "x" }] }, "invalid-value", "tools[0].type"],
  [{ tools: [{ type: "function" }] }, "missing-parameter", "tools[0].name"],
  [{ tools: [{ ...WEATHER, name: "a b" }] }, "invalid-value", "tools[0].name"],
  [{ tools: [{ ...WEATHER, parameters: [] }] }, "invalid-type", "tools[0].parameters"],
  [{ tools: [WEATHER, WEATHER] }, "invalid-value", "tools[1].name"],
  [
    { tools: [{ ...FILES, tools: [WEATHER, WEATHER] }] },
    "invalid-value",
    "tools[0].tools[1].name",
  ],
  [{ tools: [{ ...FILES, tools: [FILES] }] }, "invalid-value", "tools[0].tools[0].type"],
  [{ "tool_choice": "required" }, "invalid-value", "tool_choice"],
  [{ tools: [{ type: "web_search" }], "tool_choice": "required" }, "invalid-value", "tool_choice"],
  [{ "tool_choice": "sometimes" }, "invalid-value", "tool_choice"],
  [{ "tool_choice": 1 }, "invalid-type", "tool_choice"],
  [{ "tool_choice": WEATHER }, "invalid-value", "tool_choice"],
  [
    { tools: [WEATHER], "tool_choice": { ...WEATHER, type: "custom" } },
    "invalid-value",
    "tool_choice",
  ],
  [{ "tool_choice": { type: "web_search_preview" } }, "unsupported-value", "tool_choice"],
  [{ "tool_choice": { type: "mcp", "server_label": "x" } }, "unsupported-value", "tool_choice"],
  [{ "tool_choice": { type: "magic" } }, "invalid-value", "tool_choice.type"],
  [
    { "tool_choice": { type: "allowed_tools", mode: "required", tools: [{ type: "mcp" }] } },
    "unsupported-value",
    "tool_choice",
  ],
];

for (const [fields, code, param] of REFUSED) {
  Deno.test(`decode() refuses ${JSON.stringify(fields)} with ${code} at ${param}`, () => {
    const error = assertThrows(() => decode(fields), RequestError);
    assertEquals([error.code, error.param], [code, param]);
  });
}

Deno.test("decode() finds names for thousands of tools that would have the same", () => {
  const taken = Array.from(
    { length: 5_000 },
    (_, index) => ({ ...WEATHER, name: `a__b_${index}` }),
  );
  const namespaces = Array.from({ length: 5_000 }, (_, index) => ({
    type: "namespace",
    name: "a",
    tools: [{ type: "function", name: `b_${index}` }],
  }));
  const { tools } = decode({ tools: [...taken, ...namespaces] });
  assertEquals(new Set(tools.map((tool) => tool.name)).size, 10_000);
});

Deno.test("decode() echoes functions only", () => {
  const exchange = responses.decode({
    model: "alpha",
    input: "Hi",
    tools: [SQL, FILES, { type: "web_search" }, { ...WEATHER, "defer_loading": true }],
  });
  const { json } = exchange.streamEncoder({ id: "resp_1", createdAtS: 1 }).response();
  assertEquals(JSON.parse(json).tools, [
    { type: "function", name: "weather", description: null, parameters: null, strict: null },
  ]);
  assert(!json.includes("mcp__files"));
});
