import { assertEquals, assertThrows } from "@std/assert";
import { RequestError } from "../../run/error.ts";
import type { StoredItem } from "../stateful.ts";
import {
  encodeDeletion,
  encodeItemList,
  readStartingAfter,
  responseNotFound,
} from "./retrieval.ts";

const ITEMS: readonly StoredItem[] = Array.from({ length: 25 }, (_, index) => ({
  id: `msg_${index}`,
  json: `{"id":"msg_${index}"}`,
}));

function page(query: Readonly<Record<string, string>>, items = ITEMS): unknown {
  const list = JSON.parse(encodeItemList(items, new URLSearchParams(query)));
  assertEquals(list.object, "list");
  assertEquals([list.first_id, list.last_id], [
    list.data.at(0)?.id ?? null,
    list.data.at(-1)?.id ?? null,
  ]);
  return [list.data.map((item: { id: string }) => item.id), list.has_more];
}

Deno.test("encodeItemList() gives the newest twenty unless told otherwise", () => {
  const newest = ITEMS.map((item) => item.id).reverse();
  assertEquals(page({}), [newest.slice(0, 20), true]);
  assertEquals(page({ after: "msg_5" }), [newest.slice(20), false]);
});

Deno.test("encodeItemList() pages from the oldest", () => {
  assertEquals(page({ order: "asc", limit: "2" }), [["msg_0", "msg_1"], true]);
  assertEquals(page({ order: "asc", limit: "2", after: "msg_22" }), [["msg_23", "msg_24"], false]);
  assertEquals(page({}, []), [[], false]);
});

Deno.test("encodeItemList() refuses what is no limit, order or item", () => {
  const bad: Readonly<Record<string, string>>[] = [
    { limit: "0" },
    { limit: "101" },
    { limit: "x" },
    { order: "up" },
    { after: "x" },
  ];
  for (const query of bad) {
    const error = assertThrows(() => page(query), RequestError);
    assertEquals([error.code, error.param], ["invalid-value", Object.keys(query)[0]!]);
  }
});

Deno.test("readStartingAfter() reads the number of an event", () => {
  assertEquals(readStartingAfter(new URLSearchParams("starting_after=12")), 12);
  assertEquals(readStartingAfter(new URLSearchParams()), -1);
  for (const value of ["-1", "x", "1.5", ""]) {
    const query = new URLSearchParams({ starting_after: value });
    assertThrows(() => readStartingAfter(query), RequestError);
  }
});

Deno.test("encodeDeletion() and responseNotFound() name the response", () => {
  assertEquals(JSON.parse(encodeDeletion("resp_1")), {
    id: "resp_1",
    object: "response",
    deleted: true,
  });
  assertEquals(responseNotFound("resp_1").message, 'Response with id "resp_1" not found');
});
