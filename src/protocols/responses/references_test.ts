import { assertEquals, assertThrows } from "@std/assert";
import { RequestError } from "../../run/error.ts";
import { readReferences } from "./references.ts";

Deno.test("readReferences() finds the previous response and each item once", () => {
  const references = readReferences({
    previous_response_id: "resp_1",
    input: [
      { type: "item_reference", id: "msg_1" },
      { id: "rs_1" },
      { type: null, id: "msg_1" },
      { role: "user", id: "msg_2", content: "x" },
      { type: "message", id: "msg_3" },
      { type: "item_reference", id: 1 },
      { type: "item_reference" },
      null,
      "msg_4",
    ],
  });
  assertEquals(references, { previousResponseId: "resp_1", itemIds: ["msg_1", "rs_1"] });
});

Deno.test("readReferences() finds nothing in a body that is none", () => {
  const bodies = [null, undefined, 1, "x", [], {}, { input: "x" }, { previous_response_id: 1 }];
  for (const body of bodies) assertEquals(readReferences(body), { itemIds: [] });
});

Deno.test("readReferences() refuses more look-ups than any conversation needs", () => {
  const input = Array.from({ length: 10_001 }, (_, index) => ({ id: `msg_${index}` }));
  assertEquals(assertThrows(() => readReferences({ input }), RequestError).param, "input");
  assertEquals(readReferences({ input: input.slice(1) }).itemIds.length, 10_000);
});
