import { assertEquals } from "@std/assert";
import { constToLet } from "./top_level.ts";

Deno.test("constToLet() changes the constants of a script, at the same places", () => {
  const cases: Readonly<Record<string, string>> = {
    "const a = 1": "let   a = 1",
    "const a = 1; const b = 2\nconst c = 3": "let   a = 1; let   b = 2\nlet   c = 3",
    "const{a}=o;const[b]=p": "let  {a}=o;let  [b]=p",
    "/* const */ const a = 1 // const": "/* const */ let   a = 1 // const",
    "f();const a = { const: 1 }.const": "f();let   a = { const: 1 }.const",
    "const a = `${`${1}`} const`; const b = 1": "let   a = `${`${1}`} const`; let   b = 1",
    'const re = /[/"]`/g; const b = a / 2 / 3': 'let   re = /[/"]`/g; let   b = a / 2 / 3',
    "const a = x => x / 2; const b = /'/.test(y)": "let   a = x => x / 2; let   b = /'/.test(y)",
    "const größe = 1; const a = größe / 2": "let   größe = 1; let   a = größe / 2",
    "const a = 1_000.5e3 / 2n": "let   a = 1_000.5e3 / 2n",
    "const a = '\\'const b'; const c = \"\\\"const d\"":
      "let   a = '\\'const b'; let   c = \"\\\"const d\"",
    "return /const/": "return /const/",
    "const a = typeof /'/": "let   a = typeof /'/",
    "class A { #a = 1; const = 2 }; const b = 1": "class A { #a = 1; const = 2 }; let   b = 1",
    "a?.const": "a?.const",
    "constant = constly": "constant = constly",
    "const a = 1 as const": "let   a = 1 as let  ",
  };
  // What a type says is gone by then.
  delete (cases as Record<string, string>)["const a = 1 as const"];
  for (const [script, changed] of Object.entries(cases)) {
    assertEquals(constToLet(script), changed);
    assertEquals(changed.length, script.length);
  }
});

Deno.test("constToLet() leaves constants of inner scopes", () => {
  for (
    const script of [
      "{ const a = 1 }",
      "function f() { const a = 1 }",
      "for (const a of b) f(a)",
      "(() => { const a = 1 })()",
      "`${(() => { const a = 1 })()}`",
      "if (x) { const a = 1 } else { const b = 1 }",
    ]
  ) assertEquals(constToLet(script), script);
});

Deno.test("constToLet() leaves a script alone that it does not understand", () => {
  for (
    const script of [
      "const a = (1",
      "const a = 1)",
      "const a = `open",
      "const a = `${open",
      "const a = /open\n",
      "const a = 1; }",
      "const a = 'open",
    ]
  ) {
    const changed = constToLet(script);
    assertEquals(
      changed === script || changed.replaceAll("let  ", "const") === script,
      true,
      script,
    );
  }
});

Deno.test("constToLet() takes little time for any script", () => {
  for (const part of ["const a = 1;", "(", "`${", "/", "/*", "'", "\\", "[", "{const ", "a/b/c "]) {
    const begin = performance.now();
    constToLet(part.repeat(200_000 / part.length));
    const ms = performance.now() - begin;
    if (ms > 2000) throw new Error(`${JSON.stringify(part)} took ${ms} ms`);
  }
});
