import { assertEquals, assertThrows } from "@std/assert";
import { RequestError } from "../run/error.ts";
import { checkMetadata, extraParameters, readBody } from "./top_level.ts";

for (const body of [null, [], "x", 1, true]) {
  Deno.test(`readBody() rejects ${JSON.stringify(body)} as malformed`, () => {
    const error = assertThrows(() => readBody(body), RequestError);
    assertEquals([error.code, error.param], ["malformed-request", null]);
  });
}

Deno.test("extraParameters() keeps what is not interpreted and not null", () => {
  const body = { model: "a", user: "u", store: null, "client_metadata": { a: 1 } };
  assertEquals(extraParameters(body, new Set(["model"])), {
    user: "u",
    "client_metadata": { a: 1 },
  });
  assertEquals(extraParameters({ model: "a" }, new Set(["model"])), {});
});

Deno.test("extraParameters() keeps a field named __proto__ a field", () => {
  const body = JSON.parse('{"__proto__":{"admin":true},"user":"u"}');
  const extra = extraParameters(body, new Set());
  assertEquals(Object.getPrototypeOf(extra), Object.prototype);
  assertEquals(extra.admin, undefined);
  assertEquals(Object.keys(extra), ["__proto__", "user"]);
});

function pairs(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "v"]));
}

Deno.test("checkMetadata() takes what OpenAI takes", () => {
  for (const value of [undefined, null, {}, pairs(16), { ["k".repeat(64)]: "v".repeat(512) }]) {
    checkMetadata(value);
  }
});

for (
  const [what, value, code] of [
    ["an array", [], "invalid-type"],
    ["a number as value", { a: 1 }, "invalid-type"],
    ["null as value", { a: null }, "invalid-type"],
    ["17 pairs", pairs(17), "invalid-value"],
    ["a key of 65 characters", { ["k".repeat(65)]: "v" }, "invalid-value"],
    ["a value of 513 characters", { k: "v".repeat(513) }, "invalid-value"],
  ] as const
) {
  Deno.test(`checkMetadata() rejects ${what} with param metadata`, () => {
    const error = assertThrows(() => checkMetadata(value), RequestError);
    assertEquals([error.code, error.param], [code, "metadata"]);
  });
}
