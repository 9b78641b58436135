import { assert, assertEquals, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import { interpolate, MAX_VALUES } from "./interpolate.ts";
import type { Tree } from "./tree.ts";

const ENV: Readonly<Record<string, string>> = {
  HOST: "example.com",
  EMPTY: "",
  TRICKY: "${HOST} $$ {a: [b]}",
  API_KEY: "the-key",
};

function expand(text: string) {
  const { tree, problems, origins } = interpolate({ at: text }, (name) => ENV[name]);
  return { text: (tree as { at: Tree }).at, problems, origin: origins.get("at") };
}

Deno.test("interpolate() expands variables, defaults and dollar signs", () => {
  const cases: Readonly<Record<string, string>> = {
    "plain": "plain",
    "${HOST}": "example.com",
    "https://${HOST}/v1": "https://example.com/v1",
    "${HOST}${HOST}": "example.comexample.com",
    "${MISSING:-fallback}": "fallback",
    "${EMPTY:-fallback}": "fallback",
    "${EMPTY}": "",
    "${MISSING:-}": "",
    "${HOST:-fallback}": "example.com",
    "${MISSING:-${HOST}}": "example.com",
    "${MISSING:-a ${EMPTY:-b} c}": "a b c",
    "${MISSING:-$$}": "$",
    "$$": "$",
    "$${HOST}": "${HOST}",
    "$HOST costs $5": "$HOST costs $5",
    "a$": "a$",
  };
  for (const [text, expected] of Object.entries(cases)) {
    const { text: expanded, problems } = expand(text);
    assertEquals(problems, [], text);
    assertEquals(expanded, expected, text);
  }
});

Deno.test("interpolate() does not expand what a variable holds", () => {
  assertEquals(expand("${TRICKY}").text, "${HOST} $$ {a: [b]}");
});

Deno.test("interpolate() names a missing variable with its path", () => {
  const { problems } = interpolate(
    { models: [{ id: "${NOT_THERE}" }] },
    () => undefined,
  );
  assertEquals(problems, [{
    path: "models[0].id",
    message: 'Variable "NOT_THERE" is not set; accepted: a variable that is set, ' +
      'or a default as "${NOT_THERE:-default}"',
  }]);
});

Deno.test("interpolate() does not ask for variables of a default that is not used", () => {
  assertEquals(expand("${HOST:-${MISSING}}").problems, []);
  assertEquals(expand("${EMPTY:-${MISSING}}").problems.length, 1);
});

Deno.test("interpolate() refuses malformed variables", () => {
  for (const text of ["${", "${}", "${1A}", "${A", "${A:-b", "${A-b}", "${A:?b}", "${ A }"]) {
    const { problems, text: expanded } = expand(text);
    assert(problems.some(({ message }) => message.startsWith("Malformed variable")), text);
    assertEquals(expanded, null);
  }
});

Deno.test("interpolate() tells which texts were one whole variable", () => {
  assertEquals(expand("${HOST}").origin, { variables: ["HOST"], whole: true });
  assertEquals(expand("${MISSING:-${HOST}}").origin, {
    variables: ["MISSING", "HOST"],
    whole: true,
  });
  assertEquals(expand("${HOST}x").origin?.whole, false);
  assertEquals(expand("${HOST}${HOST}").origin?.whole, false);
  assertEquals(expand("plain").origin, undefined);
});

Deno.test("interpolate() collects values of variables that sound secret", () => {
  const { secrets } = interpolate(["${API_KEY}", "${HOST}"], (name) => ENV[name]);
  assertEquals([...secrets], ["the-key"]);
});

Deno.test("interpolate() leaves keys, numbers and booleans alone", () => {
  const tree = { "${HOST}": [1, true, null] };
  assertEquals(interpolate(tree, () => undefined).tree, tree);
});

Deno.test("interpolate() bounds values and depth", () => {
  const row = Array.from({ length: 1000 }, () => 1);
  const many: Tree = Array.from({ length: MAX_VALUES / 1000 + 1 }, () => row);
  assertThrows(() => interpolate(many, () => undefined), SetupError, "Too many values");
  let deep: Tree = 1;
  for (let level = 0; level < 40; level++) deep = { a: deep };
  assertThrows(() => interpolate(deep, () => undefined), SetupError, "a.a.a: Nested too deep");
});
