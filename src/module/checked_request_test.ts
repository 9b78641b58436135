import { assert, assertEquals, assertMatch } from "@std/assert";
import { serviceRequest } from "./checked_request.ts";

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = { value };
  return value;
}

const REQUEST = {
  messages: [
    { role: "system", content: "s" },
    { role: "user", content: [{ type: "text", text: "u" }] },
    {
      role: "assistant",
      content: "",
      toolCalls: [{ id: "1", name: "t", kind: "function", arguments: "{}" }],
    },
    { role: "tool", toolCallId: "1", content: [] },
  ],
  tools: [{ name: "t", kind: "function", parameters: { type: "object" } }],
  toolChoice: { type: "allowed", mode: "auto", names: ["t"] },
  output: { type: "json-schema", name: "o", schema: { type: "object" } },
  settings: { temperature: 0.5 },
  stream: true,
};

Deno.test("serviceRequest reads a model call whole, and nothing that is the operator's", () => {
  const request = { service: "model", backend: "b", request: REQUEST };
  assertEquals(serviceRequest.parse(structuredClone(request)), request as never);
  const more = structuredClone(request) as Record<string, unknown> & typeof request;
  Object.assign(more.request.settings, { extraBody: { model: "x" }, apiKey: "k" });
  Object.assign(more.request, { model: "x", headers: { a: "b" } });
  Object.assign(more, { url: "http://a.example" });
  assertEquals(serviceRequest.parse(more), request as never);
});

Deno.test("serviceRequest refuses what is asked in no form it knows", () => {
  for (
    const value of [
      {},
      { service: "env" },
      { service: "__proto__" },
      { service: "model", backend: 1, request: REQUEST },
      { service: "model", backend: "b", request: { ...REQUEST, messages: [{ role: "root" }] } },
      { service: "model", backend: "b", request: { ...REQUEST, stream: "yes" } },
      { service: "model", backend: "b", request: { ...REQUEST, settings: { maxTokens: -1 } } },
      {
        service: "model",
        backend: "b",
        request: { ...REQUEST, tools: [{ name: "t", kind: "function", parameters: deep(200) }] },
      },
      { service: "tool-call", mcp: "m", tool: "t", arguments: [] },
      { service: "tool-call", mcp: "m", tool: "t", arguments: deep(200) },
      { service: "tool-call", mcp: "m", tool: "t" },
      { service: "turn-find", id: "" },
      { service: "turn-find", id: "x".repeat(257) },
      { service: "turn-park", turn: { messages: [], callIds: { "": "a" } } },
    ]
  ) {
    assertEquals(serviceRequest.safeParse(value).success, false, JSON.stringify(value));
  }
});

Deno.test("serviceRequest takes names of every object's own parts as names", () => {
  const args = JSON.parse('{"__proto__":{"a":1},"constructor":2}');
  const read = serviceRequest.parse({ service: "tool-call", mcp: "m", tool: "t", arguments: args });
  assert(read.service === "tool-call");
  assertEquals(({} as Record<string, unknown>).a, undefined);
  assertEquals((read.arguments as Record<string, unknown>).a, undefined);
  assertEquals(read.arguments.constructor, 2 as never);
});

/** What is wrong with a request. */
function issuesOf(value: unknown): readonly string[] {
  const { error } = serviceRequest.safeParse(value);
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

const many = (count: number, part: unknown) => Array(count).fill(part);
const entries = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
const model = (request: object) => ({
  service: "model",
  backend: "b",
  request: { ...REQUEST, ...request },
});
const assistant = (message: object) =>
  model({ messages: [{ role: "assistant", content: "", toolCalls: [], ...message }] });
const park = (turn: object) => ({
  service: "turn-park",
  turn: { messages: [], callIds: {}, ...turn },
});

Deno.test("serviceRequest ends at the first wrong part of a list, however long that is", () => {
  for (
    const value of [
      model({ messages: many(10_000, 0) }),
      model({ messages: [{ role: "user", content: many(10_000, {}) }] }),
      model({ tools: many(1000, 0) }),
      model({ toolChoice: { type: "allowed", mode: "auto", names: many(1000, 0) } }),
      model({ settings: { stop: many(100, 0) } }),
      model({ settings: { logitBias: entries(10_000, "x") } }),
      assistant({ toolCalls: many(1000, 0) }),
      assistant({ approvalIds: many(1000, 0) }),
      park({ messages: many(10_000, 0) }),
      park({ callIds: entries(256, 0) }),
      park({ callIds: { ["x".repeat(257)]: 0, ["y".repeat(257)]: 0 } }),
      park({ approvals: entries(256, 0) }),
      { service: "turn-settle", id: "a", messages: many(10_000, 0) },
      { service: "turn-begin", id: "a", refused: many(10_000, 0) },
    ]
  ) {
    assertEquals(issuesOf(value).length, 1, JSON.stringify(value).slice(0, 200));
  }
});

Deno.test("serviceRequest looks at the length of a list before it looks at its parts", () => {
  const message = { role: "system", content: "s" };
  for (
    const value of [
      model({ messages: many(10_001, message) }),
      model({ messages: [{ role: "user", content: many(10_001, { type: "text", text: "" }) }] }),
      model({ tools: many(1001, { name: "t", kind: "function" }) }),
      model({ toolChoice: { type: "allowed", mode: "auto", names: many(1001, "t") } }),
      model({ settings: { stop: many(101, "a") } }),
      model({ settings: { logitBias: entries(10_001, 1) } }),
      assistant({ toolCalls: many(1001, { id: "1", name: "t", kind: "function", arguments: "" }) }),
      assistant({ approvalIds: many(1001, "a") }),
      park({ messages: many(10_001, message) }),
      park({ callIds: entries(257, "a") }),
      park({ approvals: entries(257, { callId: "a", tool: "t", model: "m" }) }),
    ]
  ) {
    const [issue, ...more] = issuesOf(value);
    assertEquals(more, []);
    assertMatch(`${issue}`, /Must have .* has \d+$/);
  }
  assertEquals(issuesOf(park({ messages: many(10_000, message), callIds: entries(256, "a") })), []);
});

Deno.test("serviceRequest tells where a list is wrong", () => {
  const messages = [{ role: "user", content: [{ type: "text", text: "a" }, { type: "text" }] }];
  assertMatch(`${issuesOf(model({ messages }))}`, /^request\.messages\.0\.content\.1\.text: /);
  assertMatch(`${issuesOf(park({ callIds: { a: 1 } }))}`, /^turn\.callIds\.a: /);
  assertMatch(`${issuesOf(model({ messages: {} }))}`, /^request\.messages: Must be a list$/);
  assertMatch(`${issuesOf(park({ callIds: [] }))}`, /^turn\.callIds: Must be an object$/);
});
