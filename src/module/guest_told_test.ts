import { assertEquals } from "@std/assert";
import { failureOf, shown, told } from "./guest/failure.ts";

const hostile = {
  toString() {
    throw new Error("not me");
  },
};

Deno.test("shown() shows anything that is thrown", () => {
  assertEquals(shown("x"), "x");
  for (const value of [hostile, Object.create(null), { toString: () => ({}) }]) {
    assertEquals(shown(value), "it cannot be shown");
  }
});

Deno.test("failureOf() tells of any error, whatever its fields are and do", () => {
  const strange = Object.assign(new Error("m"), { name: hostile, message: hostile });
  assertEquals(told(strange), "it cannot be shown");
  assertEquals(failureOf(strange), {
    family: "other",
    name: "it cannot be shown",
    message: "it cannot be shown",
  });
  const throwing = Object.defineProperty(new Error("m"), "message", {
    get: () => {
      throw new Error("not me");
    },
  });
  assertEquals(failureOf(throwing).family, "other");
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assertEquals(failureOf(proxy).family, "other");
});

Deno.test("failureOf() tells nothing that cannot be written down", () => {
  const fields = { code: 1n, param: 1n, status: 1n, retryAfterMs: 1n, retryable: 1n };
  for (const name of ["RequestError", "HttpError", "RunError", "Error"]) {
    JSON.stringify(failureOf(Object.assign(new Error("m"), fields, { name })));
  }
});
