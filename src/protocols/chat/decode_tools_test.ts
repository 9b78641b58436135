import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { RequestError } from "../../run/error.ts";
import type { ToolChoice } from "../../run/request.ts";
import { decodeChat } from "./decode.ts";

const MESSAGES = [{ role: "user", content: "hi" }];
const F = { type: "function", function: { name: "f" } };
const G = { type: "custom", custom: { name: "g" } };

function decode(fields: Record<string, unknown>): ReturnType<typeof decodeChat> {
  return decodeChat({ model: "alpha", messages: MESSAGES, ...fields });
}

Deno.test("decodeTools() reads function tools whole", () => {
  const parameters = { type: "object", properties: { a: { type: "string" } } };
  const tool = {
    type: "function",
    function: { name: "f", description: "d", parameters, strict: true },
  };
  assertEquals(
    decode({ tools: [tool, { type: "function", function: { name: "g" } }] }).request.tools,
    [
      { name: "f", kind: "function", description: "d", parameters, strict: true },
      { name: "g", kind: "function" },
    ],
  );
});

Deno.test("decodeTools() takes null as absent in a function", () => {
  const tool = {
    type: "function",
    function: { name: "f", description: null, parameters: null, strict: null },
  };
  assertEquals(decode({ tools: [tool] }).request.tools, [{ name: "f", kind: "function" }]);
});

Deno.test("decodeTools() reads custom tools and tells models of their grammar", () => {
  const grammar = { syntax: "lark", definition: "start: /a+/" };
  const tools = decode({
    tools: [
      { type: "custom", custom: { name: "a", description: "d", format: { type: "text" } } },
      {
        type: "custom",
        custom: { name: "b", description: "d", format: { type: "grammar", grammar } },
      },
      G,
    ],
  }).request.tools;
  assertEquals(tools[0], { name: "a", kind: "custom", description: "d" });
  assertStringIncludes(tools[1]?.description ?? "", "d\n\nThe input must follow this lark grammar");
  assertStringIncludes(tools[1]?.description ?? "", "start: /a+/");
  assertEquals(tools[2], { name: "g", kind: "custom" });
});

Deno.test("decodeTools() reads parallel_tool_calls", () => {
  assertEquals(
    decode({ tools: [F], "parallel_tool_calls": false }).request.parallelToolCalls,
    false,
  );
  assertEquals(decode({ tools: [F] }).request.parallelToolCalls, true);
});

const allowed = (mode: unknown, tools: unknown) => ({
  type: "allowed_tools",
  "allowed_tools": { mode, tools },
});

const CHOICES: readonly [unknown, ToolChoice][] = [
  ["none", { type: "none" }],
  ["auto", { type: "auto" }],
  ["required", { type: "required" }],
  [F, { type: "tool", name: "f" }],
  [G, { type: "tool", name: "g" }],
  [allowed("auto", [F]), { type: "allowed", mode: "auto", names: ["f"] }],
  [allowed("required", [G, F]), { type: "allowed", mode: "required", names: ["g", "f"] }],
];

for (const [choice, decoded] of CHOICES) {
  Deno.test(`decodeTools() reads tool_choice ${JSON.stringify(choice)}`, () => {
    assertEquals(decode({ tools: [F, G], "tool_choice": choice }).request.toolChoice, decoded);
  });
}

Deno.test("decodeTools() lets auto and none come without tools", () => {
  for (const choice of ["auto", "none"]) {
    assertEquals(decode({ "tool_choice": choice, tools: [] }).request.tools, []);
  }
});

Deno.test("decodeTools() reads legacy functions, one call at a time", () => {
  const functions = [{ name: "f", parameters: { type: "object" } }];
  const { request, form } = decode({ functions, "parallel_tool_calls": true });
  assertEquals(request.tools, [{ name: "f", kind: "function", parameters: { type: "object" } }]);
  assertEquals(request.parallelToolCalls, false);
  assertEquals(form.legacyFunctions, true);
});

for (
  const [choice, decoded] of [
    [undefined, { type: "auto" }],
    ["auto", { type: "auto" }],
    ["none", { type: "none" }],
    [{ name: "f" }, { type: "tool", name: "f" }],
  ] as const
) {
  Deno.test(`decodeTools() reads function_call ${JSON.stringify(choice)}`, () => {
    const { request } = decode({ functions: [{ name: "f" }], "function_call": choice });
    assertEquals(request.toolChoice, decoded);
  });
}

const deep = (() => {
  let schema: unknown = {};
  for (let level = 0; level < 10_000; level++) schema = { not: schema };
  return schema;
})();
const withName = (name: unknown) => ({ type: "function", function: { name } });

