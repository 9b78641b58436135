import { assertEquals } from "@std/assert";
import { encodeModel, encodeModelList } from "./encode.ts";

const ALPHA = { id: "alpha", createdAtS: 1_700_000_000 };
const WIRE_ALPHA = '{"id":"alpha","object":"model","created":1700000000,"owned_by":"fakellm"}';

Deno.test("encodeModelList() lists models as OpenAI does", () => {
  assertEquals(encodeModelList([ALPHA]), `{"object":"list","data":[${WIRE_ALPHA}]}`);
  assertEquals(encodeModelList([]), '{"object":"list","data":[]}');
});

Deno.test("encodeModel() is the list's item", () => {
  assertEquals(encodeModel(ALPHA), WIRE_ALPHA);
});

Deno.test("encodeModel() adds what is known under the names clients look for", () => {
  const model = {
    ...ALPHA,
    name: "Alpha",
    description: "Knows all",
    contextLength: 8192,
    maxOutputTokens: 1024,
  };
  assertEquals(JSON.parse(encodeModel(model)), {
    ...JSON.parse(WIRE_ALPHA),
    name: "Alpha",
    description: "Knows all",
    "context_length": 8192,
    "max_output_tokens": 1024,
  });
});
