import { assert, assertEquals } from "@std/assert";
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