const REFUSED: readonly [string, Record<string, unknown>, string, string][] = [
  ["tools that are no array", { tools: {} }, "invalid-type", "tools"],
  ["a tool that is no object", { tools: ["f"] }, "invalid-type", "tools[0]"],
  ["a tool without type", { tools: [{ function: {} }] }, "missing-parameter", "tools[0].type"],
  ["a built-in tool", { tools: [F, { type: "web_search" }] }, "invalid-value", "tools[1].type"],
  [
    "a tool without function",
    { tools: [{ type: "function" }] },
    "missing-parameter",
    "tools[0].function",
  ],
  [
    "a tool without name",
    { tools: [withName(undefined)] },
    "missing-parameter",
    "tools[0].function.name",
  ],
  ["a name with a dot", { tools: [withName("a.b")] }, "invalid-value", "tools[0].function.name"],
  [
    "a name of 65 characters",
    { tools: [withName("x".repeat(65))] },
    "invalid-value",
    "tools[0].function.name",
  ],
  ["a name twice", { tools: [F, F] }, "invalid-value", "tools[1].function.name"],
  [
    "a custom tool named like a function",
    { tools: [F, { type: "custom", custom: { name: "f" } }] },
    "invalid-value",
    "tools[1].custom.name",
  ],
  [
    "parameters that are no object",
    { tools: [{ type: "function", function: { name: "f", parameters: [] } }] },
    "invalid-type",
    "tools[0].function.parameters",
  ],
  [
    "deep parameters",
    { tools: [{ type: "function", function: { name: "f", parameters: deep } }] },
    "invalid-value",
    "tools[0].function.parameters",
  ],
  [
    "an unknown grammar",
    {
      tools: [{
        type: "custom",
        custom: { name: "g", format: { type: "grammar", grammar: { syntax: "peg" } } },
      }],
    },
    "invalid-value",
    "tools[0].custom.format.grammar.syntax",
  ],
  [
    "a string as parallel_tool_calls",
    { "parallel_tool_calls": "no" },
    "invalid-type",
    "parallel_tool_calls",
  ],
  ["required without tools", { "tool_choice": "required" }, "invalid-value", "tool_choice"],
  [
    "required with no tools",
    { tools: [], "tool_choice": "required" },
    "invalid-value",
    "tool_choice",
  ],
  ["an unknown word", { tools: [F], "tool_choice": "any" }, "invalid-value", "tool_choice"],
  ["a number as choice", { tools: [F], "tool_choice": 1 }, "invalid-type", "tool_choice"],
  ["an array as choice", { tools: [F], "tool_choice": [F] }, "invalid-type", "tool_choice"],
  ["an unknown name", { tools: [F], "tool_choice": withName("g") }, "invalid-value", "tool_choice"],
  [
    "a choice of the wrong kind",
    { tools: [G], "tool_choice": withName("g") },
    "invalid-value",
    "tool_choice",
  ],
  [
    "a choice without name",
    { tools: [F], "tool_choice": { type: "function", function: {} } },
    "missing-parameter",
    "tool_choice.function.name",
  ],
  [
    "a choice of a built-in tool",
    { tools: [F], "tool_choice": { type: "web_search" } },
    "invalid-value",
    "tool_choice.type",
  ],
  [
    "no allowed tools",
    { tools: [F], "tool_choice": allowed("auto", []) },
    "empty-array",
    "tool_choice.allowed_tools.tools",
  ],
  [
    "an unknown allowed tool",
    { tools: [F], "tool_choice": allowed("auto", [F, G]) },
    "invalid-value",
    "tool_choice",
  ],
  [
    "an unknown mode",
    { tools: [F], "tool_choice": allowed("none", [F]) },
    "invalid-value",
    "tool_choice.allowed_tools.mode",
  ],
  ["functions and tools", { tools: [F], functions: [] }, "invalid-value", "functions"],
  [
    "functions and tool_choice",
    { functions: [{ name: "f" }], "tool_choice": "auto" },
    "invalid-value",
    "functions",
  ],
  ["a bad legacy name", { functions: [{ name: "a b" }] }, "invalid-value", "functions[0].name"],
  [
    "function_call without functions",
    { tools: [F], "function_call": "auto" },
    "invalid-value",
    "function_call",
  ],
  [
    "an unknown legacy word",
    { functions: [{ name: "f" }], "function_call": "required" },
    "invalid-value",
    "function_call",
  ],
  [
    "an unknown legacy name",
    { functions: [{ name: "f" }], "function_call": { name: "g" } },
    "invalid-value",
    "function_call",
  ],
  [
    "a number as legacy choice",
    { functions: [{ name: "f" }], "function_call": 1 },
    "invalid-type",
    "function_call",
  ],
];

for (const [what, fields, code, param] of REFUSED) {
  Deno.test(`decodeTools() rejects ${what} with ${code} at ${param}`, () => {
    const error = assertThrows(() => decode(fields), RequestError);
    assertEquals([error.code, error.param], [code, param]);
  });
}
