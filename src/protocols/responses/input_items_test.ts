import { assertEquals } from "@std/assert";
import type { StoredHistory } from "../stateful.ts";
import { responses } from "./mod.ts";

const ENVELOPE = { id: "resp_ab", createdAtS: 1 };

function itemsOf(body: Readonly<Record<string, unknown>>, stored?: StoredHistory): unknown[] {
  const items = responses.decode({ model: "alpha", ...body }, stored).inputItems(ENVELOPE);
  return items.map(({ id, json }) => {
    const item = JSON.parse(json);
    assertEquals(item.id, id);
    return item;
  });
}

Deno.test("inputItems() writes strings as lists of parts and leaves instructions out", () => {
  const said = (role: string) => ({ role, content: "Hi" });
  assertEquals(itemsOf({ instructions: "Be brief", input: [said("user"), said("assistant")] }), [
    {
      type: "message",
      role: "user",
      id: "msg_abi0",
      status: "completed",
      content: [{ type: "input_text", text: "Hi" }],
    },
    {
      type: "message",
      role: "assistant",
      id: "msg_abi1",
      status: "completed",
      content: [{ type: "output_text", text: "Hi", annotations: [], logprobs: [] }],
    },
  ]);
});

Deno.test("inputItems() keeps an id that is usable and not in use", () => {
  const ids = ["msg_1", "msg_1", "", 7, "m".repeat(200), undefined];
  const input = ids.map((id) => ({ type: "message", role: "user", content: "Hi", id }));
  const found = itemsOf({ input }).map((item) => (item as { id: string }).id);
  assertEquals(found, ["msg_1", "msg_abi1", "msg_abi2", "msg_abi3", "msg_abi4", "msg_abi5"]);
});

Deno.test("inputItems() names items by their kind", () => {
  const input = [
    { type: "function_call", "call_id": "a", name: "f", arguments: "{}" },
    { type: "function_call_output", "call_id": "a", output: "1" },
    { type: "custom_tool_call", "call_id": "b", name: "g", input: "x" },
    { type: "custom_tool_call_output", "call_id": "b", output: "2" },
    { type: "reasoning", summary: [] },
    { type: "web_search_call", status: "failed" },
  ];
  const found = itemsOf({ input }).map((item) => (item as { id: string }).id);
  assertEquals(found, ["fc_abi0", "fco_abi1", "ctc_abi2", "ctco_abi3", "rs_abi4", "item_abi5"]);
});

Deno.test("inputItems() begins with what is continued, as it was kept, references resolved", () => {
  const first = { id: "msg_1", json: '{"id":"msg_1","type":"compaction"}' };
  const stored = { previous: [first], items: new Map([["cmp_2", { ...first, id: "cmp_2" }]]) };
  const items = responses.decode(
    { model: "alpha", "previous_response_id": "resp_1", input: [{ id: "cmp_2" }, { id: "rs_9" }] },
    stored,
  ).inputItems(ENVELOPE);
  assertEquals(items, [{ ...first, minted: false }, { ...first, id: "cmp_2", minted: false }]);
});

Deno.test("inputItems() names an item anew that is both continued and referred to", () => {
  const said = {
    id: "msg_1",
    json: '{"id":"msg_1","type":"message","role":"assistant","content":"Hi"}',
  };
  const stored = { previous: [said], items: new Map([["msg_1", said]]) };
  const body = { "previous_response_id": "resp_1", input: [{ id: "msg_1" }] };
  const ids = itemsOf(body, stored).map((item) => (item as { id: string }).id);
  assertEquals(ids, ["msg_1", "msg_abi1"]);
});
