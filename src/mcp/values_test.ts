import { assert, assertEquals, assertThrows } from "@std/assert";
import { RunError, SetupError } from "../run/error.ts";
import {
  ContextValue,
  dependsOnRequest,
  EnvSecret,
  fixedValues,
  type McpValues,
  resolveValues,
} from "./values.ts";

const VARIABLE = "FAKELLM_TEST_MCP_SECRET";

function withVariable(value: string | undefined, work: () => void): void {
  if (value === undefined) Deno.env.delete(VARIABLE);
  else Deno.env.set(VARIABLE, value);
  try {
    work();
  } finally {
    Deno.env.delete(VARIABLE);
  }
}

Deno.test("EnvSecret reads its variable each time anew, and names it when it is not set", () => {
  const secret = new EnvSecret(VARIABLE);
  withVariable("first", () => assertEquals(secret.read(), "first"));
  withVariable("second", () => assertEquals(secret.read(), "second"));
  for (const missing of [undefined, ""]) {
    withVariable(missing, () => {
      assertThrows(() => secret.read(), SetupError, `Set ${VARIABLE}`);
    });
  }
});

Deno.test("EnvSecret shows its value nowhere but to whoever reads it", () => {
  withVariable("hush-hush", () => {
    const secret = new EnvSecret(VARIABLE);
    secret.read();
    assert(!`${JSON.stringify(secret)}${Deno.inspect(secret)}${secret}`.includes("hush-hush"));
  });
});

Deno.test("ContextValue takes text, numbers and booleans out of the deps' own fields", () => {
  assertEquals(new ContextValue("user").of({ user: "ada" }), "ada");
  assertEquals(new ContextValue("user").of({ user: "" }), "");
  assertEquals(new ContextValue("user").of({ user: 7 }), "7");
  assertEquals(new ContextValue("user").of({ user: false }), "false");
});

Deno.test("ContextValue takes nothing that deps inherit", () => {
  const inherited = Object.create({ user: "everybody" });
  for (const deps of [inherited, {}, null, undefined, "user", 5, []]) {
    assertThrows(() => new ContextValue("user").of(deps), RunError, '"user" must hold text');
  }
  for (const field of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    assertThrows(() => new ContextValue(field).of({}), RunError, `"${field}" must hold text`);
    assertEquals(new ContextValue(field).of(JSON.parse(`{"${field}":"own"}`)), "own");
  }
});

Deno.test("ContextValue refuses what is no text, and does not tell what it is", () => {
  for (const value of [{ token: "hush" }, ["hush"], Symbol("hush"), () => "hush", 5n, null]) {
    const error = assertThrows(() => new ContextValue("user").of({ user: value }), RunError);
    assertEquals(error.code, "internal");
    assert(!error.message.includes("hush"), error.message);
  }
});

Deno.test("ContextValue hands the field to its map, which may leave the value out", () => {
  const value = new ContextValue<{ id: string } | undefined>(
    "user",
    (user) => user && `Bearer ${user.id}`,
  );
  assertEquals(value.of({ user: { id: "ada" } }), "Bearer ada");
  assertEquals(value.of({}), undefined);
  assertEquals(resolveValues({ a: value, b: "fixed" }, {}), { b: "fixed" });
});

Deno.test("ContextValue: a map that throws or makes no text fails the run as its author's fault", () => {
  const throwing = new ContextValue<{ id: string }>("user", (user) => user.id);
  const error = assertThrows(() => throwing.of({}), RunError, 'deps field "user"');
  assertEquals(error.code, "internal");
  const wrong = new ContextValue<number>("user", (user) => user as never);
  assertThrows(() => wrong.of({ user: 5 }), RunError, 'deps field "user"');
});

Deno.test("an illegal character is told to whoever can mend it, and its text to nobody", () => {
  const header = { use: "header" } as const;
  for (const text of ["hush\r\nX-Admin: 1", "hush\nhush", "hush\0", "hush 日本", "hush 😀"]) {
    const user: McpValues = { "X-User": new ContextValue("user") };
    const error = assertThrows(() => resolveValues(user, { user: text }, header), RunError);
    assertEquals(error.code, "internal");
    assert(error.message.startsWith('Deps field "user" holds characters'), error.message);
    assert(!error.message.includes("hush"), error.message);
    if (text.includes("\0")) continue;
    withVariable(text, () => {
      const secret: McpValues = { Authorization: new EnvSecret(VARIABLE) };
      const told = assertThrows(() => resolveValues(secret, {}, header), SetupError, VARIABLE);
      assert(!told.message.includes("hush"), told.message);
      assertEquals(resolveValues(secret, {}), { Authorization: text });
    });
  }
  assertThrows(() => resolveValues({ A: "b\0c" }, {}), SetupError);
});

Deno.test("a header may end with the end of a line, as secrets out of files do", () => {
  for (const text of ["secret\n", "secret\r\n", " secret\t"]) {
    assertEquals(resolveValues({ A: text }, {}, { use: "header" }), { A: text });
  }
});

Deno.test("resolveValues() takes names that every object has as names like others", () => {
  const values = JSON.parse('{"__proto__":"a","constructor":"b"}') as McpValues;
  assertEquals(Object.entries(resolveValues(values, {})), [["__proto__", "a"], [
    "constructor",
    "b",
  ]]);
  assertEquals(Object.keys(fixedValues(values)), ["__proto__", "constructor"]);
});

Deno.test("fixed values are those that no request changes", () => {
  const values: McpValues = {
    text: "a",
    secret: new EnvSecret(VARIABLE),
    user: new ContextValue("user"),
  };
  assert(dependsOnRequest(values));
  assertEquals(Object.keys(fixedValues(values)), ["text", "secret"]);
  assert(!dependsOnRequest(fixedValues(values)));
  withVariable("b", () => {
    assertEquals(resolveValues(fixedValues(values), undefined), { text: "a", secret: "b" });
    assertEquals(resolveValues(values, { user: "c" }), { text: "a", secret: "b", user: "c" });
  });
});
